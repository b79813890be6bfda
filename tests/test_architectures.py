"""The survey's architectures: costs, padding, a step, and their configs.

Each small model is trained for a step on one data set. On the others its
config differs in the data, which other configs train on, and in the number of
classes, which is compared.
"""
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from survey import FULL, SMALL, is_of_survey
from tiny import shrink

from mmseg_ext.basics.class_counts import class_counts
from mmseg_ext.engine import load_config, train
from mmseg_ext.engine.dataset_options import check_class_weights
from mmseg_ext.engine.model_cost import (
    PixelLogits,
    count_flops,
    deployed_parameters,
)

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(path for path in ROOT.glob('*/*.py')
                 if is_of_survey(path.stem))
CLASSES = {'sem': 3, 'super1': 3, 'metaldam': 5, 'neu-seg': 4, 'mvtec': 2,
           'ksdd2': 2, 'cityscapes': 19}
DPT = ['dpt_vit-ti16_mvtec', 'dpt-hybrid_efficientnet-lite0_mvtec']


def needs_timm(name: str) -> None:
    if 'lite0' in name:
        pytest.importorskip('timm', reason='needs the extra encoders')


@cache
def built(name: str) -> torch.nn.Module:
    init_default_scope('mmseg')
    path = ROOT / ('mvtec_ad' if name in DPT else '_base_/models')
    cfg = load_config(str(path / f'{name}.py'), from_scratch=True)
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(cfg.model)).eval()


@pytest.mark.parametrize('name', SMALL)
def test_costs(name):
    needs_timm(name)
    deployed, training, flops, side = SMALL[name]
    model = built(name)
    assert round(deployed_parameters(model) / 1e6, 3) == deployed
    count = sum(p.numel() for p in model.parameters())
    assert round(count / 1e6, 3) == training
    image = torch.zeros(1, 3, 256, 256)
    with torch.no_grad():
        logits = model.decode_head(model.extract_feat(image))
    assert logits.shape == (1, 3, side, side)
    # the table's have neither normalisation nor the last enlargement
    found, left_out = count_flops(PixelLogits(model), image)
    assert found / 1e9 == pytest.approx(flops, rel=0.03)
    assert not left_out


@pytest.mark.parametrize('name', [*SMALL, *DPT])
def test_is_not_squeezed(name):
    """What the model pads, at odd sizes too, equals padding by hand."""
    needs_timm(name)
    if name in DPT:
        pytest.importorskip('mmpretrain')
    model = built(name)
    divisor = model.data_preprocessor.test_cfg['size_divisor']
    assert divisor == (16 if 'vit' in name else 32)
    sizes = ((320, 116), (75, 53))
    if name == 'dpt_vit-ti16_mvtec':
        sizes = ((116, 116), (75, 75))  # others it refuses, and says so
    for height, width in sizes:
        image = torch.randint(0, 256, (3, height, width), dtype=torch.uint8,
                              generator=torch.manual_seed(0))
        sample = SegDataSample(metainfo=dict(
            ori_shape=(height, width), img_shape=(height, width)))
        with torch.no_grad():
            found, = model.test_step(dict(inputs=[image],
                                          data_samples=[sample]))
            assert found.pred_sem_seg.data.shape == (1, height, width)
            prepare = model.data_preprocessor
            x = (image.flip(0) - prepare.mean) / prepare.std
            x = torch.nn.functional.pad(
                x, (0, -width % divisor, 0, -height % divisor))[None]
            logits = model.decode_head(model.extract_feat(x))
        logits = torch.nn.functional.interpolate(
            logits, x.shape[2:], mode='bilinear')
        torch.testing.assert_close(
            found.seg_logits.data, logits[0, :, :height, :width])


@pytest.mark.parametrize('name', SMALL)
def test_trains_one_step(name, tmp_path, ksdd2_like):
    needs_timm(name)
    cfg = shrink(load_config(
        str(ROOT / f'ksdd2/{name}_ksdd2.py'), work_dir=str(tmp_path),
        data_root=str(ksdd2_like), from_scratch=True))
    cfg.experiment_name = name
    cfg.default_hooks.checkpoint.update(
        interval=-1, save_best=None, save_last=False)
    runner = train(cfg)
    scalars = {key: history.current() for key, history
               in runner.message_hub.log_scalars.items()}
    assert np.isfinite(scalars['train/loss'])
    assert 0 <= scalars['val/mIoU'] <= 100


@pytest.mark.parametrize('name', FULL)
def test_full_size_builds(name, monkeypatch):
    # numbers and shapes are all that is asked for: no random weights
    monkeypatch.setattr(torch.nn.init, 'kaiming_uniform_',
                        lambda tensor, *args, **kwargs: tensor)
    init_default_scope('mmseg')
    cfg = load_config(str(ROOT / f'_base_/models/{name}.py'),
                      from_scratch=True).model
    published = load_config(str(ROOT / f'_base_/models/{name}.py')).model
    assert name == 'bisenetv2' or 'Pretrained' in str(published) or (
        published.pretrained.startswith('open-mmlab://'))
    if name.startswith('setr'):  # 24 layers are 1.2 GB
        assert cfg.backbone.num_layers == 24
        cfg.backbone.update(num_layers=4, out_indices=(0, 1, 2, 3))
    model = MODELS.build(cfg)
    if FULL[name]:
        count = sum(p.numel() for p in model.parameters())
        assert (round(deployed_parameters(model) / 1e6, 3),
                round(count / 1e6, 3)) == FULL[name]
    if name.startswith('setr'):
        with torch.no_grad():
            logits = model.eval()(torch.zeros(1, 3, 32, 48))
        side = 16 if name == 'setr-pup_vit-l16' else 4
        assert logits.shape == (1, 19, 2 * side, 3 * side)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_fits_its_data(path):
    needs_timm(path.stem)
    assert len(path.read_text(encoding='utf-8').splitlines()) <= 12
    cfg = load_config(str(path))
    name, _, data = path.stem.rpartition('_')
    counts = dict(class_counts(cfg.model))
    assert {*counts.values()} == {CLASSES[data]}
    auxiliary = cfg.model.get('auxiliary_head') or []
    assert len(counts) == 1 + (
        len(auxiliary) if isinstance(auxiliary, list) else 1)
    classes = (cfg.train_dataloader.dataset.get('metainfo') or {}).get(
        'classes')
    assert classes is None or len(classes) == CLASSES[data]
    check_class_weights(cfg)
    losses = [cfg.model.decode_head, *(
        auxiliary if isinstance(auxiliary, list) else [auxiliary])]
    if data in ('mvtec', 'ksdd2') or (data == 'cityscapes' and name in SMALL):
        assert {head.loss_decode.type for head in losses} == {
            'CrossEntropyDiceLoss'}
    divisor = 16 if 'vit' in name else 32
    prepare = cfg.model.data_preprocessor
    assert prepare.size_divisor == prepare.test_cfg.size_divisor == divisor
    assert prepare.get('size') is None  # it would rule size_divisor out
    loader = cfg.train_dataloader
    assert loader.sampler.type in ('InfiniteSampler', 'DefectBalancedSampler')
    assert loader.batch_size >= (1 if 'vit' in name else 2)
    if name in SMALL and ('vit' in name or 'swin' in name):
        assert cfg.optim_wrapper.optimizer.lr <= 5e-4
        assert cfg.param_scheduler[0].type == 'LinearLR'
    if name in SMALL and 'lite0' not in name:
        assert 'Pretrained' not in str(cfg.model)
        assert not cfg.model.get('pretrained')


def test_every_small_one_is_on_every_data_set():
    found = {tuple(path.stem.rsplit('_', 1)) for path in CONFIGS}
    assert {(name, data) for name in SMALL for data in CLASSES} <= found
    # PSPNet at full size on Cityscapes is older, see survey.py
    assert {(name, data) for name in FULL for data in ('sem', 'cityscapes')
            } - {('pspnet_r50', 'cityscapes')} <= found


def test_bisenetv2_needs_equal_widths():
    cfg = load_config(str(ROOT / '_base_/models/bisenetv2_c16.py'))
    backbone = dict(cfg.model.backbone, init_cfg=None)
    assert (backbone['detail_channels'][-1] == backbone['bga_channels']
            == backbone['semantic_channels'][-1])
    init_default_scope('mmseg')
    net = MODELS.build(dict(backbone, semantic_channels=(4, 8, 16, 24)))
    with pytest.raises(RuntimeError, match='channels'):
        net.eval()(torch.zeros(1, 3, 64, 64))

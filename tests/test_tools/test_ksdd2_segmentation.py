"""The KolektorSDD2 segmentation configs with options, as a user types them."""
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.dataset import InfiniteSampler
from mmengine.registry import init_default_scope
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import DATASETS

from mmseg_ext.datasets import DefectBalancedSampler
from mmseg_ext.engine import config_from_options, load_config, train
from mmseg_ext.models.losses import CrossEntropyDiceLoss
from mmseg_ext.samples import write_ksdd2_sample

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
TINY = [
    'train_dataloader.batch_size=2', 'train_cfg.max_iters=1',
    'train_cfg.val_interval=1', 'default_hooks.checkpoint.interval=-1',
    'default_hooks.checkpoint.save_best=None',
    *(f'{name}.{key}' for name in LOADERS
      for key in ('num_workers=0', 'persistent_workers=False',
                  'dataset.val_ratio=0.3')),
]
PLAIN_LOSS = 'model.decode_head.loss_decode.type=CrossEntropyLoss'
NO_WEIGHTS = 'model.decode_head.loss_decode.class_weight=None'
PLAIN_SAMPLER = 'train_dataloader.sampler.type=InfiniteSampler'
PLAIN_CROP = 'train_dataloader.dataset.pipeline.3.defect_prob=0'


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Eight training and four test surfaces of about 58 x 160 pixels."""
    return write_ksdd2_sample(
        tmp_path_factory.mktemp('data') / 'ksdd2', 4, 4, 2, 2, (160, 58))


@pytest.fixture
def run(repository, tmp_path, monkeypatch):
    """Return a function that trains a step as tools/train.py would."""
    tool = runpy.run_path(str(repository / 'tools/train.py'))

    def run(*options):
        monkeypatch.setattr(sys, 'argv', [
            'train.py', str(repository / 'configs/ksdd2/unet_c16_ksdd2.py'),
            '--work-dir', str(tmp_path / 'work'), '--cfg-options', *TINY,
            f'experiment_name={tmp_path.name}', *map(str, options)])
        return train(config_from_options(tool['parse_args']()))
    return run


@pytest.mark.parametrize(('options', 'loss', 'weights', 'sampler', 'prob'), [
    ((), CrossEntropyDiceLoss, [1, 10], DefectBalancedSampler, 0.5),
    ((PLAIN_LOSS, ), CrossEntropyLoss, [1, 10], DefectBalancedSampler, 0.5),
    ((PLAIN_SAMPLER, ), CrossEntropyDiceLoss, [1, 10], InfiniteSampler, 0.5),
    ((PLAIN_CROP, ), CrossEntropyDiceLoss, [1, 10], DefectBalancedSampler, 0),
    ((PLAIN_LOSS, NO_WEIGHTS, PLAIN_SAMPLER, PLAIN_CROP), CrossEntropyLoss,
     None, InfiniteSampler, 0),
], ids=['none', 'loss', 'sampler', 'crop', 'all'])
def test_options_that_take_a_part_away(run, root, options, loss, weights,
                                       sampler, prob):
    runner = run(*options, '--data-root', root)
    criterion = runner.model.decode_head.loss_decode
    assert type(criterion) is loss
    assert criterion.class_weight == weights
    assert type(runner.train_dataloader.sampler) is sampler
    crop = runner.train_dataloader.dataset.pipeline.transforms[3]
    assert crop.defect_prob == prob
    scalars = {name: history.current() for name, history
               in runner.message_hub.log_scalars.items()}
    assert np.isfinite(scalars[f'train/decode.{criterion.loss_name}'])
    for name in ('mIoU', 'IoU.defect', 'Dice.defect', 'pixelAP', 'imageAP',
                 'imageAUROC'):
        assert 0 <= scalars[f'val/{name}'] <= 100


@pytest.mark.parametrize(('config', 'options'), [
    ('unet_ksdd2', [PLAIN_LOSS, PLAIN_SAMPLER, PLAIN_CROP]),
    ('unet_c16_ksdd2', [PLAIN_LOSS, NO_WEIGHTS]),
])
def test_the_configs_name_these_options(config_path, config, options):
    lines = Path(config_path(config)).read_text().splitlines()
    assert [line[4:] for line in lines if line.startswith('#   ')] == options


@pytest.mark.parametrize('config', ['unet_ksdd2', 'unet_c16_ksdd2'])
def test_no_training_pixel_is_ignored(config_path, config, root):
    """mmseg's weighted cross-entropy fails on ignored ones."""
    init_default_scope('mmseg')
    cfg = load_config(
        config_path(config), data_root=str(root))
    # aimed at a defect wherever there is one, so that no chance is in it
    cfg.train_dataloader.dataset.pipeline[3].defect_prob = 1.0
    divisor = cfg.model.data_preprocessor.size_divisor
    found = set()
    for sample in DATASETS.build(cfg.train_dataloader.dataset):
        truth = sample['data_samples'].gt_sem_seg.data
        assert not any(side % divisor for side in truth.shape[1:])
        found |= set(truth.unique().tolist())
    assert found == {0, 1}


def test_masks_that_were_made(run, root, tmp_path):
    """They and the labels are all that training and validation have."""
    data, made = tmp_path / 'data', tmp_path / 'made'
    shutil.copytree(root, data)
    made.mkdir()
    rows = ['image,label']
    for path in sorted(data.glob('train/*_GT*.png')):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        name = path.stem.removesuffix('_GT')
        if 'copy' not in name:
            rows.append(f'train/{name}.png,{int(mask.any())}')
            if mask.any():
                mask[:] = 0
                mask[:40, :40] = 255
                cv2.imwrite(str(made / path.name), mask)
        path.unlink()
    labels = tmp_path / 'labels.csv'
    labels.write_text('\n'.join(rows))
    runner = run('--data-root', data, '--dataset-options',
                 f'labels={labels}', f'mask_dir={made}')
    for loader, count in ((runner.train_dataloader, 6),
                          (runner.val_dataloader, 2)):
        infos = [loader.dataset.get_data_info(i)
                 for i in range(len(loader.dataset))]
        assert len(infos) == count
        for info in infos:
            own = info['seg_map_path']
            assert own is None if not info['defective'] else (
                Path(own).parent == made)
    assert 0 <= runner.message_hub.get_scalar('val/mIoU').current() <= 100
    runner.test()
    tested = runner.test_dataloader.dataset
    assert len(tested) == 4
    assert all(Path(tested.get_data_info(i)['seg_map_path']).parent
               == data / 'test' for i in range(4))

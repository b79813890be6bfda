"""Plans of folders, up to a training step by each."""
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS as NETWORKS
from tiny import shrink

from mmseg_ext.basics.class_counts import class_counts
from mmseg_ext.basics.colours import MASK_COLOURS, OKABE_ITO
from mmseg_ext.engine import load_config, train
from mmseg_ext.engine.pretrained import pretrained_weights
from mmseg_ext.engine.pretraining import pretrain_as_planned
from mmseg_ext.engine.pretraining.config import read_student
from mmseg_ext.engine.pretraining.weights_file import (
    config_lines,
    train_command,
    write_weights,
)
from mmseg_ext.planning import Wishes, describe_plan, make_plan
from mmseg_ext.planning.models import MODELS

pytest.importorskip('timm', reason='needs the extra encoders')

STEPS = Wishes(steps=20, model='unet')


@pytest.fixture
def flat(tmp_path, sem_root):
    """Six micrographs without parts, in folders of other names."""
    root = tmp_path / 'Gefüge 1'
    for folder, kind in (('Images', 'images'), ('Labels', 'masks')):
        (root / folder).mkdir(parents=True)
        for path in sorted((sem_root / kind).rglob('*.png')):
            array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if kind == 'masks' and array.ndim == 3:  # colours
                array = array[..., ::-1]
                ids = np.zeros(array.shape[:2], np.uint8)
                for i, colour in enumerate(MASK_COLOURS[:3]):
                    ids[(array == colour).all(-1)] = i
                array = ids
            cv2.imencode('.png', array)[1].tofile(root / folder / path.name)
    return root


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def take_a_step(plan, tmp_path, from_scratch=True):
    cfg = shrink(load_config(str(plan.config), work_dir=str(tmp_path / 'run'),
                             from_scratch=from_scratch))
    cfg.experiment_name = tmp_path.name
    # which no one reads
    cfg.default_hooks.checkpoint.update(
        interval=-1, save_best=None, save_last=False)
    return train(cfg)


def test_own_micrographs(flat, tmp_path):
    out = tmp_path / 'a plan'
    plan = make_plan(str(flat), out, STEPS, classes=('a', 'b', 'c'))
    assert plan.config == out / 'unet_Gefüge-1.py'
    assert sorted(files(out)) == ['plan.json', 'train.txt', 'unet_Gefüge-1.py',
                                  'val.txt']
    assert len(plan.config.read_text(encoding='utf-8').splitlines()) <= 60
    cfg = Config.fromfile(plan.config)
    assert cfg.model.decode_head.num_classes == 3
    assert cfg.model.backbone.init_cfg.checkpoint.startswith('package://')
    assert cfg.train_cfg.max_iters == 20
    # ids have no colours of their own
    assert cfg.sem.metainfo.palette == OKABE_ITO[:3]
    lists = [(out / f'{part}.txt').read_text(encoding='utf-8').split()
             for part in ('train', 'val')]
    assert sorted(lists[0] + lists[1]) == sorted(
        path.name for path in (flat / 'Images').iterdir())
    text = describe_plan(plan)
    assert 'new lists' in ' '.join(text.split())
    assert f"train '{plan.config}'" in text
    # another plan of this folder, elsewhere, trains elsewhere
    assert load_config(str(plan.config)).work_dir == str(
        plan.config.with_suffix(''))
    assert f"'{out}/unet_Gefüge-1'/best_mIoU" in text
    runner = take_a_step(plan, tmp_path)
    assert len(runner.train_dataloader.dataset) == len(lists[0])
    assert len(runner.val_dataloader.dataset) == len(lists[1])


def test_the_same_folder_gives_the_same_plan(flat, tmp_path):
    for _ in range(2):
        make_plan(str(flat), tmp_path / 'plan', STEPS, overwrite=True)
        first = files(tmp_path / 'plan')
    make_plan(str(flat), tmp_path / 'plan', STEPS, overwrite=True)
    assert files(tmp_path / 'plan') == first
    make_plan(str(flat), tmp_path / 'plan', Wishes(steps=20, seed=3),
              overwrite=True)
    assert files(tmp_path / 'plan') != first


def test_colours_that_the_masks_had(flat, tmp_path):
    (flat / 'conversion.json').write_text(json.dumps(dict(
        classes=['a', 'b', 'c'],
        mapping={'unpainted': 'a', '0,158,115': 'b', '3': 'c'})))
    plan = make_plan(str(flat), tmp_path / 'plan', STEPS)
    palette = Config.fromfile(plan.config).sem.metainfo.palette
    assert palette == [OKABE_ITO[0], OKABE_ITO[2], OKABE_ITO[1]]


def test_nothing_is_replaced_unasked(flat, tmp_path):
    out = tmp_path / 'plan'
    make_plan(str(flat), out, STEPS)
    before = files(out)
    with pytest.raises(FileExistsError, match='--overwrite'):
        make_plan(str(flat), out, STEPS)
    (out / 'notes.txt').write_text('mine')
    # a plan that fails leaves the old one
    with pytest.raises(ValueError, match='no class'):
        make_plan(str(flat), out, STEPS, classes=('a', 'b'), overwrite=True)
    assert files(out) == dict(before, **{'notes.txt': b'mine'})
    make_plan(str(flat), out, Wishes(steps=20, model='segformer'),
              overwrite=True)
    assert sorted(files(out)) == [
        'notes.txt', 'plan.json', 'segformer_Gefüge-1.py', 'train.txt',
        'val.txt']


@pytest.mark.parametrize('model', [*MODELS])
def test_every_model_trains(sem_root, tmp_path, model):
    # its maps have other channels than those of the configs' encoder
    encoder = 'efficientnet_lite2' if 'lite' in MODELS[model] else 'random'
    plan = make_plan(str(sem_root), tmp_path / 'plan',
                     Wishes(steps=20, model=model, encoder=encoder),
                     classes=('A', 'B', 'C'))
    assert not list((tmp_path / 'plan').glob('*.txt'))  # it has its parts
    assert len(plan.config.read_text().splitlines()) <= 60
    runner = take_a_step(plan, tmp_path, from_scratch=False)
    assert pretrained_weights(runner.cfg.model) == [
        f'package://{encoder}'] * (encoder != 'random')
    assert {count for _, count in class_counts(runner.cfg.model)} == {3}
    # batch normalisation of a map of 1 x 1 needs two
    assert Config.fromfile(plan.config).train_dataloader.batch_size >= 2
    divisor = runner.cfg.model.data_preprocessor.size_divisor
    assert runner.cfg.model.data_preprocessor.test_cfg.size_divisor == divisor
    transformer = model.startswith(('setr', 'segmenter'))
    rate = runner.cfg.optim_wrapper.optimizer.lr
    assert rate == (5e-4 if transformer else 1e-3)
    assert (runner.cfg.model.test_cfg.mode == 'slide') == transformer
    assert np.isfinite(runner.message_hub.get_scalar('train/loss').current())


@pytest.mark.parametrize('model', ['bisenetv1', 'fchardnet', 'segmenter'])
def test_defects_by_other_models(ksdd2_like, tmp_path, model):
    plan = make_plan(str(ksdd2_like), tmp_path / 'plan',
                     Wishes(steps=20, model=model))
    assert len(plan.config.read_text().splitlines()) <= 60
    runner = take_a_step(plan, tmp_path)
    assert {count for _, count in class_counts(runner.cfg.model)} == {2}
    cfg = Config.fromfile(plan.config)
    slides = cfg.model.test_cfg.mode == 'slide'
    assert slides == (model == 'segmenter')
    if slides:
        assert cfg.model.test_cfg.crop_size == tuple(
            cfg.train_pipeline[3].crop_size)
    # masks lie beside the images
    assert f'predict {ksdd2_like}/test/' in describe_plan(plan)
    assert '_GT' not in describe_plan(plan)
    weights = pretrained_weights(load_config(str(plan.config)).model)
    assert bool(weights) == (model == 'bisenetv1')
    if not weights:
        assert 'no package brings others' in describe_plan(plan)


@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_defects(mvtec_like, ksdd2_like, tmp_path, device):
    for root in (mvtec_like, ksdd2_like):
        plan = make_plan(str(root), tmp_path / root.name / 'plan',
                         Wishes(steps=20, device=device))
        assert len(plan.config.read_text().splitlines()) <= 60
        assert 'of a defect' in describe_plan(plan)
        facts = json.loads((plan.config.parent / 'plan.json').read_text())
        assert facts['facts']['defective']['train'] > 0
        if device == 'cpu':
            runner = take_a_step(plan, tmp_path / root.name)
            loss = runner.message_hub.get_scalar('train/loss').current()
            assert np.isfinite(loss)


@pytest.fixture
def with_test(sem_root, tmp_path):
    """A set with a test part, and in all parts an image without a mask."""
    root = tmp_path / 'sem'
    shutil.copytree(sem_root, root)
    for kind in ('images', 'masks'):
        shutil.copytree(root / kind / 'val', root / kind / 'test')
    for part in ('train', 'val', 'test'):
        first = min((root / 'images' / part).iterdir())
        shutil.copy(first, first.with_name(f'new_{part}.png'))
    return root


def test_mit_is_pretrained_first(with_test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = make_plan(str(with_test), 'plan',
                     Wishes(minutes=90, encoder='mit_b0'))
    section = plan.pretraining
    assert section == load_config(str(plan.config)).pretraining
    assert section['minutes'] == 30
    assert '60 minutes at' in describe_plan(plan)
    record = json.loads(Path('plan/plan.json').read_text())
    assert record['pretraining'] == section
    learned = Path(section['images']).read_text().splitlines()
    assert {Path(path).parent.name for path in learned} == {'train', 'val'}
    assert {Path(path).name for path in learned} >= {
        'new_train.png', 'new_val.png'}
    command = (f'pretrain plan/segformer_sem.py {tmp_path}/plan/'
               f'pretraining.txt --out {tmp_path}/plan/mit_b0.pth '
               '--teacher package://efficientnet_lite0 '
               '--minutes 30.0 --seed 0 --crop-bottom auto')
    assert command in describe_plan(plan)
    with pytest.raises(FileNotFoundError, match='not exist') as found:
        take_a_step(plan, tmp_path, from_scratch=False)
    assert command.split(' ', 2)[2] in str(found.value)

    cfg, backbone, _ = read_student(str(plan.config))  # without the weights
    init_default_scope('mmseg')
    write_weights(NETWORKS.build(backbone), Path(section['out']), {})
    assert config_lines(cfg, section['out']) == []  # it has them
    assert train_command(cfg, 'a.py', section['out']).endswith('train a.py')
    with pytest.raises(FileExistsError):
        pretrain_as_planned(str(plan.config), section)
    runner = take_a_step(plan, tmp_path, from_scratch=False)
    assert pretrained_weights(runner.cfg.model) == [section['out']]
    assert len(runner.train_dataloader.dataset) == 4  # those with a mask


def test_small_and_large_images(tmp_path):
    root = tmp_path / 'set'
    sizes = [(40, 50), (70, 300), (2100, 2000), (64, 64)]
    for folder in ('images', 'masks'):
        (root / folder).mkdir(parents=True)
    for i, size in enumerate(sizes):
        mask = np.zeros(size, np.uint8)
        mask[:, size[1] // 2:] = 1
        cv2.imwrite(str(root / f'images/{i}.png'), 90 + 40 * mask)
        cv2.imwrite(str(root / f'masks/{i}.png'), mask)
    plan = make_plan(str(root), tmp_path / 'plan', STEPS)
    cfg = Config.fromfile(plan.config)
    assert cfg.model.test_cfg.mode == 'slide'
    steps = [step.type for step in cfg.train_pipeline]
    assert steps.index('Pad') < steps.index('RandomCrop')
    assert '3 smaller ones are padded' in describe_plan(plan)


@pytest.mark.parametrize('options, words', [
    (dict(model='hrnet'), 'there are unet'),
    (dict(model='segmenter', encoder='efficientnet_lite0'),
     'no package brings'),
    (dict(encoder='resnet9000'), 'there are efficientnet_lite0')])
def test_what_there_is_not(tmp_path, options, words):
    with pytest.raises(ValueError, match=words):  # before the folder's name
        make_plan('none', tmp_path / 'plan', Wishes(steps=20, **options))
    assert not (tmp_path / 'plan').exists()

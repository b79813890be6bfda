"""A real training on two domains, and what it draws of the target."""
import cv2
import numpy as np
import pytest
import torch
from tiny import tiny_quickstart

from mmseg_ext.datasets.picture import load_picture
from mmseg_ext.engine import load_trained, train
from mmseg_ext.visualization import TargetHook

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def config(config_path, sem_root, tmp_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          tmp_path / 'run', sem_root, 4)
    cfg.train_cfg.val_interval = 2
    cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=-1)
    cfg.default_hooks.target = dict(type='TargetHook', images=2)
    cfg.custom_hooks = []
    for path in (sem_root / 'images/train').iterdir():  # without the band
        (tmp_path / 'target').mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / 'target' / path.name),
                    cv2.imread(str(path))[:96])
    loader = cfg.train_dataloader
    loader.sampler = dict(type='InfiniteSampler', shuffle=True)
    loader.batch_sampler = dict(type='DomainBatchSampler')
    loader.dataset = dict(type='SourceTargetDataset', source=loader.dataset,
                          target=str(tmp_path / 'target'))
    cfg.optim_wrapper.optimizer.lr = 0.01  # predictions change in two steps
    cfg.randomness = dict(seed=0)
    return cfg


def test_the_picture_is_of_the_weights_of_the_checkpoint(
        config, tmp_path, monkeypatch):
    modes, kept = [], {}
    draw = TargetHook.after_val_epoch

    def watch(hook, runner, metrics=None):
        draw(hook, runner, metrics)
        modes.append(runner.model.training)
        kept[runner.iter] = cv2.imread(str(tmp_path / 'run/target.png'))

    monkeypatch.setattr(TargetHook, 'after_val_epoch', watch)
    train(config.copy(), ema=True)
    assert [*kept] == [2, 4]
    assert modes == [False, False]  # as the validation has left it

    # the last and the first image, whatever lies between
    names = sorted((tmp_path / 'target').iterdir())
    dataset = config.val_dataloader.dataset
    model = load_trained(config, str(tmp_path / 'run/iter_4.pth'))
    palette = np.array(
        torch.load(tmp_path / 'run/iter_4.pth', weights_only=False)
        ['meta']['dataset_meta']['palette'])[:, ::-1]
    for name in (names[0], names[-1]):
        image, packed = load_picture(dataset, str(name))
        with torch.no_grad():
            labels = model.test_step(dict(
                inputs=[packed['inputs']],
                data_samples=[packed['data_samples']]))[0].pred_sem_seg
        overlay = 0.6 * image + 0.4 * palette[labels.data[0].numpy()]
        pair = np.hstack([image, np.rint(overlay).astype(np.uint8)])
        found = cv2.matchTemplate(kept[4], pair, cv2.TM_SQDIFF)
        assert np.sqrt(found.min() / pair.size) < 0.6, name


def test_a_training_of_one_domain_is_left_alone(config, tmp_path):
    loader = config.train_dataloader
    loader.dataset = loader.dataset.source
    del loader.batch_sampler
    config.train_cfg.update(max_iters=1, val_interval=1)
    train(config)
    assert not (tmp_path / 'run/target.png').exists()

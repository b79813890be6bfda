"""The loss of a validation, by itself and in several processes."""
import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from tiny import tiny_quickstart
from tiny_segmentor import tiny_config, write_weights
from torch.nn import functional as F

from mmseg_ext.engine import load_trained, train
from mmseg_ext.engine.validation_loss_hook import loss_head


def test_it_is_the_cross_entropy_at_the_files_size(
        config_path, sem_root, tmp_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'), tmp_path,
                          sem_root, steps=2)
    runner = train(cfg)
    found = runner.message_hub.get_scalar('val/val_loss').current()
    model = load_trained(runner.cfg, f'{tmp_path}/iter_2.pth')
    mean, std = (torch.tensor(cfg.model.data_preprocessor[key]).view(3, 1, 1)
                 for key in ('mean', 'std'))
    expected = []
    for path in sorted((sem_root / 'images/val').iterdir()):
        labels = cv2.imread(str(sem_root / 'masks/val' / path.name), -1)
        height, width = labels.shape
        rgb = cv2.imread(str(path))[:height, :, ::-1]
        inputs = (torch.tensor(rgb.copy()).permute(2, 0, 1) - mean) / std
        with torch.no_grad():
            logits = model(inputs[None], mode='tensor')
        logits = F.interpolate(logits, (height, width), mode='bilinear')
        expected.append(float(F.cross_entropy(
            logits, torch.tensor(labels.astype(np.int64))[None],
            ignore_index=255)))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


def test_heads_that_have_none():
    cfg = tiny_config()
    assert loss_head(MODELS.build(cfg.model)) is not None
    one = tiny_config(
        num_classes=2, out_channels=1, threshold=0.3,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    assert loss_head(MODELS.build(one.model)) is None
    two = tiny_config(type='DAHead', pam_channels=2, num_convs=None)
    two.model.decode_head.pop('num_convs')
    assert loss_head(MODELS.build(two.model)) is None
    assert loss_head(torch.nn.Conv2d(1, 1, 1)) is None


def test_images_without_a_label_have_no_part(tmp_path):
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    from mmseg_ext.engine import ValidationLossHook

    cfg = tiny_config()
    model = load_trained(cfg, write_weights(cfg, tmp_path / 'w.pth'))
    samples, logits = [], torch.randn(2, 3, 4, 4)
    labels = torch.full((2, 1, 4, 4), 255)
    labels[1, 0, :2] = 1
    for i in range(2):
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=labels[i])
        sample.seg_logits = PixelData(data=logits[i])
        samples.append(sample)

    class Loaded:
        dataset = samples

    class Runner:
        val_dataloader = Loaded

    Runner.model = model
    hook, metrics = ValidationLossHook(), {}
    hook.before_val_epoch(Runner)
    hook.after_val_iter(Runner, 0, outputs=samples)
    hook.after_val_epoch(Runner, metrics)
    # stock's mean divides by all pixels, of which half have a label
    expected = F.cross_entropy(logits[1:], labels[1:, 0], ignore_index=255)
    assert metrics['val_loss'] == pytest.approx(float(expected) / 2)

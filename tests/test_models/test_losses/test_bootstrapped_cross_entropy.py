"""Bootstrapped cross-entropy against the formula, pixel by pixel."""
import math

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.models import BootstrappedCrossEntropyLoss

WEIGHTS = [1.0, 4.0, 0.5, 2.0]


def batch(spread: float = 2.0):
    torch.manual_seed(0)
    pred = spread * torch.randn(3, 4, 6, 5, dtype=torch.float64)
    target = torch.randint(0, 4, (3, 6, 5))
    target[0, :2] = 255
    target[1, 3, 3] = 255
    return pred.requires_grad_(), target


def formula(pred, target, min_kept, threshold, class_weight=None) -> float:
    """Sort, cut, average; image by image."""
    means = []
    for logits, labels in zip(pred.detach(), target):
        pixels = []
        for y in range(labels.shape[0]):
            for x in range(labels.shape[1]):
                label = labels[y, x].item()
                if label == 255:
                    continue
                values = [math.exp(v) for v in logits[:, y, x].tolist()]
                pixels.append((-math.log(values[label] / sum(values)), label))
        pixels.sort(reverse=True)
        hard = [pixel for pixel in pixels if pixel[0] > threshold]
        if len(hard) < min_kept:
            hard = pixels[:min_kept]
        weights = [class_weight[label] if class_weight else 1
                   for _, label in hard]
        if hard:
            means.append(sum(w * loss for w, (loss, _) in zip(weights, hard))
                         / sum(weights))
    return sum(means) / len(means) if means else 0.0


# all pixels; more than there are; those above the threshold; exactly K
@pytest.mark.parametrize(('min_kept', 'threshold'), [
    (30, 0.3), (4096, 0.3), (5, 0.3), (5, 3.0), (1, 1e9), (5, 0.0)])
@pytest.mark.parametrize('class_weight', [None, WEIGHTS])
def test_equals_the_formula(min_kept, threshold, class_weight):
    pred, target = batch()
    loss = BootstrappedCrossEntropyLoss(min_kept, threshold, class_weight)
    assert loss(pred, target).item() == pytest.approx(
        formula(pred, target, min_kept, threshold, class_weight), rel=1e-9)


def test_gradient_is_that_of_the_pixels_kept():
    pred, target = batch()
    loss = BootstrappedCrossEntropyLoss(4, 1e9)(pred, target)
    loss.backward()
    # four pixels of each image
    assert (pred.grad.abs().sum(1) > 0).sum((1, 2)).tolist() == [4, 4, 4]
    module = BootstrappedCrossEntropyLoss(4, 1e9, WEIGHTS)
    assert torch.autograd.gradcheck(lambda x: module(x, target), [pred])


def test_ignored_pixels_do_not_fill_up():
    pred, target = batch()
    target[0] = 255
    target[0, 0, 0] = 1
    loss = BootstrappedCrossEntropyLoss(10)
    value = loss(pred, target)
    value.backward()
    assert pred.grad[0].abs().sum(0).count_nonzero() == 1
    assert value.item() == pytest.approx(formula(pred, target, 10, 0.3))


def test_image_without_labels_has_no_part():
    pred, target = batch()
    loss = BootstrappedCrossEntropyLoss(10)
    target[2] = 255
    assert loss(pred, target).item() == pytest.approx(
        loss(pred[:2], target[:2]).item())
    nothing = loss(pred, torch.full_like(target, 255))
    nothing.backward()
    assert nothing.item() == 0 and not pred.grad.any()


def test_common_factor_of_the_weights_changes_nothing():
    pred, target = batch()
    once, thrice = (
        BootstrappedCrossEntropyLoss(8, class_weight=[
            factor * w for w in WEIGHTS])(pred, target) for factor in (1, 3))
    torch.testing.assert_close(once, thrice)
    doubled = BootstrappedCrossEntropyLoss(8, loss_weight=2.0,
                                           class_weight=WEIGHTS)
    torch.testing.assert_close(doubled(pred, target), 2 * once)


def test_half_precision_is_summed_in_float32():
    pred, target = batch()
    loss = BootstrappedCrossEntropyLoss(8)
    found = loss(pred.bfloat16(), target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(
        found, loss(pred.bfloat16().float(), target))


def test_takes_the_place_of_mmsegs_in_a_config():
    init_default_scope('mmseg')
    loss = MODELS.build(dict(
        type='BootstrappedCrossEntropyLoss', use_sigmoid=False,
        loss_weight=1.0))
    assert loss.loss_name == 'loss_bootstrapped_ce'
    assert (loss.min_kept, loss.threshold) == (4096, 0.3)


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(min_kept=0), 'min_kept=0'),
    (dict(threshold=-1), 'threshold=-1'),
    (dict(loss_weight=float('nan')), 'loss_weight=nan'),
    (dict(use_sigmoid=True), 'use_sigmoid=True'),
    (dict(loss_name='hard'), "loss_name='hard'"),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        BootstrappedCrossEntropyLoss(**kwargs)


def test_bad_input_is_named():
    loss = BootstrappedCrossEntropyLoss()
    pred, target = batch()
    with pytest.raises(ValueError, match='target has shape'):
        loss(pred, target[:, 1:])
    for kwargs in (dict(weight=torch.ones(3, 6, 5)), dict(avg_factor=3),
                   dict(reduction_override='none')):
        with pytest.raises(ValueError, match="leave the decode head's"):
            loss(pred, target, **kwargs)

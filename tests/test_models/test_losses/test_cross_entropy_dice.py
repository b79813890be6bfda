"""Cross-entropy + Dice against mmseg's CrossEntropyLoss and the formula."""
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch._subclasses.fake_tensor import (
    DynamicOutputShapeException,
    FakeTensorMode,
)

from mmseg_ext.models.losses.cross_entropy_dice import CrossEntropyDiceLoss


def batch(num_classes: int = 4, ignored: bool = True):
    torch.manual_seed(0)
    pred = 2 * torch.randn(2, num_classes, 6, 5, dtype=torch.float64)
    # The last class never occurs.
    target = torch.randint(0, num_classes - 1, (2, 6, 5))
    if ignored:
        target[0, :2] = 255
        target[1, 3, 3] = 255
    return pred.requires_grad_(), target


def dice_formula(pred, target, weight=None, smooth: float = 0) -> float:
    """1 - mean over occurring classes of Dice, by numpy, pixel list."""
    logits = pred.detach().numpy().transpose(0, 2, 3, 1)
    kept = target.numpy() != 255
    logits, labels = logits[kept], target.numpy()[kept]
    weight = np.ones(len(labels)) if weight is None else weight.numpy()[kept]
    prob = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    scores = []
    for c in np.unique(labels):
        overlap = (weight * prob[:, c] * (labels == c)).sum()
        sizes = (weight * prob[:, c]).sum() + weight[labels == c].sum()
        scores.append((2 * overlap + smooth) / (sizes + smooth))
    return 1 - np.mean(scores)


@pytest.mark.parametrize('ignored', [False, True])
@pytest.mark.parametrize('smooth', [0.0, 1.0])
def test_dice_equals_the_formula(ignored, smooth):
    pred, target = batch(ignored=ignored)
    loss = CrossEntropyDiceLoss(ce_weight=0, smooth=smooth)(pred, target)
    assert loss.item() == pytest.approx(
        dice_formula(pred, target, smooth=smooth), rel=1e-9)


@pytest.mark.parametrize('avg_non_ignore', [False, True])
@pytest.mark.parametrize('weighted', [False, True])
def test_cross_entropy_equals_mmseg(avg_non_ignore, weighted):
    pred, target = batch()
    weight = torch.rand(target.shape) if weighted else None
    ours = CrossEntropyDiceLoss(dice_weight=0, avg_non_ignore=avg_non_ignore)
    mmseg = CrossEntropyLoss(avg_non_ignore=avg_non_ignore)
    torch.testing.assert_close(
        ours(pred, target, weight), mmseg(
            pred, target, weight, ignore_index=255))
    torch.testing.assert_close(
        ours(pred, target, weight, avg_factor=7),
        mmseg(pred, target, weight, avg_factor=7, ignore_index=255))


def test_class_weights():
    class_weight = [1.0, 2.0, 0.5, 3.0]
    ours = CrossEntropyDiceLoss(dice_weight=0, class_weight=class_weight)
    pred, target = batch(ignored=False)
    mmseg = CrossEntropyLoss(class_weight=class_weight, avg_non_ignore=True)
    torch.testing.assert_close(ours(pred, target), mmseg(pred, target))
    # mmseg's raises an IndexError where pixels are ignored; torch's does not.
    pred, target = batch()
    torch.testing.assert_close(
        ours(pred, target).detach(),
        F.cross_entropy(
            pred.detach(),
            target,
            pred.new_tensor(class_weight),
            ignore_index=255),
        rtol=1e-6,
        atol=0)


def test_is_the_weighted_sum_of_both():
    pred, target = batch()
    ce = CrossEntropyLoss(avg_non_ignore=True)(pred, target, ignore_index=255)
    dice = dice_formula(pred, target)
    assert CrossEntropyDiceLoss()(pred, target).item() == pytest.approx(
        ce.item() + dice)
    loss = CrossEntropyDiceLoss(
        ce_weight=0.5, dice_weight=3, loss_weight=0.4)(pred, target)
    assert loss.item() == pytest.approx(0.4 * (0.5 * ce.item() + 3 * dice))


def test_pixel_weights_apply_to_dice():
    pred, target = batch()
    weight = torch.rand(target.shape, dtype=torch.float64)
    loss = CrossEntropyDiceLoss(ce_weight=0)(pred, target, weight)
    assert loss.item() == pytest.approx(dice_formula(pred, target, weight))


def test_ignored_pixels_have_no_part():
    pred, target = batch()
    ignored = (target == 255).unsqueeze(1)
    loss_fn = CrossEntropyDiceLoss()
    loss = loss_fn(pred, target)
    loss.backward()
    assert (pred.grad * ignored).abs().sum() == 0
    assert ((pred.grad * ~ignored).abs().sum(1) > 0).sum() == (
        ~ignored).sum()
    changed = pred.detach() + 5 * torch.randn(pred.shape) * ignored
    torch.testing.assert_close(loss_fn(changed, target), loss.detach())


@pytest.mark.parametrize('class_weight', [None, [1.0, 1.0, 1.0, 1.0]])
def test_batch_without_labels_is_zero(class_weight):
    pred, target = batch()
    loss = CrossEntropyDiceLoss(class_weight=class_weight)(
        pred, torch.full_like(target, 255))
    loss.backward()
    assert loss.item() == 0
    assert pred.grad.abs().sum() == 0


def masked_divisor(target, class_weight):
    """What the weights are divided by, over the labelled pixels alone."""
    return class_weight[target[target != 255]].sum()


@pytest.mark.parametrize('num_ignored', [0, 12, 60])
def test_class_weights_and_gradients_where_pixels_are_ignored(num_ignored):
    class_weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    pred, target = batch(ignored=False)
    target.view(-1)[:num_ignored] = 255
    loss = CrossEntropyDiceLoss(
        dice_weight=0, class_weight=class_weight.tolist())(pred, target)
    found, = torch.autograd.grad(loss, pred)
    expected = F.cross_entropy(
        pred, target, class_weight, ignore_index=255, reduction='sum') / (
            masked_divisor(target, class_weight)
            + torch.finfo(torch.float32).eps)  # mmseg's
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(
        found, torch.autograd.grad(expected, pred)[0])


@pytest.mark.parametrize('class_weight', [None, [1.0, 2.0, 3.0, 4.0]])
def test_nothing_waits_for_values(class_weight):
    """No size and no branch that depends on them, as on a GPU it would."""
    with FakeTensorMode():
        pred = torch.zeros(2, 4, 6, 5, requires_grad=True)
        target = torch.zeros(2, 6, 5, dtype=torch.long)
        with pytest.raises(DynamicOutputShapeException):
            target[target != 255]
        CrossEntropyDiceLoss(class_weight=class_weight)(
            pred, target).backward()


def test_gradcheck():
    pred, target = batch()
    weight = torch.rand(target.shape, dtype=torch.float64)
    loss_fn = CrossEntropyDiceLoss(class_weight=[1.0, 2.0, 3.0, 4.0])
    assert torch.autograd.gradcheck(
        lambda x: loss_fn(x, target, weight), pred)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(dtype):
    # 512 * 512 pixels: more than float16 can count
    torch.manual_seed(0)
    pred = torch.randn(1, 2, 512, 512).to(dtype).requires_grad_()
    target = torch.randint(0, 2, (1, 512, 512))
    loss_fn = CrossEntropyDiceLoss()
    with torch.autocast('cpu', torch.bfloat16):
        loss = loss_fn(pred, target)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, loss_fn(pred.float(), target))
    loss.backward()
    assert torch.isfinite(pred.grad).all()


def foreground_gradient(foreground: float, background: float, **kwargs):
    """Mean gradient at the defect's logits, on 10 of 10,000 pixels.

    Args:
        foreground: Predicted probability of 'defect' on the defect.
        background: The same elsewhere.
        kwargs: Arguments of the loss.
    """
    target = torch.zeros(1, 100, 100, dtype=torch.long)
    target[0, 50, 50:60] = 1
    prob = torch.full(target.shape, background, dtype=torch.float64)
    prob[target == 1] = foreground
    pred = torch.stack([torch.zeros_like(prob), prob.logit()], 1)
    pred.requires_grad_()
    CrossEntropyDiceLoss(**kwargs)(pred, target).backward()
    return -pred.grad[:, 1][target == 1].mean().item()


@pytest.mark.parametrize(('foreground', 'background', 'ratio'), [
    (0.5, 1e-4, 216.0),
    (0.1, 1e-4, 77.4),
    (0.1, 1e-3, 46.4),
    (0.01, 1e-3, 6.0),
    # Where a defect does not stand out at all there is little to amplify.
    (0.001, 0.001, 1.5),
])
def test_dice_amplifies_a_rare_class(foreground, background, ratio):
    probs = foreground, background
    found = foreground_gradient(*probs) / foreground_gradient(
        *probs, dice_weight=0)
    assert found == pytest.approx(ratio, rel=0.02)


def head(loss_decode, **kwargs) -> torch.nn.Module:
    init_default_scope('mmseg')
    return MODELS.build(
        dict(
            type='FCNHead',
            in_channels=4,
            channels=4,
            num_classes=3,
            num_convs=1,
            concat_input=False,
            dropout_ratio=0,
            norm_cfg=dict(type='BN'),
            loss_decode=loss_decode,
            **kwargs))


def head_losses(head) -> dict:
    torch.manual_seed(0)
    samples = [
        SegDataSample(
            gt_sem_seg=PixelData(data=torch.randint(0, 3, (1, 16, 12))))
        for _ in range(2)
    ]
    return head.loss([torch.randn(2, 4, 8, 6)], samples, {})


def test_replaces_the_loss_of_a_base_config():
    # The two other keys are what an mmseg base leaves in the merged dict.
    losses = head_losses(
        head(
            dict(
                type='CrossEntropyDiceLoss',
                use_sigmoid=False,
                loss_weight=1.0)))
    assert set(losses) == {'loss_ce_dice', 'acc_seg'}
    assert losses['loss_ce_dice'].requires_grad


def test_stands_in_a_list():
    losses = head_losses(
        head([
            dict(type='CrossEntropyDiceLoss', loss_name='loss_rare'),
            dict(type='CrossEntropyLoss')
        ]))
    assert {'loss_rare', 'loss_ce'} < set(losses)
    assert losses['loss_rare'] > losses['loss_ce']


def test_works_with_hard_example_mining():
    sampler = dict(type='OHEMPixelSampler', thresh=0.3, min_kept=20)
    losses = head_losses(
        head(dict(type='CrossEntropyDiceLoss'), sampler=sampler))
    assert 0 < losses['loss_ce_dice'] < math.inf


def test_hard_example_mining_without_a_threshold_is_refused():
    model = head(
        dict(type='CrossEntropyDiceLoss'),
        sampler=dict(type='OHEMPixelSampler', min_kept=20))
    with pytest.raises(ValueError, match=r"'none'.*thresh"):
        head_losses(model)


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(ce_weight=-1), 'ce_weight=-1'),
    (dict(dice_weight=math.nan), 'dice_weight=nan'),
    (dict(smooth=-0.1), 'smooth=-0.1'),
    (dict(loss_weight=-2), 'loss_weight=-2'),
    (dict(ce_weight=0, dice_weight=0), 'both 0'),
    (dict(use_sigmoid=True), 'use_sigmoid=True'),
    (dict(loss_name='ce_dice'), "loss_name='ce_dice'"),
])
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        CrossEntropyDiceLoss(**kwargs)


@pytest.mark.parametrize(('pred', 'target', 'weight', 'message'), [
    ((2, 1, 4, 4), (2, 4, 4), None, 'out_channels'),
    ((2, 3, 16), (2, 16), None, r'\(2, 3, 16\)'),
    ((2, 3, 4, 4), (2, 1, 4, 4), None, r'target.*\(2, 4, 4\)'),
    ((2, 3, 4, 4), (2, 4, 4), (2, ), r'weight.*\(2, 4, 4\)'),
])
def test_bad_shapes_are_named(pred, target, weight, message):
    with pytest.raises(ValueError, match=message):
        CrossEntropyDiceLoss()(
            torch.zeros(pred), torch.zeros(target, dtype=torch.long),
            weight if weight is None else torch.ones(weight))

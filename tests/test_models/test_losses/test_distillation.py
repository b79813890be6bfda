"""The losses of distillation against numbers worked out by hand."""
import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models import (
    ChannelDistillLoss,
    FeatureDistillLoss,
    PixelDistillLoss,
)

LOSSES = (PixelDistillLoss, ChannelDistillLoss)


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize('temperature, expected', [
    (1, 0.912983), (2, 1.091222), (4, 1.088009),
    # half the sum of squares of the centred logits, over the classes
    (1e4, 1.0)])
def test_pixel_oracle(temperature, expected):
    student, teacher = (
        torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)
        for values in ([0., 1, 0], [2., 0, -1]))
    loss = PixelDistillLoss(temperature)(student, teacher)
    assert loss.item() == pytest.approx(expected, abs=1e-3 if
                                        temperature > 10 else 1e-6)


@pytest.mark.parametrize('temperature, expected', [
    (1, 0.438757), (4, 0.608828)])
def test_channel_oracle(temperature, expected):
    teacher = torch.tensor([[[[0., 1], [2, 3]]]], dtype=torch.float64)
    loss = ChannelDistillLoss(temperature, loss_weight=1.0)
    assert loss(torch.zeros_like(teacher), teacher).item() == pytest.approx(
        expected, abs=1e-6)


@pytest.mark.parametrize('kind', LOSSES)
def test_is_zero_for_equals_and_positive_else(kind):
    student, teacher = draw(2, 2, 3, 5, 4)
    loss = kind(2.0)
    assert loss(teacher, teacher).item() == pytest.approx(0, abs=1e-12)
    assert loss(student, teacher).item() > 0


def test_invariances():
    student, teacher = draw(2, 2, 3, 5, 4)
    for loss, shift in ((PixelDistillLoss(3.0), draw(2, 1, 5, 4)),
                        (ChannelDistillLoss(3.0), draw(2, 3, 1, 1))):
        torch.testing.assert_close(loss(student + shift, teacher),
                                   loss(student, teacher))


def test_gradient_of_pixels():
    student, teacher = draw(2, 2, 3, 5, 4)
    student.requires_grad_()
    valid = torch.rand(2, 5, 4) > 0.3
    PixelDistillLoss(2.0)(student, teacher, valid).backward()
    expected = 2.0 / valid.sum() * (
        (student / 2).softmax(1) - (teacher / 2).softmax(1))
    torch.testing.assert_close(
        student.grad, (expected * valid[:, None]).detach())


def test_balanced_classes_count_the_same():
    """However few pixels the teacher gives one."""
    # (1, 2, 1, 5): the teacher calls three the first, one the second class
    teacher = torch.tensor([[3., 2, 4, 0, 9], [0, 1, 1, 2, 0]]).double()
    teacher = teacher.view(1, 2, 1, 5)
    student = torch.zeros_like(teacher).requires_grad_()
    valid = torch.tensor([[[True] * 4 + [False]]])
    losses = []
    for a, b in [(3, 0), (2, 1), (4, 1), (0, 2)]:
        # at T = 2 against 1/2, 1/2
        p = 1 / (1 + math.exp((b - a) / 2))
        losses.append(4 * (math.log(2) + p * math.log(p)
                           + (1 - p) * math.log(1 - p)))
    loss = PixelDistillLoss(2.0, balanced=True)(student, teacher, valid)
    assert loss.item() == pytest.approx(
        (sum(losses[:3]) / 3 + losses[3]) / 2)
    loss.backward()
    expected = 2 * (0.5 - (teacher / 2).softmax(1)) * torch.tensor(
        [1 / 6, 1 / 6, 1 / 6, 1 / 2, 0])
    torch.testing.assert_close(student.grad, expected, check_dtype=False)


def test_balanced_without_a_class_is_the_plain_mean():
    student, teacher = draw(2, 2, 3, 4, 4)
    teacher[:, 1] += 20
    torch.testing.assert_close(
        PixelDistillLoss(balanced=True)(student, teacher),
        PixelDistillLoss()(student, teacher))


def test_channels_leave_out_what_is_ignored():
    student, teacher = draw(2, 2, 3, 4, 4)
    student.requires_grad_()
    valid = torch.zeros(2, 4, 4, dtype=torch.bool)
    valid[0, :2] = True  # nothing of the second image
    loss = ChannelDistillLoss(2.0)(student, teacher, valid)
    loss.backward()
    torch.testing.assert_close(
        loss, ChannelDistillLoss(2.0)(student[:1, :, :2],
                                      teacher[:1, :, :2]))
    assert student.grad[0, :, :2].any() and student.grad.isfinite().all()
    assert not student.grad[0, :, 2:].any() and not student.grad[1].any()


@pytest.mark.parametrize('kind', LOSSES)
def test_of_no_pixel_is_zero(kind):
    student = draw(2, 3, 4, 4).requires_grad_()
    loss = kind()(student, draw(2, 3, 4, 4),
                  torch.zeros(2, 4, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0 and not student.grad.any()


@pytest.mark.parametrize('kind', LOSSES)
def test_weights_of_images(kind):
    student, teacher = draw(2, 2, 3, 4, 4)
    weight = torch.tensor([0.5, 1.0])
    parts = [kind()(student[i:i + 1], teacher[i:i + 1]) for i in (0, 1)]
    torch.testing.assert_close(
        kind()(student, teacher, weight=weight),
        (0.5 * parts[0] + parts[1]) / 2)


@pytest.mark.parametrize('kind', LOSSES)
def test_half_precision_is_summed_in_float32(kind):
    student, teacher = draw(2, 2, 3, 8, 8).bfloat16()
    loss = kind()(student, teacher)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(
        loss, kind()(student.float(), teacher.float()))


def test_features_without_their_magnitude():
    student, teacher = draw(2, 6, 3, 4), draw(2, 6, 6, 8)
    loss = FeatureDistillLoss(2.0)(student, teacher)
    large = F.interpolate(student, (6, 8), mode='bilinear')
    total = 0.0
    for own, taught in zip(*(x.permute(0, 2, 3, 1).reshape(-1, 6)
                             for x in (large, teacher))):
        own, taught = ((x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt()
                       for x in (own, taught))
        total += ((own - taught)**2).mean().item()
    assert loss.item() == pytest.approx(2 * total / 96)
    torch.testing.assert_close(
        FeatureDistillLoss(2.0)(100 * student, teacher), loss, rtol=1e-4,
        atol=0)


@pytest.mark.parametrize('kind', LOSSES)
@pytest.mark.parametrize('arguments', [
    dict(temperature=0), dict(temperature=-1.0), dict(temperature=math.nan),
    dict(loss_weight=-1), dict(loss_name='kd')])
def test_bad_arguments(kind, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        kind(**arguments)

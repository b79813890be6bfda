"""Adversarial adaptation: whose gradient is whose."""
import math

import pytest
import torch
import torch.nn.functional as F
from domain_batches import (
    assert_is_the_plain_one_to_all_others,
    batch,
    build,
    trained,
)
from training_wrappers import TrainingWrapperTests

from mmseg_ext.models.segmentors.discriminator import OutputDiscriminator

KIND = 'AdversarialEncoderDecoder'


class TestAdversarialEncoderDecoder(TrainingWrapperTests):
    kind = KIND

    def build(self):
        net = super().build()
        del net.discriminator  # which the loss alone asks
        return net


def segmentor(**kwargs):
    return build(KIND, **dict(dict(ndf=2), **kwargs)).train()


def gradients(net, value) -> tuple[list, list]:
    """Those of the segmentor and of the discriminator; None as zeros."""
    names, weights = zip(*net.named_parameters())
    found = torch.autograd.grad(value, weights, retain_graph=True,
                                allow_unused=True)
    found = [torch.zeros_like(w) if g is None else g
             for g, w in zip(found, weights)]
    ours = [name.startswith('discriminator') for name in names]
    return ([g for g, own in zip(found, ours) if not own],
            [g for g, own in zip(found, ours) if own])


@pytest.mark.parametrize('classes, ndf, count', [
    (19, 64, 2_781_121), (3, 64, 2_764_737), (3, 16, 175_089)])
def test_parameters_of_the_discriminator(classes, ndf, count):
    net = OutputDiscriminator(classes, ndf)
    assert sum(p.numel() for p in net.parameters()) == count
    with torch.no_grad():
        assert net(torch.rand(1, classes, 256, 256)).shape == (1, 1, 8, 8)
    with pytest.raises(ValueError, match='32 x 32 pixels or more'):
        net(torch.rand(1, classes, 64, 31))


def test_is_the_plain_segmentor_but_for_training():
    net = segmentor()
    net.loss(*batch())
    assert_is_the_plain_one_to_all_others(net, build())
    assert {name for name in net.training_state()} == {
        f'{i}.{kind}' for i in (0, 2, 4, 6, 8) for kind in ('weight', 'bias')}


@pytest.mark.parametrize('gan, undecided', [
    ('BCE', math.log(2)), ('MSE', 0.25)])
def test_losses_of_a_discriminator_that_cannot_tell(gan, undecided):
    net = segmentor(gan=gan, adv_weight=0.01)
    last = net.discriminator[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, 0 if gan == 'BCE' else 0.5)
    losses = net.loss(*batch())
    assert losses['adversarial.loss_adv'].item() == pytest.approx(
        0.01 * undecided)
    assert losses['adversarial.loss_d'].item() == pytest.approx(undecided)
    assert losses['adversarial.d_acc'] == 50


def test_no_gradient_crosses():
    net = segmentor()
    losses = net.loss(*batch())
    for name, mine, other in (('loss_d', 1, 0), ('loss_adv', 0, 1)):
        found = gradients(net, losses[f'adversarial.{name}'])
        assert all(not grad.any() for grad in found[other])
        assert any(grad.any() for grad in found[mine])
    # and one backward of the sum gives each its own
    expected = gradients(net, sum(losses[f'adversarial.{name}']
                                  for name in ('loss_d', 'loss_adv')))
    torch.testing.assert_close(expected, (
        gradients(net, losses['adversarial.loss_adv'])[0],
        gradients(net, losses['adversarial.loss_d'])[1]))
    assert all(p.requires_grad for p in net.parameters())


def test_both_losses_are_those_that_are_written():
    net = segmentor(adv_weight=0.3)
    images, samples = batch()
    losses = net.loss(images, samples)

    def told(images):
        logits = net.decode_head(net.extract_feat(images))
        return net.discriminator(F.interpolate(
            logits, images.shape[2:], mode='bilinear').softmax(1)).sigmoid()

    source, target = told(images[:2]), told(images[2:])
    torch.testing.assert_close(losses['adversarial.loss_adv'],
                               -0.3 * target.log().mean())
    torch.testing.assert_close(
        losses['adversarial.loss_d'],
        -0.5 * (source.log().mean() + (1 - target).log().mean()))
    # what the segmentor gets of the plain min-max
    wanted = gradients(net, 0.3 * (1 - target).log().mean())[0]
    discriminators = gradients(net, losses['adversarial.loss_d'])[1]
    net.reversal = True
    losses = net.loss(images, samples)
    assert 'adversarial.loss_adv' not in losses
    reversed_, own = gradients(net, losses['adversarial.loss_d'])
    torch.testing.assert_close(reversed_, wanted, atol=1e-7, rtol=1e-3)
    torch.testing.assert_close(own, discriminators)


@pytest.mark.parametrize('reversal', [False, True])
def test_of_no_weight_it_is_training_on_the_source(reversal):
    weights = trained(segmentor(adv_weight=0, reversal=reversal))
    for name, value in trained(build(), source_alone=True).items():
        assert torch.equal(weights[name], value), name


def test_batches_have_to_be_of_both_domains():
    images, samples = batch(2, 0)
    with pytest.raises(ValueError, match='2 are of the source and 0 of the'):
        segmentor().loss(images, samples)


@pytest.mark.parametrize('arguments', [
    dict(adv_weight=-1), dict(ndf=0), dict(gan='WGAN')])
def test_bad_arguments(arguments):
    name, = arguments
    with pytest.raises(ValueError, match=f'{name}='):
        segmentor(**arguments)

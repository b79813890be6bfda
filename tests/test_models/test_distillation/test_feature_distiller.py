"""FeatureDistiller compares what it says, and learns."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from model_tests import ODD, ModelTests, randomised
from torch import nn

from mmseg_ext.models import FeatureDistiller

SEEN = dict(mean=[120.0, 110.0, 100.0], std=[60.0, 50.0, 40.0])
GIVEN = dict(type='SegDataPreProcessor', mean=[127.5] * 3, std=[127.5] * 3,
             bgr_to_rgb=True, size_divisor=1)


def resnet(channels: int, stages: int = 2) -> dict:
    """With maps at strides 4 and 8."""
    return dict(
        type='ResNet', depth=18, base_channels=channels, stem_channels=4,
        num_stages=stages, strides=(1, 2)[:stages],
        dilations=(1, 1)[:stages], out_indices=tuple(range(stages)),
        norm_cfg=dict(type='BN'))


def make(backbone=None, **kwargs) -> FeatureDistiller:
    init_default_scope('mmseg')
    return FeatureDistiller(**dict(dict(
        backbone=backbone or resnet(4), teacher=resnet(8), image_size=64,
        normalization=SEEN, data_preprocessor=GIVEN), **kwargs))


class TestFeatureDistiller(ModelTests):

    def build(self):
        net = make()
        net.teacher = nn.Identity()  # is not asked, and learns nothing
        return net

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, channels, *(-(-side // stride) for side in size))
                for channels, stride in ((8, 4), (16, 8))]

    def one_stage(self):
        net = make(resnet(4, 1), teacher=resnet(8, 1))
        net.teacher = nn.Identity()
        return net, self.inputs(2, ODD)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return randomised(make())


def images(count=4):
    return torch.randn(count, 3, 64, 64)


def test_the_loss_written_out(net):
    batches = [images(), images(2)]
    net.calibrate(batches)
    net.train()
    x = images()
    losses = net(x, mode='loss')
    assert list(losses) == ['loss_4', 'loss_8']
    seen = torch.cat(batches)
    net.teacher.eval()
    raw = (x * 127.5 + 127.5).flip(1)  # blue first, as the backbone wants it
    mean, std = (torch.tensor(SEEN[name]).view(3, 1, 1)
                 for name in ('mean', 'std'))
    with torch.no_grad():
        own = net.backbone((raw - mean) / std)
        known = [net.teacher(seen), net.teacher(x)]
    for i, name in enumerate(losses):
        population = known[0][i].transpose(0, 1).flatten(1)
        target = ((known[1][i] - population.mean(1).view(-1, 1, 1))
                  / population.std(1, correction=0).view(-1, 1, 1))
        weight, bias = net.projections[i].parameters()
        found = torch.einsum('bchw,oc->bohw', own[i], weight[:, :, 0, 0]
                             ) + bias.view(-1, 1, 1)
        difference = (found - target).abs()
        expected = torch.where(difference < 1, difference**2 / 2,
                               difference - 0.5).mean()
        torch.testing.assert_close(losses[name], expected, atol=1e-4,
                                   rtol=1e-4)


def test_a_coarser_map_learns_averages(net):
    """ResNet's map at stride 4 is not asked for more than its pixels."""
    coarse = dict(resnet(4), strides=(2, 2))  # strides 8 and 16
    net = make(coarse, teacher=resnet(8, 1))
    net.calibrate([images()])
    x = images()
    loss = net.eval()(x, mode='loss')
    with torch.no_grad():
        known, = net.teacher(x)
        found = net(x)[0]
    cells = known.unflatten(3, (8, 2)).unflatten(2, (8, 2)).mean((3, 5))
    target = (cells - net.mean0) / net.std0
    assert list(loss) == ['loss_4']
    torch.testing.assert_close(loss['loss_4'],
                               F.smooth_l1_loss(found, target))


def test_numbers_of_each_image(net):
    net.calibrate([images(8)])
    x = images(2)
    net.eval()
    one, two = (net(part, mode='predict')[0] for part in (x[:1], x[1:]))
    both = net(x, mode='predict')
    assert list(one) == ['val_loss', 'explained', 'explained_4',
                         'explained_8']
    for found, expected in zip(both, (one, two)):
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)
    losses = net(x[:1], mode='loss')
    assert one['val_loss'] == pytest.approx(
        float(sum(losses.values())), rel=1e-4)
    # the teacher's mean explains nothing, by definition
    for project in net.projections:
        nn.init.zeros_(project.weight)
        nn.init.zeros_(project.bias)
    many = images(8)
    net.calibrate([many])
    found = net(many, mode='predict')
    assert sum(image['explained'] for image in found) == pytest.approx(
        0, abs=0.1)


def test_the_teacher_stays_as_it_is(net):
    before = {name: value.clone()
              for name, value in net.teacher.state_dict().items()}
    net.calibrate([images()])
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    sum(net(images(), mode='loss').values()).backward()
    optimizer.step()
    for name, value in net.teacher.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert net.backbone.training and not net.teacher.training


def test_calibrating_changes_nothing_of_the_backbone(net):
    before = {name: value.clone()
              for name, value in net.backbone.state_dict().items()}
    net.train().calibrate([images()])
    assert net.training
    for name, value in net.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_constant_channel_teaches_nothing(net):
    with torch.no_grad():
        block = net.teacher.layer1[-1]
        block.bn2.weight[0] = 0
        block.bn2.bias[0] = -1e6  # behind a ReLU
    net.calibrate([images()])
    assert net.std0[0, 0] == torch.inf
    losses = net(images(), mode='loss')
    assert all(loss.isfinite() for loss in losses.values())


def test_it_learns(net):
    net.calibrate([images(8)])
    x = images(8)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = sum(net(x, mode='loss').values())
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize('backbone', [
    dict(type='FusedMixVisionTransformer', embed_dims=8,
         num_layers=[1, 1, 1, 1]),
    dict(type='mmpretrain.VisionTransformer', arch='deit-tiny', img_size=96,
         out_indices=(2, 5, 8, 11), out_type='raw', final_norm=False),
    dict(type='VisionTransformer', img_size=(96, 96), embed_dims=24,
         num_layers=2, num_heads=2, out_indices=(0, 1),
         output_cls_token=True, with_cls_token=True),
    dict(type='SwinTransformer', embed_dims=8, depths=[1] * 4,
         num_heads=[1] * 4, window_size=2),
    dict(type='UNet', base_channels=4, norm_cfg=dict(type='SyncBN')),
    dict(type='ResUNet', channels=(4, 8, 8, 8)),
], ids=lambda backbone: backbone['type'])
def test_any_backbone_can_learn(backbone):
    init_default_scope('mmseg')
    net = revert_sync_batchnorm(make(backbone, teacher=resnet(8)))
    net.eval().calibrate([images(2)])
    losses = net(images(2), mode='loss')
    assert list(losses) == ['loss_4', 'loss_8']
    sum(losses.values()).backward()
    assert any(weight.grad is not None and weight.grad.any()
               for weight in net.backbone.parameters())


def test_what_cannot_learn():
    with pytest.raises(ValueError, match=r'VisionTransformer returns .* maps'):
        make(dict(type='mmpretrain.VisionTransformer', arch='deit-tiny',
                  img_size=64))
    deep = dict(resnet(4, 1), strides=(16, ))
    with pytest.raises(ValueError, match='maps at strides 64, and ResNet at '
                                         '4: none is near enough'):
        make(deep, teacher=resnet(8, 1))

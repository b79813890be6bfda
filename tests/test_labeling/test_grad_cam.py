"""Grad-CAM against its equations, written out and in closed form."""
import copy

import numpy as np
import pytest
import torch
from torch import nn

from mmseg_ext.labeling import grad_cam, upsample_cam

CLASSES = 3


class SmallNet(nn.Module):
    """A stem, a stage, and a head in which places interact."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4),
            nn.Tanh())
        self.stage = nn.Conv2d(4, 5, 3, padding=1)
        self.act = nn.ReLU(inplace)
        self.head = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(6), nn.Tanh(), nn.Dropout(0.5),
            nn.Linear(6, CLASSES))

    def forward(self, x):
        return self.head(self.act(self.stage(self.stem(x))))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(
        2, 3, 8, 6, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def model(images) -> SmallNet:
    torch.manual_seed(0)
    net = SmallNet().double().eval()
    with torch.no_grad():
        net(images)
    net.stem[1].running_mean.normal_()
    return net


@pytest.fixture(scope='module')
def efficientnet():
    """mmpretrain's EfficientNet-B0, random, for two classes."""
    pytest.importorskip('torchvision')
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS

    torch.manual_seed(0)
    net = MODELS.build(dict(
        _scope_='mmpretrain',  # whatever scope an earlier test left behind
        type='ImageClassifier',
        backbone=dict(type='EfficientNet', arch='b0', out_indices=(4, 6)),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=2, in_channels=1280)))
    # Statistics of real activations, which otherwise fade to 1e-14.
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        net.train()(torch.randn(4, 3, 96, 64))
        net.head.fc.weight.normal_()
    return net.eval()


@torch.no_grad()
def written_out(net: SmallNet, image, class_index: int) -> np.ndarray:
    """Equations 1 and 2, with derivatives from differences."""
    activation = net.stage(net.stem(image[None]))

    def logit(a) -> float:
        return net.head(net.act(a))[0, class_index].item()

    _, channels, height, width = activation.shape
    total, step = np.zeros((height, width)), 1e-6
    for k in range(channels):
        alpha = 0.0
        for i in range(height):
            for j in range(width):
                up, down = activation.clone(), activation.clone()
                up[0, k, i, j] += step
                down[0, k, i, j] -= step
                alpha += (logit(up) - logit(down)) / (2 * step)
        total += alpha / (height * width) * activation[0, k].numpy()
    return np.maximum(total, 0)


@pytest.mark.parametrize('class_index', range(CLASSES))
def test_equals_the_equations(model, images, class_index):
    cam = grad_cam(model, images, class_index, 'stage')
    assert cam.shape == (2, 4, 3)
    for one, image in zip(cam, images):
        np.testing.assert_allclose(
            one, written_out(model, image, class_index), atol=1e-8)
    assert (cam > 0).any() and (cam == 0).any()


def test_a_class_for_each_image(model, images):
    both = grad_cam(model, images, [2, 0], 'stage')
    for i, class_index in enumerate((2, 0)):
        torch.testing.assert_close(
            both[i], grad_cam(model, images, class_index, 'stage')[i])


def test_closed_form_of_pooling_and_a_linear_head(efficientnet):
    # y = w . mean(A) + b: alpha is w / Z, the map ReLU(CAM) / Z.
    images = torch.randn(2, 3, 96, 64)
    with torch.no_grad():
        activation = efficientnet.backbone(images)[-1]
    weight = efficientnet.head.fc.weight.detach()[1]
    expected = torch.einsum('k,bkhw->bhw', weight, activation).relu() / 6
    cam = grad_cam(efficientnet, images, 1)
    assert cam.shape == (2, 3, 2)  # stride 32
    assert cam.max() > 0.1
    # 1280 channels are summed, in another order
    torch.testing.assert_close(cam, expected, rtol=1e-5, atol=1e-4)
    assert grad_cam(efficientnet, images, 1,
                    'backbone.layers.4').shape == (2, 6, 4)


def test_default_layer_is_the_last_stage_of_efficientnet(efficientnet):
    images = torch.randn(1, 3, 64, 96)
    torch.testing.assert_close(
        grad_cam(efficientnet, images, 0),
        grad_cam(efficientnet, images, 0, 'backbone.layers.6'))


@pytest.mark.parametrize('context', [
    torch.enable_grad, torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize('trainable', [True, False])
def test_frozen_or_without_gradients(model, images, context, trainable):
    expected = grad_cam(model, images, 1, 'stage')
    model.requires_grad_(trainable)
    with context():
        # A new tensor: in inference_mode one that no graph can hold.
        cam = grad_cam(model, images.clone(), 1, 'stage')
        torch.testing.assert_close(cam, expected)
        assert not cam.requires_grad


def test_leaves_nothing_behind(model, images):
    expected = grad_cam(model, images, 1, 'stage')
    model.train()
    model.stem[1].eval()
    modes = [part.training for part in model.modules()]
    before = copy.deepcopy(model.state_dict())
    cam = grad_cam(model, images, 1, 'stage')
    torch.testing.assert_close(cam, expected)  # without dropout
    assert [part.training for part in model.modules()] == modes
    assert not model.stage._forward_hooks
    assert all(p.grad is None for p in model.parameters())
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_restores_after_an_error(model, images):
    model.train()
    with pytest.raises(ValueError, match='class_index=7'):
        grad_cam(model, images, 7, 'stage')
    assert model.training and not model.stage._forward_hooks


def test_in_place_activation_behind_the_layer(model, images):
    inplace = SmallNet(inplace=True).double().eval()
    with torch.no_grad():
        inplace(images)
    inplace.load_state_dict(model.state_dict())
    torch.testing.assert_close(
        grad_cam(inplace, images, 1, 'stage'),
        grad_cam(model, images, 1, 'stage'))


def test_nothing_speaks_for_the_class():
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(2, 1)).requires_grad_(False)
    net[4].weight.fill_(-1)
    assert not grad_cam(net, torch.randn(1, 3, 4, 4), 0, '1').any()


@pytest.mark.parametrize('dims', [[2], [3], [2, 3]])
def test_mirror_makes_the_map_follow_the_image(efficientnet, dims):
    images = torch.randn(1, 3, 96, 64)
    flip = [dim - 1 for dim in dims]
    cam = grad_cam(efficientnet, images, 1, mirror=True)
    torch.testing.assert_close(
        grad_cam(efficientnet, images.flip(dims), 1, mirror=True),
        cam.flip(flip))
    # EfficientNet's own does not: it pads on one side.
    plain = grad_cam(efficientnet, images, 1)
    assert not torch.allclose(
        grad_cam(efficientnet, images.flip(dims), 1), plain.flip(flip))


@pytest.mark.parametrize('layer,message', [
    ('stages', r"no layer 'stages'; the model has stem, stage, act, head"),
    ('stem.7.conv', r"no layer 'stem.7.conv'; stem has 0, 1, 2"),
    ('head', r'head gives \(2, 3\); Grad-CAM needs'),
    ('', 'needs the output of a convolution stage'),
])
def test_unfit_layer_is_named(model, images, layer, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(model, images, 0, layer)


def test_layer_that_the_logits_do_not_use(model, images):
    model.unused = nn.Conv2d(3, 2, 1).double()
    with pytest.raises(ValueError, match='do not depend on unused'):
        grad_cam(model, images, 0, 'unused')


def test_layer_that_runs_twice(images):
    conv = nn.Conv2d(3, 3, 1).double()
    net = nn.Sequential(conv, conv, nn.Flatten())
    with pytest.raises(ValueError, match='runs more than once'):
        grad_cam(net, images, 0, '0')


@pytest.mark.parametrize('class_index,message', [
    (3, '3 classes, 0 to 2'),
    (-1, '3 classes, 0 to 2'),
    ([0, 1, 2], '3 class indices for 2 images'),
])
def test_class_is_checked(model, images, class_index, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(model, images, class_index, 'stage')


def test_no_logits(model, images):
    model.head = nn.Identity()
    with pytest.raises(ValueError, match=r'\(2, 5, 4, 3\).*\(B, classes\)'):
        grad_cam(model, images, 0, 'stage')


def test_upsampling_keeps_values_at_the_cells_centres():
    grid = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    cam = upsample_cam(torch.from_numpy(grid), (20, 27))
    assert cam.shape == (20, 27) and cam.dtype == np.float32
    # Cells of 5 x 9 pixels: their centres are pixels (2, 4), (7, 13), ...
    np.testing.assert_allclose(cam[2::5, 4::9], grid, rtol=1e-6)


def test_upsampling_against_bilinear_weights():
    grid = np.array([[0.0, 1.0]])
    # Pixel x is at (x + 0.5) / 4 - 0.5 cells, kept between the centres.
    expected = np.clip((np.arange(8) + 0.5) / 4 - 0.5, 0, 1)
    np.testing.assert_allclose(upsample_cam(grid, (1, 8))[0], expected)


def test_upsampling_wants_one_map():
    with pytest.raises(ValueError, match=r'\(1, 4, 3\)'):
        upsample_cam(torch.zeros(1, 4, 3), (8, 8))

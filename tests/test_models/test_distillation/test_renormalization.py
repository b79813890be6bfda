import cv2
import numpy as np
import pytest
import torch
from mmseg.models import SegDataPreProcessor

from mmseg_ext.models.distillation.renormalization import Renormalization

KNOWN = dict(mean=[120.0, 110.0, 100.0], std=[60.0, 50.0, 40.0])
OWN = dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0])


@pytest.fixture
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (3, 8, 9), generator=generator,
                         dtype=torch.uint8)


def seen(image, **settings):
    """By mmseg's own preprocessor, blue first."""
    net = SegDataPreProcessor(**settings, size_divisor=1)
    return net(dict(inputs=[image]))['inputs']


def renormalize(**settings):
    return Renormalization(KNOWN['mean'], KNOWN['std'], **settings)


@pytest.mark.parametrize('to_rgb', [True, False])
@pytest.mark.parametrize('own', [OWN, {}])
def test_is_what_the_networks_own_preprocessor_does(image, to_rgb, own):
    given = seen(image, bgr_to_rgb=True, **KNOWN)
    expected = seen(image, bgr_to_rgb=to_rgb, **own)
    torch.testing.assert_close(
        renormalize(to_rgb=to_rgb, **own)(given), expected,
        atol=1e-3, rtol=1e-5)


def test_grey_as_opencv_makes_it(image):
    found = renormalize(in_channels=1, mean=[3.0], std=[2.0])(
        seen(image, bgr_to_rgb=True, **KNOWN))
    grey = cv2.cvtColor(np.ascontiguousarray(
        image.permute(1, 2, 0).numpy()), cv2.COLOR_BGR2GRAY)
    assert found.shape == (1, 1, 8, 9)
    # OpenCV rounds to whole levels
    np.testing.assert_allclose(found[0, 0], (grey - 3.0) / 2, atol=0.26)


def test_is_in_no_checkpoint():
    assert not renormalize(**OWN).state_dict()

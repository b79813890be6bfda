"""Changes of a batch's grey levels, against those of a single image."""
import cv2
import numpy as np
import torch

from mmseg_ext.datasets import RandomBrightnessContrastGamma
from mmseg_ext.ops import change_intensity, gaussian_blur


def images(count: int = 2):
    torch.manual_seed(0)
    return torch.rand(count, 3, 20, 30)


def test_changes_as_the_transform_does():
    batch = images()
    b, c, g = np.array([[0.1, -0.2], [1.2, 0.8], [0.9, 1.1]])
    found = change_intensity(batch, *map(torch.tensor, (b, c, g)))
    for i, image in enumerate(batch):
        expected = RandomBrightnessContrastGamma(full_scale=1.0)._change(
            image.permute(1, 2, 0).numpy(), b[i], c[i], g[i])
        np.testing.assert_allclose(found[i].permute(1, 2, 0), expected,
                                   atol=2e-6)


def test_nothing_changes_at_one():
    batch = images()
    none, one = torch.zeros(2), torch.ones(2)
    torch.testing.assert_close(change_intensity(batch, none, one, one), batch)
    assert gaussian_blur(batch, 0) is batch


def test_blurs_as_opencv_does():
    batch = images()
    for sigma in (0.5, 1.0, 2.0):
        size = 2 * round(3 * sigma) + 1
        for image, found in zip(batch, gaussian_blur(batch, sigma)):
            expected = cv2.GaussianBlur(
                image.permute(1, 2, 0).numpy(), (size, size), sigma,
                borderType=cv2.BORDER_REFLECT_101)
            np.testing.assert_allclose(found.permute(1, 2, 0), expected,
                                       atol=1e-5)


def test_small_images_are_blurred_too():
    image = torch.rand(1, 1, 2, 3)
    assert gaussian_blur(image, 5.0).shape == image.shape

"""Grey levels and sharpness of images that are on the device already."""
import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 3  # standard deviations that a kernel goes to


def change_intensity(images: Tensor, brightness: Tensor, contrast: Tensor,
                     gamma: Tensor) -> Tensor:
    """Change grey levels as another detector setting would.

    ``clip(m + c (x - m) + b, 0, 1) ** g`` with the image's mean m, as
    RandomBrightnessContrastGamma does before a batch is made: all channels
    change alike, so that grey stays grey.

    Args:
        images: Grey levels x, 0 to 1.
        brightness: b of each image.
        contrast: c of each image.
        gamma: g of each image.

    Shape:
        - images: (B, C, H, W)
        - brightness, contrast, gamma: (B, )
        - output: (B, C, H, W)
    """
    b, c, g = (value.to(images).view(-1, 1, 1, 1)
               for value in (brightness, contrast, gamma))
    mean = images.mean((1, 2, 3), keepdim=True)
    return (mean + c * (images - mean) + b).clamp(0, 1)**g


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur images with a Gaussian; their edges are mirrored.

    Args:
        images: Of any values.
        sigma: Standard deviation in pixels; 0: none.

    Shape:
        - images: (B, C, H, W)
        - output: (B, C, H, W)
    """
    if sigma <= 0:
        return images
    for dim in (2, 3):
        radius = min(max(1, round(REACH * sigma)), images.shape[dim] - 1)
        x = torch.arange(-radius, radius + 1, device=images.device)
        kernel = torch.exp(-x**2 / (2 * sigma**2)).to(images.dtype)
        shape = [1, 1, 1, 1]
        shape[dim] = len(x)
        sides = (0, 0, radius, radius) if dim == 2 else (radius, radius, 0, 0)
        padded = F.pad(images, sides, mode='reflect').flatten(0, 1)[:, None]
        images = F.conv2d(padded, (kernel / kernel.sum()).view(shape)
                          ).view_as(images)
    return images

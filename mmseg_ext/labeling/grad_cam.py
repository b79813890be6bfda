"""Where a classifier looks: class activation maps by Grad-CAM."""
from collections.abc import Sequence
from typing import Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmseg_ext.engine.modes import evaluating


class _Activation:
    """A forward hook that makes a layer's output the root of the graph."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self.value = None

    def __call__(self, module: nn.Module, args: tuple, output):
        if self.value is not None:
            raise ValueError(
                f'{self.layer} runs more than once in a forward pass, so it '
                'has no single activation. Name a layer that runs once.')
        several = isinstance(output, (tuple, list))
        last = output[-1] if several and output else output
        if not isinstance(last, Tensor) or last.ndim != 4:
            found = (tuple(last.shape) if isinstance(last, Tensor) else
                     type(last).__name__)
            raise ValueError(
                f'{self.layer} gives {found}; Grad-CAM needs the output of a '
                'convolution stage, (B, K, h, w).')
        # A leaf: gradients reach it through frozen layers, none go further.
        self.value = last.detach().requires_grad_()
        # A copy, since an in-place activation may follow.
        copy = self.value.clone()
        return type(output)([*output[:-1], copy]) if several else copy


def _find_layer(model: nn.Module, layer: str) -> nn.Module:
    modules = dict(model.named_modules())
    if layer in modules:
        return modules[layer]
    parent = layer.rpartition('.')[0]
    while parent not in modules:
        parent = parent.rpartition('.')[0]
    names = ', '.join(name for name, _ in modules[parent].named_children())
    raise ValueError(f'The model has no layer {layer!r}; '
                     f'{parent or "the model"} has {names or "no layers"}.')


def grad_cam(model: nn.Module,
             images: Tensor,
             class_index: Union[int, Sequence[int]],
             layer: str = 'backbone',
             mirror: bool = False) -> Tensor:
    """Return the class activation maps of a batch of images.

    With the activation A of the layer and the logit y^c of the class, before
    any softmax::

        alpha_k = mean over positions (i, j) of d y^c / d A_k[i, j]
        L[i, j] = ReLU(sum over k of alpha_k A_k[i, j])

    The model computes as in evaluation and is left as it was: mode, hooks
    and gradients. It may be frozen, and the caller in ``no_grad`` or
    ``inference_mode``.

    Args:
        model: mmpretrain's ImageClassifier, or any module that maps images
            to logits.
        images: What the model takes: normalised, not padded.
        class_index: Index of the class's logit; one for all images, or one
            for each.
        layer: Name of a layer in ``model.named_modules()`` whose output is a
            feature map. Of several maps the last is taken, so that
            'backbone' is the last stage of any of mmpretrain's (of
            EfficientNet the last convolution, stride 32);
            'backbone.layers.4' is EfficientNet's stage of stride 16.
        mirror: Average the maps of the image and of its three mirror images,
            at four times the cost. EfficientNet pads more on the right and
            below, so that each cell looks at a place up to half a cell
            further there than where it lies in the grid; on average over
            the mirror images it looks at its own place.

    Shape:
        images: (B, C, H, W). Returns: (B, h, w), the layer's grid.

    Returns:
        Values of 0 or more, in the unit of the logit; not normalised. All
        zero: nothing speaks for the class.

    Raises:
        ValueError: If there is no such layer, its output is no single
            feature map, the logits do not depend on it, or there is no such
            class.

    Reference:
        Selvaraju et al., ICCV 2017, equations 1 and 2.
    """
    if mirror:
        maps = [
            grad_cam(model, images.flip(dims), class_index, layer).flip(
                [dim - 1 for dim in dims])  # (B, C, H, W) -> (B, h, w)
            for dims in ([], [2], [3], [2, 3])
        ]
        return torch.stack(maps).mean(dim=0)
    module = _find_layer(model, layer)
    activation = _Activation(layer)
    hook = module.register_forward_hook(activation)
    try:
        with (evaluating(model), torch.inference_mode(False),
              torch.enable_grad()):
            # An inference tensor cannot take part in a graph; a copy can.
            logits = model(images.clone() if images.is_inference() else images)
            gradient = _gradient(logits, class_index, activation)
    finally:
        hook.remove()
    alpha = gradient.mean(dim=(2, 3), keepdim=True)  # (B, K, 1, 1)
    return (alpha * activation.value.detach()).sum(dim=1).relu()


def _gradient(logits: Tensor, class_index: Union[int, Sequence[int]],
              activation: _Activation) -> Tensor:
    """Return d y^c / d A of every image."""
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        found = (tuple(logits.shape) if isinstance(logits, Tensor) else
                 type(logits).__name__)
        raise ValueError(f'The model returned {found}; logits of shape '
                         '(B, classes) are expected.')
    index = torch.as_tensor(class_index, device=logits.device)
    if index.ndim > 1 or (index.ndim == 1 and len(index) != len(logits)):
        raise ValueError(f'{index.numel()} class indices for {len(logits)} '
                         'images: give one for all, or one for each.')
    if index.min() < 0 or index.max() >= logits.shape[1]:
        raise ValueError(f'class_index={class_index}: the model has '
                         f'{logits.shape[1]} classes, 0 to '
                         f'{logits.shape[1] - 1}.')
    chosen = logits.gather(1, index.expand(len(logits))[:, None])
    gradient = None
    if activation.value is not None and logits.requires_grad:
        # In evaluation no image's logit depends on another image.
        gradient, = torch.autograd.grad(
            chosen.sum(), activation.value, allow_unused=True)
    if gradient is None:
        raise ValueError(f'The logits do not depend on {activation.layer}. '
                         'Name a layer between the image and the head.')
    return gradient


def upsample_cam(cam: Union[Tensor, np.ndarray],
                 size: tuple[int, int]) -> np.ndarray:
    """Bring one image's map to the image's own size.

    Bilinear between the centres of the grid's cells: cell (i, j) lies at
    ((i + 0.5) H / h, (j + 0.5) W / w) pixels, so the image may have been
    resized in any way for the model, but neither cropped nor padded.

    Args:
        cam: Map of one image on the layer's grid.
        size: Height and width of the original image in pixels.

    Shape:
        cam: (h, w). Returns: (H, W) float32.
    """
    grid = torch.as_tensor(cam).detach().float().cpu()
    if grid.ndim != 2:
        raise ValueError(f'A map of shape {tuple(grid.shape)} was given; one '
                         "image's is expected, (h, w).")
    return F.interpolate(
        grid[None, None], size, mode='bilinear',
        align_corners=False)[0, 0].numpy()

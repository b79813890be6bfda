"""How much the channels of a layer matter: a number for each of them."""
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from mmseg_ext.engine.modes import evaluating

LAYERS = (_ConvNd, nn.Linear)
Scores = dict[nn.Module, Tensor]  # layer -> (out_channels,)


def layers_of(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers whose channels can be scored, by name."""
    return {name: module for name, module in model.named_modules()
            if isinstance(module, LAYERS)}


def logits_of(model: nn.Module, images: Tensor) -> Tensor:
    """Return the logits of a segmentor, at its head's own size."""
    return model.decode_head(model.extract_feat(images))


@torch.no_grad()
def activation(model: nn.Module, batches: Iterable[Tensor],
               after_norm: bool = False) -> Scores:
    """Score channels by the mean absolute output of their filter.

    I(c) is the mean over images and positions of abs(W_c * X), before any
    norm: a batch norm's scale has no part in it.

    Args:
        model: Segmentor in evaluation mode.
        batches: Images, normalised.
        after_norm: Take the output behind the norm and the activation
            function that a layer of mmcv's ConvModule has.

    Shape:
        - batches: (B, 3, H, W) each
    """
    sums: dict[nn.Module, Tensor] = {}
    counts: dict[nn.Module, int] = {}
    watched = {layer: layer for layer in layers_of(model).values()}
    if after_norm:
        for module in model.modules():
            if isinstance(module, ConvModule) and module.conv in watched:
                del watched[module.conv]
                watched[module] = module.conv

    def note(module: nn.Module, inputs, out: Tensor) -> None:
        layer = watched[module]
        # (B, C, H, W), or tokens (B, N, C) -> (C, values)
        dim = -1 if isinstance(layer, nn.Linear) else 1
        values = out.transpose(0, dim).flatten(1).abs()
        sums[layer] = sums.get(layer, 0) + values.sum(1, dtype=torch.float64)
        counts[layer] = counts.get(layer, 0) + values.shape[1]

    hooks = [module.register_forward_hook(note) for module in watched]
    try:
        for images in batches:
            logits_of(model, images)
    finally:
        for hook in hooks:
            hook.remove()
    return {layer: sums[layer] / counts[layer] for layer in sums}


def magnitude(model: nn.Module) -> Scores:
    """Score channels by the L2 norm of their filter."""
    return {layer: _filters(layer, layer.weight.detach()).norm(dim=1)
            for layer in layers_of(model).values()}


def taylor(model: nn.Module, batches: Iterable[dict]) -> Scores:
    """Score channels by abs(weight * gradient), summed over their filter.

    Args:
        model: Segmentor in evaluation mode.
        batches: As a training's loader gives them, with labels.

    Raises:
        ValueError: If the loss gives no gradient that is a number.

    Reference:
        Molchanov et al., Importance Estimation for Neural Network Pruning,
        2019, equation 7, of each weight.
    """
    model.zero_grad()
    for batch in batches:
        data = model.data_preprocessor(batch, True)
        loss, _ = model.parse_losses(
            model.loss(data['inputs'], data['data_samples']))
        loss.backward()
    scores = {
        layer: _filters(layer, layer.weight.detach()
                        * layer.weight.grad).abs().sum(1)
        for layer in layers_of(model).values()
        if layer.weight.grad is not None}
    model.zero_grad()
    if not scores or not all(torch.isfinite(each).all()
                             for each in scores.values()):
        raise ValueError('The loss on the training images gives no gradient '
                         'that is a number; take another importance')
    return scores


def random(model: nn.Module, seed: int = 0) -> Scores:
    """Score channels at random: what any other importance has to beat."""
    generator = torch.Generator().manual_seed(seed)
    return {layer: torch.rand(len(_filters(layer, layer.weight)),
                              generator=generator)
            for layer in layers_of(model).values()}


IMPORTANCES = dict(activation=activation, magnitude=magnitude, taylor=taylor,
                   random=random)


class GroupImportance:
    """The score of each channel of layers that are pruned together.

    The mean over the layers, each divided by its own mean, since scales
    differ between layers.

    Args:
        scores: Of the single layers.
    """

    def __init__(self, scores: Scores) -> None:
        self.scores = scores

    def __call__(self, members: Iterable[tuple[nn.Module, list[int],
                                               list[int]]],
                 length: int) -> Tensor | None:
        """Return (length,), or None if no layer has a score.

        Args:
            members: Layers; their channels that are in the group; the
                channels of the group that these are.
            length: Channels of the group.
        """
        total = torch.zeros(length, dtype=torch.float64)
        count = torch.zeros(length, dtype=torch.float64)
        for layer, own, place in members:
            if layer not in self.scores:
                continue
            values = self.scores[layer].double().cpu()[own]
            values = values / values.mean().clamp(min=1e-12)
            total.index_add_(0, torch.tensor(place), values)
            count.index_add_(0, torch.tensor(place), torch.ones_like(values))
        return total / count.clamp(min=1) if count.any() else None


def _filters(layer: nn.Module, weight: Tensor) -> Tensor:
    """Return the weights of each output channel, (C, values)."""
    if isinstance(layer, _ConvTransposeNd):
        # (groups * in, out, ...) -> (groups, in, out, ...) -> (out, ...)
        weight = weight.unflatten(0, (layer.groups, -1)).transpose(1, 2)
        weight = weight.flatten(0, 1)
    return weight.flatten(1)


@contextmanager
def taking_gradients(model: nn.Module) -> Iterator[None]:
    """Let all parameters take gradients in evaluation mode, and back."""
    # by name: pruning replaces parameters
    frozen = {name for name, each in model.named_parameters()
              if not each.requires_grad}
    model.requires_grad_(True)
    try:
        with evaluating(model), torch.enable_grad():
            yield
    finally:
        for name, each in model.named_parameters():
            each.requires_grad_(name not in frozen)

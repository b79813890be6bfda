"""Which map of one encoder is to become which map of another."""
import math
from collections.abc import Sequence

from torch import Tensor

from mmseg_ext.models.decode_heads.dpt_blocks import describe

USUAL = 4  # stride of the finest map that most heads take
FARTHEST = 4  # times as coarse, the map that can still learn another


def as_maps(features, name: str) -> list[Tensor]:
    """Bring what an encoder returns to maps.

    Args:
        features: Maps (B, C, H, W); pairs of a map and a class token; or
            tokens (B, H * W, C) of a square grid, a class token first or
            not, as mmpretrain's ViT returns them with ``out_type='raw'``.
        name: Of the encoder, for errors.

    Returns:
        Maps (B, C, H, W), in the order of the features.

    Raises:
        ValueError: If there is no map among them, or something else.
    """
    entries = features if isinstance(features, (list, tuple)) else [features]
    maps = []
    for entry in entries:
        if isinstance(entry, (list, tuple)) and len(entry) == 2:
            entry, _ = entry
        if isinstance(entry, Tensor) and entry.ndim == 3:
            entry = _tokens_as_map(entry)
        if not isinstance(entry, Tensor) or entry.ndim != 4:
            break
        maps.append(entry)
    if not maps or len(maps) < len(entries):
        raise ValueError(
            f'{name} returns {describe(features)}, which are no maps '
            '(B, C, H, W) that could learn. Let it return maps: '
            'out_indices of most encoders, out_type="featmap" or "raw" of '
            "mmpretrain's ViT, output_cls_token=False")
    return maps


def _tokens_as_map(tokens: Tensor) -> Tensor:
    """Return tokens as a map, or as they are where no grid is square."""
    count = tokens.shape[1]
    side = math.isqrt(count)
    extra = count - side**2
    if extra > 1:  # class tokens are few, and ours has one
        return tokens
    # (B, extra + H * W, C) -> (B, C, H, W)
    return tokens[:, extra:].transpose(1, 2).unflatten(2, (side, side))


def match_maps(student: Sequence[float],
               teacher: Sequence[float]) -> list[tuple[int, int]]:
    """Choose for the maps of a teacher those of a student, by stride.

    A map learns those of the nearest stride. Where the student has several
    of that (a plain ViT has one stride for all), they are dealt out in their
    order, shallow to shallow and deep to deep. Maps of the teacher that are
    finer than any of the student's, and than stride 4, are left out, and so
    are those that are more than four times as fine.

    Args:
        student: Stride of each map.
        teacher: Stride of each map, finest first.

    Returns:
        Pairs of places, (student's, teacher's), in the teacher's order.
    """
    finest = min(USUAL, *student)
    groups: dict[float, list[int]] = {}
    for place, stride in enumerate(teacher):
        near = min(student, key=lambda own: (
            abs(math.log2(own / stride)), -own))
        if stride >= finest and near <= FARTHEST * stride:
            groups.setdefault(near, []).append(place)
    pairs = []
    for stride, wanted in groups.items():
        own = [i for i, other in enumerate(student) if other == stride]
        pairs += [(own[math.ceil((i + 1) * len(own) / len(wanted)) - 1], place)
                  for i, place in enumerate(wanted)]
    return sorted(pairs, key=lambda pair: pair[1])

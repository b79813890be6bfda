"""What a model takes of its encoder's maps."""
from collections.abc import Sequence
from typing import Any

Place = tuple[str | int, ...]  # keys from the model on
STRIDES = (2, 4, 8, 16, 32)
LITE0 = (16, 24, 40, 112, 320)  # what the configs over it name
HEAD = ('decode_head', 'in_channels')


def channels_over(model: str, maps: Sequence[int]) -> dict[Place, Any]:
    """Return the arguments that follow from the channels of an encoder.

    Args:
        model: One of those over EfficientNet-Lite0.
        maps: Channels at :data:`STRIDES`.
    """
    s2, s4, s8, s16, s32 = maps
    half = s16 // 2  # BiSeNet's fusion has s16 inputs, of two paths
    tables: dict[str, dict[Place, Any]] = dict(
        unet={HEAD: [*maps]},
        segformer={HEAD: [s4, s8, s16, s32]},
        segformer_detail={
            HEAD: [s4, s8, s16, s32],
            ('decode_head', 'detail_in_channels'): [s2]},
        segformer_xattn={
            ('neck', 'in_channels'): [s4, s8, s16, s32],
            HEAD: [2 * s4, 2 * s8, 2 * s16, s32]},
        upernet={HEAD: [s4, s8, s16, s32]},
        pspnet={HEAD: s32},
        dpt={
            ('backbone', 'stem_channels'): [s4, s8, s16],
            ('decode_head', 'stem_channels'): [s4, s8],
            HEAD: [s4, s8, 192, 192],
            ('decode_head', 'post_process_channels'): [s4, s8, 96, 192]},
        bisenetv1={
            ('backbone', 'context_channels'): (half, s16, s32),
            ('backbone', 'spatial_channels'): (16, 16, 16, half),
            ('auxiliary_head', 0, 'in_channels'): half,
            ('auxiliary_head', 1, 'in_channels'): half})
    return tables[model]

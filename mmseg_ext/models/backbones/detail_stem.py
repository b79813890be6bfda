"""A light stem beside a backbone, for what it does not resolve."""
from collections.abc import Sequence
from typing import Optional

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_channels


@MODELS.register_module()
class DetailStem(BaseModule):
    """Give a backbone finer maps than its own, from convolutions beside it.

    ::

        image --+--> conv 3 x 3 --> F1 --> conv 3 x 3, stride 2 --> F2
                +--> backbone ------------------------> F4, F8, F16, F32

    For encoders that begin with a patch of four pixels, as MiT does: nothing
    behind it knows where in the patch a boundary was. The proposed model with
    such a stem, whose neck leaves the stem's maps alone::

        model = dict(
            backbone=dict(
                _delete_=True, type='DetailStem',
                backbone={{_base_.model.backbone}}),
            neck=dict(
                in_channels=[16, 24, 32, 64, 160, 256], queries=[2, 3, 4]),
            decode_head=dict(
                type='DetailSegformerHead', in_index=None,
                detail_in_channels=[16, 24], detail_channels=[32, 16]))

    Args:
        backbone: Config of the backbone.
        channels: Of the stem's maps, finest first.
        strides: Of each map, over the one before; the first over the image.
        in_channels: Channels of the image.
        norm_cfg: Norm of the stem.
        act_cfg: Activation of the stem.
        pretrained: Checkpoint of the backbone, handed on to it;
            EncoderDecoder sets it from its own ``pretrained``.
        init_cfg: Initialisation, see mmengine's BaseModule.

    Shape:
        - input: (B, in_channels, H, W)
        - output: a list of the stem's maps and of the backbone's; the first
          is (B, channels[0], H / strides[0], W / strides[0]), rounded up

    Raises:
        ValueError: If the arguments contradict each other.
    """

    def __init__(self,
                 backbone: dict,
                 channels: Sequence[int] = (16, 24),
                 strides: Sequence[int] = (1, 2),
                 in_channels: int = 3,
                 norm_cfg: Optional[dict] = dict(type='BN'),
                 act_cfg: Optional[dict] = dict(type='ReLU'),
                 pretrained: Optional[str] = None,
                 init_cfg: Optional[dict | list[dict]] = None) -> None:
        super().__init__(init_cfg)
        check_channels('channels', channels, 1, 'one for each map of the stem')
        check_channels('strides', strides, len(channels),
                       f'one for each of channels={channels!r}')
        if pretrained is not None:
            backbone = dict(backbone, pretrained=pretrained)
        self.backbone = MODELS.build(backbone)
        self.stem = nn.ModuleList(
            ConvModule(before, after, 3, stride, 1, norm_cfg=norm_cfg,
                       act_cfg=act_cfg)
            for before, after, stride in zip(
                [in_channels, *channels], channels, strides))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps, fine = [], x
        for conv in self.stem:
            fine = conv(fine)
            maps.append(fine)
        return [*maps, *self.backbone(x)]

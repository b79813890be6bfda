"""Decode head of the dense prediction transformer (DPT)."""
from collections.abc import Sequence
from typing import Optional

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor, nn

from ._classifier_init import classifier_init
from ._pixel_loss import PixelLossMixin
from .dpt_blocks import FeatureFusionBlock, ReassembleBlocks, describe


class AuxiliaryClassifier(BaseModule):
    """Classify a fused map: 3 x 3 conv, norm, ReLU, dropout, 1 x 1 conv.

    Args:
        channels: Channels of the map.
        out_channels: Channels of the logits.
        norm_cfg: Normalisation.
        dropout_ratio: Fraction of channels dropped in training, 0 to 1.
        conv_cfg: Type of the 3 x 3 convolution, None for nn.Conv2d.

    Shape:
        - input: (B, channels, H, W)
        - output: (B, out_channels, H, W)

    Reference:
        isl-org/DPT, dpt/models.py, DPTSegmentationModel.auxlayer.
    """

    def __init__(self, channels: int, out_channels: int,
                 norm_cfg: Optional[dict], dropout_ratio: float,
                 conv_cfg: Optional[dict] = None) -> None:
        super().__init__(classifier_init(channels))
        self.project = ConvModule(
            channels, channels, 3, padding=1, conv_cfg=conv_cfg,
            norm_cfg=norm_cfg)
        self.dropout = nn.Dropout2d(dropout_ratio)
        self.conv_seg = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_seg(self.dropout(self.project(x)))


@MODELS.register_module()
class DPTDecodeHead(PixelLossMixin, BaseDecodeHead):
    """Dense prediction transformer: fuse several layers of a ViT.

    With four stages, on a token grid of H x W::

        layer 3  --> Reassemble (4 H)   --> conv --> Fusion --> 8 H --> logits
                                                       ^ 4 H
        layer 6  --> Reassemble (2 H)   --> conv --> Fusion --> auxiliary
                                                       ^ 2 H
        layer 9  --> Reassemble (H)     --> conv --> Fusion
                                                       ^ H
        layer 12 --> Reassemble (H / 2) --> conv --> Fusion

    Takes the arguments and the weights of mmseg's DPTHead and returns the
    same logits; a config or a checkpoint switches by the type alone.

    Args:
        embed_dims: Channels of the backbone's tokens.
        post_process_channels: Channels of each stage after Reassemble,
            shallowest layer first; as many as there are stages.
        readout_type: What becomes of the class token: 'ignore', 'add' or
            'project', see :class:`ReassembleBlocks`.
        patch_size: Of no effect, as in DPTHead, whose configs may say it:
            scales are relative to the token grid.
        expand_channels: Multiply the channels of stage i by 2 ** i, in its
            Reassemble block and in the convolution after it. (DPTHead
            multiplies in the convolution alone, and cannot be built.)
        act_cfg: Activation of the residual units.
        norm_cfg: Normalisation of the residual units, the last convolution
            and the auxiliary classifier.
        reassemble_scales: Factor n, 1 or 1 / n of each stage's map relative
            to the token grid. None: halving from stage to stage down to
            1 / 2, (4, 2, 1, 0.5) for four; of stages of tokens alone. A map
            that does not fit the fused one is resized to it.
        token_grid: Height and width of the token grid, where the backbone
            returns tokens and the grid is not square.
        stem_channels: Channels of maps that come before those of tokens,
            finest first: the stem's of DPT-Hybrid, see
            :class:`HybridTransformer`. They take the first places of
            ``post_process_channels``, which repeats them, and of the
            inputs, and are fused as they are.
        init_cfg: Initialisation; None: the classifiers from
            N(0, 1 / sqrt(channels)), see :class:`UNetDecodeHead`.
        aux_loss_weight: Weight of the loss of an auxiliary classifier on the
            last but one fused map, 0 for none; the paper's is 0.2. It needs
            two stages, adds parameters, and is used in training alone.
        **kwargs: Of mmseg's BaseDecodeHead. ``in_channels`` repeats
            ``embed_dims`` for each stage of tokens, ``input_transform`` is
            'multiple_select', and ``in_index`` orders the stages.

    Shape:
        - inputs: a list or tuple with one entry for each stage, each of
          these: a pair of map (B, embed_dims, H, W) and class token
          (B, embed_dims), from mmseg's VisionTransformer with
          ``output_cls_token=True``; tokens (B, 1 + H * W, embed_dims),
          from mmpretrain's with ``out_type='raw'``; a map alone, for
          ``readout_type='ignore'``
        - output: (B, out_channels, H', W'), with four stages 8 * H x 8 * W,
          half the image for patches of 16; of an odd grid, 8 * (H + 1)

    Raises:
        ValueError: If an argument is not among what is allowed, or the
            inputs do not fit the arguments.

    Reference:
        Ranftl et al., Vision Transformers for Dense Prediction,
        arXiv 2103.13413, section 3; isl-org/DPT, dpt/models.py.
    """

    def __init__(self,
                 embed_dims: int = 768,
                 post_process_channels: Sequence[int] = (96, 192, 384, 768),
                 readout_type: str = 'ignore',
                 patch_size: int = 16,
                 expand_channels: bool = False,
                 act_cfg: Optional[dict] = dict(type='ReLU'),
                 norm_cfg: Optional[dict] = dict(type='BN'),
                 reassemble_scales: Optional[Sequence[float]] = None,
                 token_grid: Optional[tuple[int, int]] = None,
                 aux_loss_weight: float = 0.0,
                 stem_channels: Sequence[int] = (),
                 init_cfg: Optional[dict | list[dict]] = None,
                 **kwargs) -> None:
        num_stages = len(post_process_channels)
        num_maps = len(stem_channels)
        self._check_inputs_config(
            num_stages, embed_dims, stem_channels, **kwargs)
        if (num_maps >= num_stages > 0 or (expand_channels and num_maps)
                or list(post_process_channels[:num_maps])
                != list(stem_channels)):
            raise ValueError(
                f'stem_channels={stem_channels!r} with '
                f'post_process_channels={post_process_channels!r} and '
                f'expand_channels={expand_channels}: the first of '
                'post_process_channels must be them, at least one more is '
                'of tokens, and nothing is expanded')
        if aux_loss_weight < 0 or (aux_loss_weight > 0 and num_stages < 2):
            raise ValueError(
                f'aux_loss_weight={aux_loss_weight!r} with {num_stages} '
                'stages: must be 0, or positive with two stages or more')
        super().__init__(init_cfg=init_cfg, **kwargs)
        if init_cfg is None:
            self.init_cfg = classifier_init(self.channels)
        self.aux_loss_weight = aux_loss_weight
        if expand_channels:
            post_process_channels = [
                channels * 2**i
                for i, channels in enumerate(post_process_channels)
            ]
        if reassemble_scales is None:
            reassemble_scales = [
                2.0**(num_stages - 2 - i)
                for i in range(num_maps, num_stages)
            ]
        self.num_maps = num_maps
        self.reassemble_blocks = ReassembleBlocks(
            embed_dims, post_process_channels[num_maps:], reassemble_scales,
            readout_type, token_grid)
        self.convs = nn.ModuleList(
            ConvModule(
                channels,
                self.channels,
                3,
                padding=1,
                bias=False,
                conv_cfg=self.conv_cfg,
                act_cfg=None) for channels in post_process_channels)
        # Coarsest first, the order of the fusion
        self.fusion_blocks = nn.ModuleList(
            FeatureFusionBlock(
                self.channels, act_cfg, norm_cfg, with_skip=i > 0,
                conv_cfg=self.conv_cfg)
            for i in range(num_stages))
        self.project = ConvModule(
            self.channels, self.channels, 3, padding=1,
            conv_cfg=self.conv_cfg, norm_cfg=norm_cfg)
        if aux_loss_weight > 0:
            self.auxiliary = AuxiliaryClassifier(
                self.channels, self.out_channels, norm_cfg,
                self.dropout_ratio, self.conv_cfg)

    @staticmethod
    def _check_inputs_config(num_stages: int,
                             embed_dims: int,
                             stem_channels: Sequence[int],
                             in_channels=None,
                             in_index=-1,
                             input_transform: Optional[str] = None,
                             **_) -> None:
        wanted = [*stem_channels,
                  *[embed_dims] * (num_stages - len(stem_channels))]
        stages = range(-num_stages, num_stages)
        if (num_stages == 0 or input_transform != 'multiple_select'
                or not isinstance(in_channels, Sequence)
                or list(in_channels) != wanted
                or not isinstance(in_index, Sequence)
                or len(in_index) != num_stages
                or not all(index in stages for index in in_index)):
            raise ValueError(
                f'Found in_channels={in_channels!r}, in_index={in_index!r}, '
                f'input_transform={input_transform!r}; expected for the '
                f'{num_stages} stages of post_process_channels (at least '
                f'one), embed_dims={embed_dims} and '
                f'stem_channels={list(stem_channels)}: in_channels={wanted}, '
                f'in_index={list(range(num_stages))}, '
                "input_transform='multiple_select'")

    def _fuse(self, inputs: Sequence) -> list[Tensor]:
        """The output of every fusion block, coarsest first."""
        num_stages = len(self.convs)
        if (not isinstance(inputs, (list, tuple))
                or len(inputs) != num_stages):
            found = (f'{len(inputs)} entries' if isinstance(
                inputs, (list, tuple)) else describe(inputs))
            raise ValueError(
                f'The backbone returned {found}; the head expects a list or '
                f'tuple of {num_stages} entries, one for each of '
                'post_process_channels')
        inputs = self._transform_inputs(inputs)
        maps = [*inputs[:self.num_maps],
                *self.reassemble_blocks(inputs[self.num_maps:])]
        maps = [conv(x) for conv, x in zip(self.convs, maps)]
        fused = [self.fusion_blocks[0](maps[-1])]
        for block, skip in zip(self.fusion_blocks[1:], maps[-2::-1]):
            fused.append(block(fused[-1], skip))
        return fused

    def forward(self, inputs: Sequence) -> Tensor:
        return self.cls_seg(self.project(self._fuse(inputs)[-1]))

    def loss(self, inputs: Sequence, batch_data_samples: SampleList,
             train_cfg: ConfigType) -> dict[str, Tensor]:
        """Compute the losses; those of the auxiliary head as ``aux_<name>``.

        Args:
            inputs: The backbone's output, see the class.
            batch_data_samples: Samples with ``gt_sem_seg``.
            train_cfg: Unused, of the interface.

        Returns:
            Losses and accuracies by their log names, the auxiliary losses
            already weighted.
        """
        fused = self._fuse(inputs)
        losses = self.loss_by_feat(
            self.cls_seg(self.project(fused[-1])), batch_data_samples)
        if self.aux_loss_weight > 0:
            auxiliary = self.loss_by_feat(
                self.auxiliary(fused[-2]), batch_data_samples)
            for name, value in auxiliary.items():
                weight = 1 if name == 'acc_seg' else self.aux_loss_weight
                losses[f'aux_{name}'] = weight * value
        return losses

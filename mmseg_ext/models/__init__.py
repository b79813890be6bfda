"""Models, registered in MMSegmentation's own registries."""
from .backbones import (
    DetailStem,
    FusedMixVisionTransformer,
    HarDNet,
    HybridTransformer,
    ResUNet,
    TimmBackbone,
    plugin_backbone,
    timm_maps,
)
from .convolutions import GroupedConv2d, SeparableConv2d
from .decode_heads import (
    DetailSegformerHead,
    DPTDecodeHead,
    FCHarDNetHead,
    FusedSegformerHead,
    GenotypeHead,
    MatchHead,
    SearchableHead,
    UNetDecodeHead,
)
from .distillation import FeatureDistiller
from .losses import (
    BootstrappedCrossEntropyLoss,
    ChannelDistillLoss,
    CrossEntropyDiceLoss,
    EpisodeLoss,
    FeatureDistillLoss,
    PixelDistillLoss,
)
from .necks import MultiScaleCrossAttentionNeck
from .plugins import DeformablePSA
from .segmentors import (
    AdversarialEncoderDecoder,
    DistillEncoderDecoder,
    FewShotEncoderDecoder,
    PrunedEncoderDecoder,
    SearchEncoderDecoder,
    SelfTrainingEncoderDecoder,
    apply_widths,
)

__all__ = [
    'AdversarialEncoderDecoder', 'BootstrappedCrossEntropyLoss',
    'ChannelDistillLoss', 'CrossEntropyDiceLoss', 'DPTDecodeHead',
    'DeformablePSA', 'DetailSegformerHead', 'DetailStem',
    'DistillEncoderDecoder', 'EpisodeLoss', 'FCHarDNetHead',
    'FeatureDistillLoss', 'FeatureDistiller', 'FewShotEncoderDecoder',
    'FusedMixVisionTransformer', 'FusedSegformerHead', 'GenotypeHead',
    'GroupedConv2d', 'HarDNet', 'HybridTransformer', 'MatchHead',
    'MultiScaleCrossAttentionNeck', 'PixelDistillLoss', 'PrunedEncoderDecoder',
    'ResUNet', 'SearchEncoderDecoder', 'SearchableHead',
    'SelfTrainingEncoderDecoder', 'SeparableConv2d', 'TimmBackbone',
    'UNetDecodeHead', 'apply_widths', 'plugin_backbone', 'timm_maps'
]

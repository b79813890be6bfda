"""Decode heads."""
from .detail_segformer_head import DetailSegformerHead
from .dpt import DPTDecodeHead
from .fc_hardnet_head import FCHarDNetHead
from .fused_segformer_head import FusedSegformerHead
from .genotype_head import Genotype, GenotypeHead
from .match import MatchHead
from .mixed_op import MixedOp, is_of_architecture
from .searchable_head import SearchableHead
from .unet import UNetDecodeHead

__all__ = [
    'DPTDecodeHead', 'DetailSegformerHead', 'FCHarDNetHead',
    'FusedSegformerHead', 'Genotype', 'GenotypeHead', 'MatchHead', 'MixedOp',
    'SearchableHead', 'UNetDecodeHead', 'is_of_architecture'
]

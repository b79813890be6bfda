"""Losses."""
from .bootstrapped_cross_entropy import BootstrappedCrossEntropyLoss
from .channel_distill import ChannelDistillLoss
from .cross_entropy_dice import CrossEntropyDiceLoss
from .episode import EpisodeLoss
from .feature_distill import FeatureDistillLoss
from .pixel_distill import PixelDistillLoss

__all__ = [
    'BootstrappedCrossEntropyLoss', 'ChannelDistillLoss',
    'CrossEntropyDiceLoss', 'EpisodeLoss', 'FeatureDistillLoss',
    'PixelDistillLoss'
]

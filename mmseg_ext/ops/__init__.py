"""Pure functions on tensors: no registry, no config, no mmseg."""
from .accuracy import pixel_accuracy
from .attention import attend, attention_probabilities
from .attention_scores import (
    cosine_query_key,
    distance_query_key,
    grid_positions,
)
from .confidence import confidence_weight
from .deform_conv import deform_conv2d
from .deform_reduce import deform_conv_map, deform_conv_mean
from .dice import soft_dice
from .gradient_reversal import reverse_gradient
from .matching import (
    area_mask,
    attention_score,
    best_threshold,
    cluster_prototypes,
    foreground_cells,
    nearest_similarity,
    normal_distance,
    prototype,
    prototype_logits,
    subsample_cells,
)
from .mixing import block_mask, class_mask, mix, rectangle_mask
from .moments import channel_moments, fold_batch_norm
from .photometric import change_intensity, gaussian_blur
from .pointwise import conv_norm_relu_conv, norm_relu_conv, pointwise_mlp
from .quantization import (
    affine_parameters,
    dequantize,
    dequantize_from_low,
    quantize,
    quantize_from_low,
    symmetric_scale,
)
from .resize import add_resized_

__all__ = [
    'add_resized_', 'affine_parameters', 'area_mask', 'attend',
    'attention_probabilities', 'attention_score', 'best_threshold',
    'block_mask', 'change_intensity', 'channel_moments', 'class_mask',
    'cluster_prototypes', 'confidence_weight', 'conv_norm_relu_conv',
    'cosine_query_key', 'deform_conv2d', 'deform_conv_map',
    'deform_conv_mean', 'dequantize', 'dequantize_from_low',
    'distance_query_key', 'fold_batch_norm', 'foreground_cells',
    'gaussian_blur', 'grid_positions', 'mix', 'nearest_similarity',
    'norm_relu_conv', 'normal_distance', 'pixel_accuracy', 'pointwise_mlp',
    'prototype', 'prototype_logits', 'quantize', 'quantize_from_low',
    'rectangle_mask', 'reverse_gradient', 'soft_dice', 'subsample_cells',
    'symmetric_scale'
]

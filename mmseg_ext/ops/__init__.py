"""Pure functions on tensors: no registry, no config, no mmseg."""
from .accuracy import pixel_accuracy
from .attention import attend
from .deform_conv import deform_conv2d
from .deform_reduce import deform_conv_map, deform_conv_mean
from .dice import soft_dice
from .moments import channel_moments, fold_batch_norm
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
    'add_resized_', 'affine_parameters', 'attend', 'channel_moments',
    'conv_norm_relu_conv', 'deform_conv2d', 'deform_conv_map',
    'deform_conv_mean', 'dequantize', 'dequantize_from_low',
    'fold_batch_norm', 'norm_relu_conv', 'pixel_accuracy', 'pointwise_mlp',
    'quantize', 'quantize_from_low', 'soft_dice', 'symmetric_scale'
]

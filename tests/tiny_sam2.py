"""A SAM 2 of 0.1 million random parameters, saved as transformers does."""
from pathlib import Path

import pytest
import torch

SIDE = 128  # of SAM's square; 1024 in the published models


def write_tiny_sam2(folder: Path) -> Path:
    """Write the model and its processor, or skip without transformers."""
    transformers = pytest.importorskip(
        'transformers', minversion='4.56', reason='needs transformers')
    pytest.importorskip('torchvision')
    from transformers.models.sam2 import configuration_sam2 as parts

    torch.manual_seed(0)
    backbone = parts.Sam2HieraDetConfig(
        hidden_size=8, image_size=[SIDE, SIDE], blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[4, 4, 4, 4], global_attention_blocks=[3])
    config = parts.Sam2Config(
        vision_config=parts.Sam2VisionConfig(
            backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
            fpn_hidden_size=32),
        prompt_encoder_config=parts.Sam2PromptEncoderConfig(
            hidden_size=32, image_size=SIDE),
        mask_decoder_config=parts.Sam2MaskDecoderConfig(
            hidden_size=32, mlp_dim=32, num_attention_heads=2,
            iou_head_hidden_dim=32))
    return save_tiny(
        folder, transformers.Sam2Model(config), transformers.Sam2Processor(
            transformers.Sam2ImageProcessorFast(
                size=dict(height=SIDE, width=SIDE))))


def save_tiny(folder: Path, model, processor) -> Path:
    """Save a model of unequal scores, whose masks vary over the image."""
    with torch.no_grad():
        for name, parameter in model.mask_decoder.named_parameters():
            if 'weight' in name:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder

"""A SAM 3 tracker of few random parameters, saved as transformers does."""
from pathlib import Path

import pytest
import torch
from tiny_sam2 import save_tiny

SIDE = 56  # of SAM's square; 1008 in the published model


def write_tiny_sam3(folder: Path) -> Path:
    """Write the model and its processor, or skip without transformers."""
    transformers = pytest.importorskip(
        'transformers', minversion='5.0', reason='needs transformers 5')
    pytest.importorskip('torchvision')

    torch.manual_seed(0)
    vision = transformers.Sam3VisionConfig(
        backbone_config=dict(
            model_type='sam3_vit_model', hidden_size=16, intermediate_size=32,
            num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
            window_size=2, global_attn_indexes=[1], pretrain_image_size=28),
        fpn_hidden_size=32,
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]])
    config = transformers.Sam3TrackerConfig(
        vision_config=vision,
        prompt_encoder_config=dict(hidden_size=32, image_size=SIDE),
        mask_decoder_config=dict(
            hidden_size=32, mlp_dim=32, num_attention_heads=2,
            iou_head_hidden_dim=32))
    return save_tiny(
        folder, transformers.Sam3TrackerModel(config),
        transformers.Sam3TrackerProcessor(
            transformers.Sam3ImageProcessor(
                size=dict(height=SIDE, width=SIDE)),
            target_size=SIDE))

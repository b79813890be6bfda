"""A config of a segmentor that predicts within milliseconds."""
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401  patches mmengine before a config is read


def tiny_config(pipeline=(), data_preprocessor=None, test_cfg=None,
                **head) -> Config:
    """Return a config of three classes that has no data.

    Args:
        pipeline: Steps of testing after the image is loaded.
        data_preprocessor: More of its arguments.
        test_cfg: Of the segmentor; as a whole if None.
        **head: Of the decode head.
    """
    norm = dict(type='BN')
    return Config(dict(
        model=dict(
            type='EncoderDecoder',
            data_preprocessor=dict(
                type='SegDataPreProcessor', mean=[110., 120., 130.],
                std=[50., 60., 70.], bgr_to_rgb=True,
                **(data_preprocessor or {})),
            backbone=dict(
                type='ResNet', depth=18, norm_cfg=norm, base_channels=4,
                stem_channels=4, num_stages=2, strides=(1, 2),
                dilations=(1, 1), out_indices=(0, 1)),
            decode_head=dict(
                dict(
                    type='FCNHead', in_channels=8, in_index=1, channels=4,
                    num_convs=1, num_classes=3, norm_cfg=norm), **head),
            test_cfg=test_cfg or dict(mode='whole')),
        test_dataloader=dict(dataset=dict(
            type='SEMDataset',
            data_root='data/sem',
            data_prefix=dict(img_path='images'),
            pipeline=[
                dict(type='LoadSEMImageFromFile'), *pipeline,
                dict(type='LoadSEMAnnotations'), dict(type='PackSegInputs')
            ]))))


def write_weights(cfg: Config, path) -> str:
    """Write random weights that predict more than one class."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    # with the statistics of real activations, which otherwise fade
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(torch.randn(2, 3, 64, 64))
    torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)

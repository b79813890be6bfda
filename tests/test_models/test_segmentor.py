"""A whole segmentor of our parts, against mmseg's."""
from pathlib import Path

import mmseg
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ODD, UpstreamTests, grids


def segmentor(backbone: str, head: str, stages: int = 2):
    """The proposed model, its neck too where there are two stages."""
    channels, neck = [4, 8][:stages], None
    if stages == 2:
        neck = dict(type='MultiScaleCrossAttentionNeck', in_channels=channels)
    return MODELS.build(
        dict(
            type='EncoderDecoder',
            data_preprocessor=dict(type='SegDataPreProcessor'),
            backbone=dict(
                type=backbone,
                embed_dims=4,
                num_stages=stages,
                num_layers=[1, 1][:stages],
                num_heads=[1, 2][:stages],
                patch_sizes=[7, 3][:stages],
                strides=[4, 2][:stages],
                sr_ratios=[8, 1][:stages],
                out_indices=range(stages)),
            neck=neck,
            decode_head=dict(
                type=head,
                in_channels=[8, 8] if neck else channels,
                in_index=list(range(stages)),
                channels=8,
                dropout_ratio=0,
                num_classes=3,
                norm_cfg=dict(type='BN'),
                align_corners=False)))


class TestSegmentor(UpstreamTests):

    def build(self):
        return segmentor('FusedMixVisionTransformer', 'FusedSegformerHead')

    def upstream(self):
        return segmentor('MixVisionTransformer', 'SegformerHead')

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size)[0])]

    def one_stage(self):
        net = segmentor('FusedMixVisionTransformer', 'FusedSegformerHead', 1)
        return net, self.inputs(2, ODD)


def segformer(fused: bool) -> torch.nn.Module:
    """mmseg's SegFormer-B0 with a fraction of its channels."""
    init_default_scope('mmseg')
    model = Config.fromfile(
        Path(mmseg.__file__).parent /
        '.mim/configs/_base_/models/segformer_mit-b0.py').model
    model.backbone.update(
        embed_dims=4, num_heads=[1, 2, 3, 4], num_layers=[1, 1, 2, 1])
    model.decode_head.update(
        in_channels=[4, 8, 12, 16], channels=8, norm_cfg=dict(type='BN'))
    if fused:
        model.backbone.type = 'FusedMixVisionTransformer'
        model.decode_head.type = 'FusedSegformerHead'
    torch.manual_seed(0)
    model = MODELS.build(model)
    model.init_weights()
    return model.double()


def test_segformer_has_the_same_losses_and_gradients():
    # drop path and dropout as in the config: the same under one seed
    theirs, ours = segformer(fused=False), segformer(fused=True)
    # no equal scores, of which either class may be the highest
    torch.nn.init.normal_(ours.decode_head.conv_seg.bias)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    image = torch.randn(2, 3, 97, 70, dtype=torch.float64)
    truth = torch.randint(0, 19, (2, 1, 97, 70))
    truth[:, :, :9] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in truth]
    losses = []
    for model in (theirs, ours):
        torch.manual_seed(1)
        losses.append(model.train().loss(image, samples))
        model.parse_losses(losses[-1])[0].backward()
    torch.testing.assert_close(losses[1], losses[0])
    assert losses[0]['decode.loss_ce'] > 1
    for (name, wanted), parameter in zip(theirs.named_parameters(),
                                         ours.parameters()):
        assert wanted.grad.abs().max() > 0, name
        torch.testing.assert_close(
            parameter.grad, wanted.grad, atol=1e-10, rtol=1e-6)


def test_segformer_predicts_the_same_in_windows():
    image = torch.randn(1, 3, 97, 130, dtype=torch.float64)
    meta = dict(
        ori_shape=(97, 130), img_shape=(97, 130), pad_shape=(97, 130))
    logits = []
    for fused in (False, True):
        model = segformer(fused).eval()
        model.test_cfg.update(
            mode='slide', crop_size=(64, 64), stride=(48, 48))
        with torch.no_grad():
            logits.append(model.encode_decode(image, [meta]))
    assert logits[0].shape == (1, 19, 97, 130)
    torch.testing.assert_close(logits[1], logits[0])

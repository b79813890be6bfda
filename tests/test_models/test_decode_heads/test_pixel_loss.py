"""Losses and accuracy of our heads against those of mmseg's own head."""
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample

from mmseg_ext.models.decode_heads._pixel_loss import PixelLossMixin


class Mmsegs(BaseDecodeHead):
    """The least that the abstract class asks for."""

    def forward(self, inputs):
        return self.cls_seg(inputs[-1])


class Ours(PixelLossMixin, Mmsegs):
    pass


CROSS_ENTROPY = dict(
    type='CrossEntropyLoss', class_weight=[1., 2., 3.], loss_weight=0.5)


@pytest.mark.parametrize('kwargs', [
    dict(loss_decode=CROSS_ENTROPY),
    # the first two go by one name and are summed
    dict(loss_decode=[CROSS_ENTROPY, dict(CROSS_ENTROPY, loss_weight=2.0),
                      dict(type='DiceLoss', loss_name='loss_dice')]),
    dict(loss_decode=CROSS_ENTROPY, align_corners=True, ignore_index=0),
    dict(loss_decode=CROSS_ENTROPY,
         sampler=dict(type='OHEMPixelSampler', thresh=0.6, min_kept=50)),
])
def test_equals_mmseg(kwargs):
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 5, 6)
    labels = torch.randint(3, (2, 1, 20, 24))
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in labels]
    results = []
    for kind in (Ours, Mmsegs):
        head = kind(in_channels=4, channels=4, num_classes=3, **kwargs)
        own = logits.clone().requires_grad_()
        losses = head.loss_by_feat(own, samples)
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        results.append((losses, own.grad))
    torch.testing.assert_close(*results)
    assert list(results[0][0]) == list(results[1][0])
    assert results[0][1].abs().max() > 0

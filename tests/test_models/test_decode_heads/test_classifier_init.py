"""What the first draw of a narrow head's classifier decides."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample

from mmseg_ext.models.decode_heads.dpt import DPTDecodeHead
from mmseg_ext.models.decode_heads.unet import UNetDecodeHead

MMSEGS = dict(type='Normal', std=0.01, override=dict(name='conv_seg'))


def unet(channels: int, **kwargs) -> UNetDecodeHead:
    torch.manual_seed(0)
    head = UNetDecodeHead(
        [8, 16], [channels], num_classes=3, norm_cfg=dict(type='BN'),
        dropout_ratio=0, align_corners=False, **kwargs)
    head.init_weights()
    return head


def dpt(channels: int, **kwargs) -> DPTDecodeHead:
    torch.manual_seed(0)
    head = DPTDecodeHead(
        8, (8, 8), in_channels=(8, 8), in_index=(0, 1), channels=channels,
        input_transform='multiple_select', num_classes=3,
        aux_loss_weight=0.2, **kwargs)
    head.init_weights()
    return head


@pytest.mark.parametrize('channels', [16, 256])
@pytest.mark.parametrize('build', [unet, dpt])
def test_logits_deviate_as_the_features(build, channels):
    head = build(channels)
    for layer in head.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.out_channels == 3:
            assert layer.weight.std().item() == pytest.approx(
                channels**-0.5, rel=0.25)
            assert not layer.bias.any()
    assert head.conv_seg.weight.std() > 0.05


@pytest.mark.parametrize('build', [unet, dpt])
def test_the_users_initialisation_wins(build):
    assert build(16, init_cfg=MMSEGS).conv_seg.weight.std() < 0.02


def test_it_is_mmsegs_classifier():
    found = set(unet(16).state_dict())
    assert {'conv_seg.weight', 'conv_seg.bias'} <= found
    assert UNetDecodeHead.cls_seg is BaseDecodeHead.cls_seg


def losses(**kwargs) -> tuple[list[float], float]:
    """Train 50 steps of plain cross-entropy on maps that show the classes.

    Returns:
        The losses, and that of the classes' frequencies alone.
    """
    head = unet(16, **kwargs).train()
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(4, 1, 8, 8, generator=generator)
    field = torch.nn.functional.interpolate(coarse, (32, 32), mode='bicubic')
    truth = (field > 0.3).long() + (field > 1).long()
    signs = torch.randn(8, 1, 1, generator=generator)
    noise = torch.randn(4, 8, 32, 32, generator=generator)
    fine = field * signs + 2 * noise
    maps = [fine, torch.randn(4, 16, 16, 16, generator=generator)]
    frequency = truth.flatten().bincount() / truth.numel()
    plateau = -(frequency * frequency.log()).sum().item()
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in truth]
    optimizer = torch.optim.AdamW(head.parameters(), lr=5e-4)  # sem_150e's
    history = []
    for _ in range(50):
        loss = head.loss_by_feat(head(maps), samples)['loss_ce']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history, plateau


def test_leaves_the_plateau_of_the_frequencies():
    init_default_scope('mmseg')
    ours, plateau = losses()
    theirs, _ = losses(init_cfg=MMSEGS)
    assert ours[-1] < 0.95 * plateau  # 0.857 of 0.929
    assert theirs[-1] > 0.98 * plateau  # 0.935

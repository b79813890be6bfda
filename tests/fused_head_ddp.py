"""A step of the fused head in each of two processes."""
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmseg_ext.models.decode_heads import FusedSegformerHead

CHANNELS = [4, 5, 6, 7]


def build(kind=FusedSegformerHead) -> nn.Module:
    torch.manual_seed(0)
    head = kind(
        in_channels=CHANNELS, in_index=[0, 1, 2, 3], channels=8,
        num_classes=3, dropout_ratio=0, norm_cfg=dict(type='BN'),
        align_corners=False)
    return head.double().train()


def maps(rank: int) -> list:
    torch.manual_seed(1 + rank)
    return [torch.randn(2, c, 16 >> i, 16 >> i, dtype=torch.float64)
            for i, c in enumerate(CHANNELS)]


def loss(head: nn.Module, rank: int) -> torch.Tensor:
    return head(maps(rank)).square().mean()


def run(folder: Path) -> None:
    """Save the gradients and the buffers of one process after a step."""
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    head = build()
    network = DistributedDataParallel(head)  # which has to live for backward
    loss(network, rank).backward()
    torch.save(
        dict(gradients=[x.grad for x in head.parameters()],
             buffers=dict(head.named_buffers())), folder / f'{rank}.pth')
    dist.destroy_process_group()

"""A network, a data set and a Runner that train in a moment."""
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset


class Patches(Dataset):
    """Eight patches, each drawn from its own seed."""
    metainfo = dict(classes=('a', 'b'))

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        generator = torch.Generator().manual_seed(index)
        return dict(inputs=torch.randn(3, 4, 4, generator=generator))


class TinyModel(BaseModel):
    """A convolution and a SyncBN, as mmseg's configs have them."""

    def __init__(self, norm=nn.SyncBatchNorm) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = norm(4)

    def forward(self, inputs, mode='tensor'):
        # [(3, 4, 4)] * B -> (B, 4, 4, 4)
        out = self.norm(self.conv(torch.stack(inputs)))
        return dict(loss=(out - inputs[0].mean()).abs().mean())


def tiny_runner(work_dir, max_iters: int, **kwargs) -> Runner:
    torch.manual_seed(0)
    arguments = dict(
        model=TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=Patches(),
            batch_size=2,
            num_workers=0,
            sampler=dict(type='InfiniteSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=[dict(type='PolyLR', by_epoch=False, end=10)],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=2),
            logger=dict(type='LoggerHook', interval=1)),
        log_processor=dict(by_epoch=False),
        # mmengine keeps one message hub for each name in a process.
        experiment_name=f'{work_dir}_{max_iters}')
    return Runner(**{**arguments, **kwargs})

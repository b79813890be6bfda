"""Arguments, weights and inputs of a small DPT head."""
import torch

READOUTS = ['ignore', 'add', 'project']
EMBED = 12
POST = [4, 5, 6, 7]


def arguments(stages: int = 4, **kwargs) -> dict:
    """A small head's arguments; DPTHead takes them too, for four stages."""
    embed_dims = kwargs.get('embed_dims', EMBED)
    return {
        **dict(
            embed_dims=EMBED,
            post_process_channels=[*POST, 8][:stages],
            in_channels=[embed_dims] * stages,
            in_index=list(range(stages)),
            input_transform='multiple_select',
            channels=6,
            num_classes=3,
            dropout_ratio=0),
        **kwargs
    }


def randomised(head: torch.nn.Module, double: bool = True):
    """Give every weight and running statistic a value that matters."""
    for tensor in head.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(0.2 * torch.randn_like(tensor)).abs_().add_(-0.1)
    for name, buffer in head.named_buffers():
        if name.endswith('running_var'):
            buffer.abs_().add_(0.5)
    return head.double() if double else head


def pairs(stages: int = 4, grid=(8, 8), batch: int = 2):
    return [[
        torch.randn(
            batch, EMBED, *grid, dtype=torch.float64, requires_grad=True),
        torch.randn(batch, EMBED, dtype=torch.float64, requires_grad=True)
    ] for _ in range(stages)]


def to_tokens(pair) -> torch.Tensor:
    x, token = pair
    return torch.cat([token[:, None], x.flatten(2).mT], dim=1)

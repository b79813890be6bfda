"""Mixed precision and memory layout for training on a CPU."""
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmseg.registry import HOOKS, OPTIM_WRAPPERS
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmseg_ext.basics.arguments import check_choice

ENABLED = ('auto', True, False)


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """Train with bfloat16 under autocast where the CPU has it.

    What ``AmpOptimWrapper`` is to a GPU, which that one insists on. Weights,
    gradients and the optimiser's state stay in float32; validation runs in
    float32. No loss scaling: bfloat16 has the range of float32.

    Args:
        enabled: 'auto': only without a GPU, and where the CPU computes
            bfloat16 by itself (AVX512_BF16 or AMX, as torch 2.6 or later
            reports it; others emulate it, which is slower than float32).
            True: always, on whatever device trains; False: never.
        **kwargs: Arguments of mmengine's OptimWrapper.

    Raises:
        RuntimeError: If it is True and the GPU has no bfloat16.
        ValueError: If ``enabled`` is none of the three.
    """

    def __init__(self, enabled='auto', **kwargs) -> None:
        super().__init__(**kwargs)
        check_choice('enabled', enabled, ENABLED)
        self.device = get_device()
        if enabled == 'auto':
            enabled = self.device == 'cpu' and cpu_has_bfloat16()
        self.enabled = enabled
        print_log(
            'Training in '
            + ('bfloat16 and float32' if enabled else 'float32'),
            logger='current')

    @contextmanager
    def optim_context(self, model: nn.Module):
        with super().optim_context(model), torch.autocast(
                self.device, torch.bfloat16, enabled=self.enabled):
            yield


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the weights of convolutions as (out, height, width, in).

    Their outputs follow, and so do those of the layers after them: the
    layout in which a CPU's convolutions, and a GPU's in half precision, are
    fastest. Values stay the same to rounding.
    """

    # Before the hooks that take hold of the model.
    priority = 'VERY_HIGH'

    def before_run(self, runner) -> None:
        model = runner.model
        wrapped = isinstance(model, DistributedDataParallel)
        module = model.module if wrapped else model
        module.to(memory_format=torch.channels_last)
        if wrapped:
            # Its buffers for gradients have the weights' layout of the time
            # when it was built: each step would copy from one to the other.
            runner.model = runner.wrap_model(
                runner.cfg.get('model_wrapper_cfg'), module)


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 by instructions of its own."""
    # private, and not in torch before 2.6: there the answer is no
    names = ('_is_avx512_bf16_supported', '_is_amx_tile_supported')
    return any(getattr(torch.cpu, name, lambda: False)() for name in names)

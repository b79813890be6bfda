"""mmengine's distributed training assumes CUDA.

Without a CUDA device the process group is made with ``nccl`` after a call of
``torch.cuda.set_device``, the model is wrapped with ``device_ids`` and
SyncBatchNorm refuses CPU tensors. Two gloo processes on a CPU are how a
machine without a GPU rehearses (and tests) a multi-GPU run.

Upstream: written for GPUs, nothing reported; the abort at exit of a group
that was not left is pytorch/pytorch#190489, open.
Does nothing where CUDA or another accelerator is available.
"""
import atexit
import gc
from types import ModuleType

import torch.distributed as torch_dist


def _leave_group() -> None:
    # A group that is still up when the interpreter goes takes its threads
    # down with "terminate called without an active exception". It is up as
    # long as the wrapped model, which lies in the runner's reference cycles.
    if torch_dist.is_initialized():
        gc.collect()
        torch_dist.destroy_process_group()


def patch_process_group(dist_utils: ModuleType) -> None:
    """Let mmengine make a process group without an accelerator."""
    init_on_device = dist_utils._init_dist_pytorch

    def _init_dist_pytorch(backend, init_backend='torch', **kwargs) -> None:
        from mmengine.device import get_device

        if get_device() != 'cpu':
            init_on_device(backend, init_backend=init_backend, **kwargs)
            return
        torch_dist.init_process_group(backend='gloo', **kwargs)
        atexit.register(_leave_group)

    # Looked up in its module each time, so one assignment is enough.
    dist_utils._init_dist_pytorch = _init_dist_pytorch


def patch_model_wrapper(distributed: ModuleType) -> None:
    """Let mmengine wrap a model for several processes of a CPU."""
    wrapper = distributed.MMDistributedDataParallel
    wrap_on_device = wrapper.__init__

    def __init__(self, module, *args, **kwargs) -> None:
        from mmengine.device import get_device
        from mmengine.logging import print_log
        from mmengine.model import revert_sync_batchnorm

        if get_device() == 'cpu':
            print_log(
                'No accelerator: gloo on the CPU, and each process keeps its '
                'own batch statistics (BN in place of SyncBN).',
                logger='current')
            module = revert_sync_batchnorm(module)
            kwargs['device_ids'] = None
        wrap_on_device(self, module, *args, **kwargs)

    wrapper.__init__ = __init__

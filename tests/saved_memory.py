"""What autograd saves for backward."""
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def saved_bytes(run: Callable, own: Iterable[Tensor]) -> int:
    """Run it and return the bytes that it saves beside what is its own."""
    own = {x.untyped_storage().data_ptr() for x in own}
    saved = {}

    def pack(x):
        storage = x.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        run()
    return sum(saved.values())


class LiveMemory(TorchDispatchMode):
    """Watch the bytes of all tensors that were computed and still live.

    Args:
        own: Tensors that do not count.
    """

    def __init__(self, own: Iterable[Tensor]) -> None:
        super().__init__()
        self.own = {x.untyped_storage()._cdata for x in own}
        self.storages = {}
        self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for x in tree_leaves(out):
            if isinstance(x, Tensor):
                storage = x.untyped_storage()
                if storage._cdata not in self.own:
                    self.storages[storage._cdata] = (
                        StorageWeakRef(storage), storage.nbytes())
        self.peak = max(self.peak, self.now)
        return out

    @property
    def now(self) -> int:
        return sum(nbytes for storage, nbytes in self.storages.values()
                   if not storage.expired())


def kept_bytes(run: Callable, own: Iterable[Tensor]) -> int:
    """Run it and return the bytes that live on while its result does.

    Unlike :func:`saved_bytes` it sees what a checkpoint holds.
    """
    with LiveMemory(own) as memory:
        out = run()
    return memory.now - sum(x.untyped_storage().nbytes()
                            for x in tree_leaves(out))

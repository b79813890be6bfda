"""What autograd keeps for a backward pass."""
from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def kept_bytes(run: Callable, own: Iterable[Tensor]) -> int:
    """Run it and return the bytes that it keeps beside what is its own."""
    own = {x.untyped_storage().data_ptr() for x in own}
    kept = {}

    def pack(x):
        storage = x.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        run()
    return sum(kept.values())

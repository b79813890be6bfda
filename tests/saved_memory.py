"""What autograd saves for backward."""
from collections.abc import Callable, Iterable

import torch
from torch import Tensor


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

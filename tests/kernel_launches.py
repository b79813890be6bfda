"""What runs on a device, counted without one."""
from collections import Counter

from torch.utils._python_dispatch import TorchDispatchMode


class Launches(TorchDispatchMode):
    """Count the operators of PyTorch that start a kernel, by their names.

    Each is one, however many kernels it starts; a view and an empty tensor
    are none. To be entered inside a FakeTensorMode, and around the backward
    pass too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name()
        if func.namespace != 'prim' and not (
                func.is_view or name.startswith('aten::empty')
                or name == 'aten::new_empty'):
            self.names[name] += 1
        return func(*args, **(kwargs or {}))

    @property
    def total(self) -> int:
        return sum(self.names.values())

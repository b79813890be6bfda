"""A data set of images without files, some of them defective."""
from mmengine.dataset import BaseDataset


class Images(BaseDataset):
    """Images 0 to ``defective - 1`` are defective, ``clean`` follow."""

    def __init__(self, defective: int, clean: int) -> None:
        self.kinds = [True] * defective + [False] * clean
        super().__init__()

    def load_data_list(self) -> list:
        return [dict(defective=kind) for kind in self.kinds]

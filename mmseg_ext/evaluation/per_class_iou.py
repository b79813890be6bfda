"""IoU of every class as a logged number."""
import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from .labels import check_truth


@METRICS.register_module()
class PerClassIoUMetric(IoUMetric):
    """mmseg's IoUMetric with a scalar for each class.

    Beside the means (``mIoU``, ``mAcc``, ``aAcc``) it returns
    ``IoU.<class>`` (``Dice.<class>``, ``Fscore.<class>``) in percent, which
    loggers, TensorBoard and ``save_best`` can use; stock mmseg 1.x prints
    them in a table only. nan: the class is neither in the truth nor in the
    prediction of any image.

    Args: See mmseg's IoUMetric.

    Raises:
        ValueError: If the ground truth holds a value outside the classes,
            or two predictions would be written to one file.

    Reference:
        Byeon et al., 2025, equation 4.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._written: dict[str, str] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        if not self.format_only:
            for data_sample in data_samples:
                check_truth(data_sample, len(self.dataset_meta['classes']),
                            self.ignore_index)
        if self.output_dir is not None:
            self._refuse_overwriting(data_samples)
        super().process(data_batch, data_samples)

    def _refuse_overwriting(self, data_samples: Sequence[dict]) -> None:
        # IoUMetric names a file after its image, without the folder.
        for data_sample in data_samples:
            path = data_sample['img_path']
            name = osp.splitext(osp.basename(path))[0]
            other = self._written.setdefault(name, path)
            if other != path:
                raise ValueError(f'{other} and {path} would both be written '
                                 f'to {name}.png in {self.output_dir}')

    def compute_metrics(self, results: list) -> dict[str, float]:
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        areas = [sum(area) for area in zip(*results)]
        per_class = self.total_area_to_metrics(*areas, self.metrics,
                                               self.nan_to_num, self.beta)
        for wanted in self.metrics:
            name = wanted[1:]  # mIoU -> IoU
            for label, value in zip(self.dataset_meta['classes'],
                                    per_class[name]):
                metrics[f'{name}.{label}'] = float(np.round(100 * value, 2))
        return metrics

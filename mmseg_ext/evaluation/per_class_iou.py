"""IoU of every class as a logged number."""
import io
import os.path as osp
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from PIL import Image
from torch import Tensor

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.files import output_stem

from .confusion import count_pairs
from .labels import checked_labels


@METRICS.register_module()
class PerClassIoUMetric(IoUMetric):
    """mmseg's IoUMetric with a scalar for each class.

    Beside the means (``mIoU``, ``mAcc``, ``aAcc``) it returns
    ``IoU.<class>`` and ``Acc.<class>`` (mDice: ``Dice.<class>``; mFscore:
    ``Fscore.<class>``, ``Precision.<class>`` and ``Recall.<class>``) in
    percent, which loggers, TensorBoard and ``save_best`` can use; stock
    mmseg 1.x prints them in a table only. nan: the divisor is 0, as for IoU
    if the class is neither in the ground truth nor in the prediction of any
    image.

    With ``output_dir`` predictions are written as label images, named after
    their image from ``image_folders`` on, and without its folder if that is
    in none of them. A sample that has the key ``output_name`` (a relative
    path without suffix, such as 'transistor/test/good/000') is written to
    ``<output_dir>/<output_name>.png`` instead. Add it to ``meta_keys`` of
    PackSegInputs.

    Args:
        image_folders: Folders of the images; those below them are kept in
            ``output_dir``. ``tools/test.py --out`` sets them where they are
            not given.
        **kwargs: See mmseg's IoUMetric, as the other arguments.

    Raises:
        ValueError: If the ground truth or the prediction holds a value outside
            the classes, two predictions would be written to one file, or an
            ``output_name`` leads out of ``output_dir``.

    Reference:
        Byeon et al., 2025, equation 4.
    """

    def __init__(self, *args, image_folders: Sequence[str] = (),
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.image_folders = tuple(image_folders)
        if isinstance(self.metrics, str):
            self.metrics = [self.metrics]
        self._written: dict[str, str] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        num_classes = len(self.dataset_meta['classes'])
        for data_sample in data_samples:
            if self.output_dir is not None:
                self._write(self._output_name(data_sample), data_sample)
            if self.format_only:
                continue
            pred, truth = checked_labels(data_sample, num_classes,
                                         self.ignore_index)
            self.results.append(
                self.intersect_and_union(pred, truth, num_classes,
                                         self.ignore_index))

    @staticmethod
    def intersect_and_union(pred_label: Tensor, label: Tensor,
                            num_classes: int,
                            ignore_index: int) -> tuple[Tensor, ...]:
        """Count the pixels of each class.

        Stock's numbers, faster, and in float64: sums over a set pass 2**24,
        beyond which float32 drops pixels.

        Args:
            pred_label: Predicted class ids, any shape.
            label: True class ids or ``ignore_index``, same shape.
            num_classes: Number of classes.
            ignore_index: Value of pixels without a label.

        Returns:
            Intersection, union, prediction and ground truth, each
            (num_classes,) float64.
        """
        confusion = count_pairs(
            pred_label, label, num_classes, ignore_index).double()
        both = confusion.diagonal()
        pred, truth = confusion.sum(0), confusion.sum(1)
        return both, pred + truth - both, pred, truth

    def _output_name(self, data_sample: dict) -> str:
        """Name a sample's file, without suffix; no name comes twice."""
        path = data_sample['img_path']
        name = data_sample.get('output_name')
        if name is None:
            name = output_stem(path, self.image_folders)
        else:
            plain = osp.normpath(name)
            if osp.isabs(name) or plain.split(osp.sep)[0] in ('.', '..'):
                raise ValueError(
                    f'output_name={name!r} of {path}: must be a relative '
                    f'path of a file inside output_dir={self.output_dir!r}.')
            name = plain
        other = self._written.setdefault(name, path)
        if other != path:
            raise ValueError(
                f'{other} and {path} would both be written to {name}.png in '
                f'{self.output_dir}: name the folder that holds them in '
                'image_folders of this metric, or rename one of them.')
        return name

    def _write(self, name: str, data_sample: dict) -> None:
        labels: Tensor = data_sample['pred_sem_seg']['data'].squeeze().cpu()
        if data_sample.get('reduce_zero_label', False):
            labels = labels + 1  # back to the file's values, as stock does
        picture = io.BytesIO()
        Image.fromarray(labels.numpy().astype(np.uint8)).save(picture, 'png')
        write_atomically(Path(self.output_dir, f'{name}.png'),
                         picture.getvalue())

    def compute_metrics(self, results: list) -> dict[str, float]:
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        areas = [sum(area) for area in zip(*results)]
        per_class = self.total_area_to_metrics(*areas, self.metrics,
                                               self.nan_to_num, self.beta)
        per_class.pop('aAcc')  # of all classes together
        for name, values in per_class.items():
            for label, value in zip(self.dataset_meta['classes'], values):
                metrics[f'{name}.{label}'] = float(np.round(100 * value, 2))
        return metrics

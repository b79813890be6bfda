"""Labelling of a folder, from files and options to files and a report."""
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import claimed_folder
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import list_files, name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.datasets.ksdd2_layout import (
    has_defect,
    list_masks,
    list_part,
    read_labels,
)
from mmseg_ext.engine import load_trained, require_extra

from .contrast_segmenter import ContrastSegmenter
from .corrections import import_corrections
from .grabcut_segmenter import GrabCutSegmenter
from .label_folder import label_folder
from .label_report import write_report
from .label_store import LabelStore
from .labeler import ImageLabeler
from .random_walker_segmenter import RandomWalkerSegmenter
from .sam2_segmenter import Sam2Segmenter, Sam3Segmenter
from .segmenter import PromptSegmenter

SEGMENTERS = dict(
    contrast=ContrastSegmenter,
    grabcut=GrabCutSegmenter,
    random_walker=RandomWalkerSegmenter,
    sam2=Sam2Segmenter,
    sam3=Sam3Segmenter)


@dataclass(frozen=True)
class LabelingJob:
    """What ``tools/label_images.py`` is asked to do; see its options.

    Attributes:
        cfg: Config of the classifier; its test set's pipeline loads images.
        checkpoint: The classifier's weights.
        images: Folder of images; files that end in ``_GT`` are masks.
        out: Folder of the labels.
        labels: CSV file of which images are defective, see
            :func:`~mmseg_ext.datasets.ksdd2_layout.read_labels`.
        ground_truth: Folder of ground-truth masks, '' for that of the images;
            None: there are none.
        segmenter: One of ``SEGMENTERS``.
        sam_weights: Of SAM 2 or 3, see :class:`Sam2Segmenter`.
        layer: Of Grad-CAM.
        max_points: Most points of a prompt.
        accept: Least quality of a mask that is not for review, 0 to 1.
        area: Least and greatest plausible area, as fractions of the image.
    """
    cfg: Config
    checkpoint: str
    images: Path
    out: Path
    labels: Optional[str] = None
    ground_truth: Optional[str] = None
    segmenter: str = 'contrast'
    sam_weights: Optional[str] = None
    layer: str = 'backbone'
    max_points: int = 1
    accept: float = 0.5
    area: tuple[float, float] = (1e-4, 0.3)

    def run(self, overwrite: bool, min_iou: float, minutes: float) -> str:
        """Label, and return the report, see :func:`write_report`."""
        images, truths, defective = self._inputs()
        labeler = self._labeler()
        with claimed_folder(self.out):
            store = LabelStore(self.out, self._settings(), overwrite)
            before = label_folder(
                labeler, images, store, defective, truths, self.accept)
            report = write_report(store, min_iou, minutes)
        return (f'\n{counted(len(images), "image")}, {before} of them '
                f'labelled before.\n\n{report}\n\nWrote all to {self.out}')

    def import_corrections(self, min_iou: float, minutes: float) -> str:
        """Take corrections over, and return the report."""
        if not self.out.exists():
            raise FileNotFoundError(f'There are no labels in {self.out} yet.')
        images, truths, _ = self._inputs()
        with claimed_folder(self.out):
            store = LabelStore(self.out, self._settings())
            counts = import_corrections(store, images, truths)
            report = write_report(store, min_iou, minutes)
        return (', '.join(f'{count} {change}'
                          for change, count in counts.items())
                or 'nothing was changed') + f'\n\n{report}'

    def _inputs(self) -> tuple[dict, Optional[dict], Optional[dict]]:
        """Return paths of images and masks, and which are defective."""
        folder = self.images.resolve()
        if not list_files(str(folder), IMAGE_SUFFIXES):
            raise FileNotFoundError(
                f'No images in {self.images}; expected are '
                f'{", ".join(IMAGE_SUFFIXES)} files')
        listed = list_part(str(folder.parent), folder.name)
        prefix = len(folder.name) + 1
        images = {name[prefix:]: image['img_path']
                  for name, image in listed.items()}
        truths = defective = None
        if self.ground_truth is not None:
            truths = list_masks(self.ground_truth or str(folder))
            self._all_in(truths, images, 'have no ground-truth mask in '
                         f'{self.ground_truth or folder}')
        if self.labels is not None:
            given = read_labels(self.labels, folder.name)
            defective = {name[prefix:]: label
                         for name, label in given.items()}
            self._all_in(defective, images, f'have no row in {self.labels}, '
                         f'such as {folder.name}/{next(iter(images))}.png,1')
        elif truths is not None:
            defective = {name: has_defect(truths[name]) for name in images}
        return images, truths, defective

    @staticmethod
    def _all_in(found: dict, images: dict, lack: str) -> None:
        missing = [name for name in images if name not in found]
        if missing:
            raise ValueError(f'{len(missing)} of {len(images)} images '
                             f'({name_some(missing)}) {lack}')

    def _labeler(self) -> ImageLabeler:
        require_extra('mmpretrain', 'mmpretrain')
        if not self.cfg.model.type.endswith('ImageClassifier'):
            raise ValueError(
                f'The config\'s model is a {self.cfg.model.type}; a '
                'classifier is needed, such as '
                'mmseg_ext::ksdd2/efficientnet_b0_ksdd2.py, or a segmentor '
                'that trains on SEMDataset')
        return ImageLabeler(
            load_trained(self.cfg, self.checkpoint),
            self.cfg.test_dataloader.dataset,
            self._segmenter(),
            self.layer,
            max_points=self.max_points,
            snap=self._is_sam,
            min_area=self.area[0],
            max_area=self.area[1])

    def _segmenter(self) -> PromptSegmenter:
        kind = SEGMENTERS[self.segmenter]
        if not self._is_sam:
            return kind()
        if self.sam_weights is None:
            raise ValueError(
                f'{kind.title} needs weights: --{self.segmenter}-weights '
                'FOLDER, or a name on the Hugging Face hub such as '
                f'{kind.published}')
        return kind(self.sam_weights)

    @property
    def _is_sam(self) -> bool:
        return issubclass(SEGMENTERS[self.segmenter], Sam2Segmenter)

    def _settings(self) -> dict:
        """Return what the labels depend on."""
        digest = hashlib.sha256(Path(self.checkpoint).read_bytes())
        return dict(
            checkpoint=digest.hexdigest()[:16],
            pipeline=str(self.cfg.test_dataloader.dataset.pipeline),
            images=str(self.images.resolve()),
            labels=self.labels,
            segmenter=self.segmenter,
            # as it was called when there was no other
            sam2_weights=self.sam_weights,
            layer=self.layer,
            max_points=self.max_points,
            accept=self.accept,
            area=list(self.area))

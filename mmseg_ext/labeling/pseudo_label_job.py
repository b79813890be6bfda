"""Pseudo-labels of images that have none, and a config that trains on them.

Each image is predicted once, and its classes and confidences are stored: all
thresholds are of all images together, and another threshold costs seconds.
"""
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.config import Config

from mmseg_ext.basics import (
    claimed_folder,
    printable,
    read_bytes,
    write_atomically,
)
from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.files import is_of_disk
from mmseg_ext.basics.intensity import grey_histogram, histogram_moments
from mmseg_ext.basics.png_files import write_png_atomically
from mmseg_ext.basics.printable import counted, name_some
from mmseg_ext.basics.pseudo_labels import SHEET, PseudoLabels
from mmseg_ext.checking.config_splits import splits_of_config
from mmseg_ext.checking.splits import Split
from mmseg_ext.inference import EnsembleModel, TorchModel, list_inputs, predict
from mmseg_ext.inference.calibration import AUTO
from mmseg_ext.inference.ensemble import VIEWS
from mmseg_ext.inference.inputs import Inputs
from mmseg_ext.inference.outliers import COMPARED, describe_outliers
from mmseg_ext.inference.predictor import LogitModel
from mmseg_ext.inference.preparation import Preparation
from mmseg_ext.inference.probabilities import STEPS
from mmseg_ext.inference.run_record import RunRecord

from .confidence import class_thresholds, confidence_of
from .known_images import known_images
from .label_folder import FAILURES
from .phase_training import find_micrographs
from .pseudo_label_config import both_config, marked_root, source_sets
from .pseudo_label_places import (
    LOOKED_AT,
    compare_kinds,
    refuse_place,
    without_masks,
)
from .pseudo_label_report import PseudoLabelReport
from .pseudo_label_sheet import draw_sheet
from .pseudo_label_store import BASE, CONFIG, Confidence, PseudoLabelStore


@dataclass(frozen=True)
class PseudoLabelJob:
    """What ``tools/pseudo_label.py`` is asked to do; see its options.

    Attributes:
        cfg: Config of a segmentor, with the set that it was trained on.
        checkpoint: Its weights.
        images: Folder of images of the target.
        out: Folder of the labels, see :class:`PseudoLabelStore`.
        threshold: Greatest confidence to ask for, between 0 and 1.
        per_class: See :func:`~.confidence.class_thresholds`.
        previous: Folder of the last round; None: that which the config
            trains on, or there was none.
        base: Config file that the new one inherits from; None: options have
            changed the config, which is written beside the labels.
        tta: 'flips': confidences are those of the mean of the probabilities
            of four mirrored views; 'none': of one.
        bit_depth: Significant bits of 16-bit images; None: as in training.
        crop_bottom: See :class:`~mmseg_ext.inference.PredictionJob`; None:
            also 'auto' where training crops images to their masks.
        device: Such as 'cpu'; None: the GPU if there is one.

    Raises:
        ValueError: If the config has no such data, or an argument is out of
            its range.
    """
    cfg: Config
    checkpoint: str
    images: Path
    out: Path
    threshold: float = 0.9
    per_class: float = 0.5
    previous: Optional[Path] = None
    base: Optional[str] = None
    tta: str = 'flips'
    bit_depth: Optional[int] = None
    crop_bottom: int | str | None = None
    device: Optional[str] = None

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f'threshold={self.threshold}: must be above 0 '
                             'and below 1')
        if not 0 <= self.per_class <= 1:
            raise ValueError(f'per_class={self.per_class}: must be from 0 to '
                             '1')
        check_choice('tta', self.tta, tuple(VIEWS))
        if not source_sets(self.cfg):
            raise ValueError('The config trains on pseudo-labels alone: name '
                             'the one with the source\'s masks.')

    def run(self, overwrite: bool = False) -> str:
        """Write the labels, and say how to train on them.

        Args:
            overwrite: Make labels anew that are there.

        Raises:
            BlockingIOError: If another process writes to ``out``.
            FileExistsError: If ``out`` holds other files.
            FileNotFoundError: If there are no images.
            ValueError: If the model or an image cannot be used, ``out`` is
                in a folder of data, or was begun with other settings.
        """
        refuse_place(self.out, self.images, self.cfg)
        inputs, left = without_masks(
            list_inputs([str(self.images)], self.out))
        splits = splits_of_config(self.cfg)
        previous = self._previous()
        remarks = left + compare_kinds(inputs, splits, self._depth)
        model = self._model()
        with claimed_folder(self.out):
            store = PseudoLabelStore(
                self.out, self._record(model, inputs, previous), overwrite)
            predicted = self._predict(store, model, inputs)
            store.record.write(self.out)
            if not predicted:
                raise ValueError('None of the images could be predicted: '
                                 + '; '.join(store.record.failures.values()))
            counts = store.histogram(list(predicted))
            thresholds = class_thresholds(
                counts, self.threshold, self.per_class)
            mark = self._mark(model, counts, thresholds, previous)
            mark.write(self.out)  # no mask ever lies there without
            found = store.select(predicted, thresholds)
            self._draw(store, model, predicted, found, thresholds)
            notes = self._write_config(model)
        notes += self._outliers(model, predicted)
        return PseudoLabelReport(
            self, mark, previous, counts, found, store.record.failures,
            [*remarks, *self._shared(store, splits), *notes]).text()

    @property
    def _depth(self) -> Optional[int]:
        """Significant bits of 16-bit images, as far as it is said."""
        if self.bit_depth is not None:
            return self.bit_depth
        return (find_micrographs(self.cfg) or {}).get('bit_depth')

    def _model(self) -> LogitModel:
        model = TorchModel(self.cfg, self.checkpoint, self.device)
        if len(model.classes) < 2:
            raise ValueError(
                f'The model has one class, {model.classes[0]!r}: all pixels '
                'are of it, and nothing can be learned from its predictions.')
        return model if self.tta == 'none' else EnsembleModel(
            [model], self.tta)

    def _preparation(self, model: LogitModel) -> Preparation:
        crop = self.crop_bottom
        if crop is None and (find_micrographs(self.cfg) or {}).get(
                'info_band') == 'mask':
            crop = AUTO  # there is no mask yet to be cropped to
        return Preparation.of(model, self.bit_depth, crop)

    def _previous(self) -> Optional[PseudoLabels]:
        """Return the mark of the last round; None: this is the first."""
        if self.previous is not None:
            if self.previous.absolute() == self.out.absolute():
                raise ValueError(f'{self.out} is the folder of the last '
                                 'round: name another for this one.')
            return PseudoLabels.read(self.previous)
        dataset = self.cfg.train_dataloader.dataset
        roots = [marked_root(one) for one in dataset.get('datasets', ())]
        found = [PseudoLabels.read(root) for root in roots if root]
        return max(found, key=lambda mark: mark.round, default=None)

    def _record(self, model: LogitModel, inputs: Inputs,
                previous: Optional[PseudoLabels]) -> RunRecord:
        preparation = self._preparation(model)
        settings = dict(
            inputs=list(inputs.sources),
            weights_sha256=model.digest(),
            **model.details,
            classes=list(model.classes),
            bit_depth=preparation.bit_depth,
            crop_bottom=preparation.crop_bottom,
            threshold=self.threshold,
            per_class=self.per_class,
            round=_round_after(previous))
        # as they are read back
        return RunRecord(json.loads(json.dumps(settings)), model.weights,
                         list(model.classes), model.palette)

    def _predict(self, store: PseudoLabelStore, model: LogitModel,
                 inputs: Inputs) -> dict[str, Path]:
        """Predict what is not predicted; return name -> path of all."""
        preparation, faults = self._preparation(model), inputs.faults()
        gone = sorted(set(store.rows) - set(inputs.images))
        if gone:
            raise ValueError(
                f'{self.out} holds predictions of '
                f'{counted(len(gone), "image")} no longer there: '
                f'{name_some(gone)}. Put them back, name another folder, or '
                'make the labels anew with --overwrite.')
        failures = store.record.failures
        failures.update(inputs.unread)
        found, images = {}, inputs.images
        show = count_progress('images')
        for done, (name, path) in enumerate(images.items()):
            show(done, len(images))
            try:
                if name in faults:
                    raise ValueError(faults[name])
                data = read_bytes(path)
                digest = hashlib.sha256(data).hexdigest()
                if not store.is_predicted(name, digest):
                    image, _ = preparation.read(path, data)
                    store.add(name, path, digest, *_look(model, image))
                found[name] = path
            except (*FAILURES, ArithmeticError, LookupError) as error:
                if isinstance(error, OSError) and is_of_disk(error):
                    raise
                failures[printable(name)] = printable(
                    ' '.join(str(error).split()) or type(error).__name__)
        show(len(images), len(images))
        store.forget([name for name in store.rows if name not in found])
        return found

    def _mark(self, model: LogitModel, counts: np.ndarray,
              thresholds: np.ndarray, previous: Optional[PseudoLabels]
              ) -> PseudoLabels:
        pixels = counts.sum(1)
        kept = [int(row[least:].sum())
                for row, least in zip(counts, thresholds)]
        return PseudoLabels(
            model=Path(self.checkpoint).name,
            weights_sha256=model.digest(),
            config=self.base or BASE,
            round=_round_after(previous),
            threshold=self.threshold,
            per_class=self.per_class,
            classes=list(model.classes),
            thresholds=[round(float(least / STEPS), 6) if number else None
                        for least, number in zip(thresholds, pixels)],
            pixels=pixels.tolist(),
            kept=kept)

    def _draw(self, store: PseudoLabelStore, model: LogitModel,
              images: dict[str, Path], found: dict[str, Confidence],
              thresholds: np.ndarray) -> None:
        preparation = self._preparation(model)

        def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
            path = images[name]
            image, _ = preparation.read(path, read_bytes(path))
            if image.ndim == 2:
                image = np.repeat(image[..., None], 3, axis=2)
            return image, store.mask(name, thresholds)

        write_png_atomically(self.out / SHEET, draw_sheet(
            found, pair, model.classes, model.palette,
            f'{counted(len(found), "image")}, least sure first'))

    def _write_config(self, model: LogitModel) -> list[str]:
        base = self.base
        if base is None:
            written = Config(self.cfg.to_dict())
            written.pop('work_dir', None)
            written.dump(self.out / BASE)
            base = f'./{BASE}'
        text, notes = both_config(
            self.cfg, base, Path(self.checkpoint), self.out, model.classes,
            model.palette, self._preparation(model).bit_depth)
        write_atomically(self.out / CONFIG, text)
        return notes

    def _outliers(self, model: LogitModel, images: dict[str, Path]
                  ) -> list[str]:
        """Say which images are darker or brighter than the training's."""
        if model.intensities is None or model.match is not None:
            return []
        preparation, moments = self._preparation(model), {}
        for name in list(images)[::-(-len(images) // LOOKED_AT)]:
            path = images[name]
            image, _ = preparation.read(path, read_bytes(path))
            moments[name] = histogram_moments(grey_histogram(image))
        said = describe_outliers(
            model, moments, images, [str(self.images)], self.bit_depth,
            self.crop_bottom, count_progress(COMPARED))
        if '\n' in said:  # ends in a command
            said += '\n  and give its config.py and weights.pth to this tool'
        return [said] if said else []

    @staticmethod
    def _shared(store: PseudoLabelStore, splits: list[Split]) -> list[str]:
        """Say which images are those of the source, too."""
        known, parts = known_images(splits), {}
        for name, row in store.rows.items():
            part = known.get(row['sha256'])
            if part is not None:
                parts.setdefault(part, []).append(name)
        return [
            counted(len(names), 'image is', 'images are')
            + f' also in the {part} part of the config: '
            f'{name_some(names)}. ' + (
                'They are trained on with their masks already.'
                if part == 'train' else
                'What is measured on them later is no longer measured on '
                'unseen images.')
            for part, names in parts.items()]


def _round_after(previous: Optional[PseudoLabels]) -> int:
    return previous.round + 1 if previous else 1


def _look(model: LogitModel, image: np.ndarray
          ) -> tuple[np.ndarray, np.ndarray]:
    """Return class ids and confidences of an image, (H, W) each."""
    confidences = np.zeros(image.shape[:2], np.uint16)

    def keep(top: int, logits: np.ndarray) -> None:
        confidences[top:top + logits.shape[1]] = confidence_of(logits)

    return predict(model, image, keep=keep).mask, confidences

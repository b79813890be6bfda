"""Correction of predicted phases: the most undecided images first."""
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.config import Config

from mmseg_ext.basics import claimed_folder, printable, read_bytes
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.console import count_progress
from mmseg_ext.basics.duplicates import (
    Fingerprint,
    find_duplicates,
    take_fingerprint,
)
from mmseg_ext.basics.files import is_of_disk, sha256
from mmseg_ext.basics.labelme_files import IGNORE, TOLERANCE
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.checking.config_splits import splits_of_config
from mmseg_ext.inference import TorchModel, list_inputs, predict
from mmseg_ext.inference.calibration import AUTO
from mmseg_ext.inference.entropy import EntropyMeter
from mmseg_ext.inference.inputs import Inputs
from mmseg_ext.inference.phases import check_phase
from mmseg_ext.inference.preparation import Preparation

from .known_images import known_images
from .label_folder import FAILURES
from .phase_corrections import import_phases
from .phase_store import TRAINING, PhaseStore
from .phase_table import LEFT_OUT, REVIEW, TABLE, WAITING, PhaseRow
from .phase_training import find_micrographs, training_config

CONFIG = 'config.py'


@dataclass(frozen=True)
class PhaseLabelingJob:
    """What ``tools/label_images.py`` is asked to do with a segmentor.

    Attributes:
        cfg: Config of a segmentor that was trained on :class:`SEMDataset`.
        checkpoint: Its weights.
        images: Folder of images.
        out: Folder of the labels, see :class:`PhaseStore`.
        number: So many images wait for a person at most.
        base_phase: What no polygon covers; None: the phase of most pixels.
        tolerance: Of polygons, in pixels, see :func:`ids_to_shapes`.
        bit_depth: Significant bits of 16-bit images; None: as in training.
        crop_bottom: See :class:`~mmseg_ext.inference.PredictionJob`; None:
            also 'auto' where training crops images to their masks.

    Raises:
        ValueError: If the config has no such data, or an argument is out of
            its range.
    """
    cfg: Config
    checkpoint: str
    images: Path
    out: Path
    number: int = 10
    base_phase: Optional[str] = None
    tolerance: float = TOLERANCE
    bit_depth: Optional[int] = None
    crop_bottom: int | str | None = None

    def __post_init__(self) -> None:
        check_at_least(1, number=self.number)
        if not 0 <= self.tolerance < float('inf'):
            raise ValueError(f'tolerance={self.tolerance}: must be 0 or more')

    def run(self, overwrite: bool = False) -> str:
        """Predict, choose what to correct, and say how to."""
        model, inputs = self._open()
        with claimed_folder(self.out):
            store = self._store(model, overwrite)
            prints = self._predict(store, model, inputs)
            _find_near_duplicates(store.rows, prints)
            store.write_table()
            new = self._export(store, model, inputs.images)
        return self._describe(store, new, inputs.unread)

    def import_corrections(self) -> str:
        """Take corrections over, and say how to train on them."""
        if not self.out.exists():
            raise FileNotFoundError(f'There are no labels in {self.out} yet.')
        model, inputs = self._open()
        with claimed_folder(self.out):
            store = self._store(model)
            counts, notes = import_phases(store, inputs.images)
            number = store.write_record()
            place = self.out / TRAINING
            reading = dict(info_band='mask')
            if self.bit_depth is not None:
                reading['bit_depth'] = self.bit_depth
            if number:
                training_config(
                    self.cfg, Path(self.checkpoint), place, model.classes,
                    model.palette, reading).dump(place / CONFIG)
            else:
                (place / CONFIG).unlink(missing_ok=True)
        lines = [', '.join(f'{count} {change}' for change, count
                           in counts.items()) or 'nothing was changed', *notes]
        if number:
            lines += [
                f'{counted(number, "image")} of a person in {place}. To train '
                'on them as well:',
                f'{command_for("train")} '
                + quote_command([str(place / CONFIG)])
                + ' --work-dir work_dirs/corrected']
        return '\n'.join(lines)

    def _open(self) -> tuple[EntropyMeter, Inputs]:
        inputs = list_inputs([str(self.images)], self.out)
        model = EntropyMeter(TorchModel(self.cfg, self.checkpoint))
        if IGNORE in model.classes:
            raise ValueError(f'A phase is called {IGNORE!r}, which in '
                             'labelme is what has no label. Rename it in '
                             'metainfo.')
        if self.base_phase is not None:
            check_phase(self.base_phase, model.classes, 'base_phase')
        return model, inputs

    def _preparation(self, model: EntropyMeter) -> Preparation:
        crop = self.crop_bottom
        if crop is None and find_micrographs(self.cfg).get(
                'info_band') == 'mask':
            crop = AUTO  # there is no mask yet to be cropped to
        return Preparation.of(model, self.bit_depth, crop)

    def _store(self, model: EntropyMeter,
               overwrite: bool = False) -> PhaseStore:
        preparation = self._preparation(model)
        settings = dict(
            weights_sha256=sha256(model.weights),
            **model.details,
            images=str(self.images.resolve()),
            classes=list(model.classes),
            bit_depth=preparation.bit_depth,
            crop_bottom=preparation.crop_bottom,
            tolerance=self.tolerance)
        return PhaseStore(self.out, settings, model.classes, self.tolerance,
                          overwrite)

    def _predict(self, store: PhaseStore, model: EntropyMeter,
                 inputs: Inputs) -> dict[str, Fingerprint]:
        """Predict what is not predicted; return all pictures' fingerprints."""
        preparation = self._preparation(model)
        known = known_images(splits_of_config(self.cfg))
        images, faults = inputs.images, inputs.faults()
        prints, replaced = {}, []
        show = count_progress('images')
        for done, (name, path) in enumerate(images.items()):
            show(done, len(images))
            row = store.rows.get(name)
            digest = ''
            try:
                if name in faults:
                    raise ValueError(faults[name])
                data = read_bytes(path)
                digest = hashlib.sha256(data).hexdigest()
                if row is not None and row.is_exported and (
                        row.sha256 != digest):
                    replaced.append(name)
                    continue
                part = known.get(digest)
                if part is not None and not (row and row.is_exported):
                    raise ValueError(f"is in the config's {part} part")
                image, _ = preparation.read(path, data)
                if (row is None or row.sha256 != digest
                        or row.status == LEFT_OUT
                        or not store.prediction_path(name).exists()):
                    found = predict(model, image)
                    kept = row if row and row.is_exported else PhaseRow(
                        name, WAITING, sha256=digest)
                    store.add(replace(kept, uncertainty=model.take()),
                              found.mask)
                prints[name] = take_fingerprint(image)
            except FAILURES as error:
                model.take()
                if isinstance(error, OSError) and is_of_disk(error):
                    raise
                if row is None or not row.is_exported:
                    reason = str(error) or type(error).__name__
                    store.put(PhaseRow(
                        printable(name), LEFT_OUT,
                        reason=printable(' '.join(reason.split())),
                        sha256=digest))
        show(len(images), len(images))
        if replaced:
            raise ValueError(
                counted(len(replaced), 'image was', 'images were')
                + ' replaced after having been written for labelme: '
                f'{name_some(replaced)}. Put the images '
                f'back; or take their lines out of {store.root / TABLE}, and '
                'they are predicted anew.')
        return prints

    def _export(self, store: PhaseStore, model: EntropyMeter,
                images: Mapping[str, Path]) -> list[PhaseRow]:
        """Write files for labelme until enough images wait; return those."""
        preparation = self._preparation(model)
        open_ = sum(row.status == REVIEW for row in store.rows.values())
        chosen = sorted(
            (row for row in store.rows.values() if row.status == WAITING
             and not row.near_duplicate_of and row.image in images),
            key=lambda row: row.rank)[:max(self.number - open_, 0)]
        if not chosen:
            return []
        base = self.base_phase or _largest_phase(store)
        show = count_progress('files for labelme')
        for done, row in enumerate(chosen):
            show(done, len(chosen))
            path = images[row.image]
            image, _ = preparation.read(path, read_bytes(path))
            store.export(row, image, base)
        show(len(chosen), len(chosen))
        return chosen

    def _describe(self, store: PhaseStore, new: list[PhaseRow],
                  unread: Mapping[str, str]) -> str:
        rows = sorted(store.rows.values(), key=lambda row: row.rank)
        waiting = [row for row in rows if row.status == REVIEW]
        left_out = [row for row in rows if row.status == LEFT_OUT]
        twice = sum(row.near_duplicate_of != '' for row in rows)
        lines = [
            f'{counted(len(rows), "image")}, {len(new)} of them newly '
            f'written for labelme; {len(waiting)} wait for a person:']
        lines += [f'  {row.uncertainty:.3f}  {row.image}' for row in waiting]
        if twice:
            lines += [f'{twice} are nearly the same as others and not asked '
                      'for.']
        if left_out:
            lines += [f'{len(left_out)} are left out:', *(
                f'  {row.image}: {row.reason}' for row in left_out)]
        lines += [f'The folder {place} cannot be searched: {why}'
                  for place, why in unread.items()]
        if waiting:
            labels = ','.join([*store.classes, IGNORE])
            lines += [
                f'What no polygon covers is {waiting[0].base_phase}; the '
                'later in the list lies over the earlier. Correct, or tick '
                "'accepted':",
                'labelme ' + quote_command([
                    str(self.out / 'labelme'), '--nodata', '--labels',
                    labels]),
                'and then this command with --import-corrections.']
        return '\n'.join([*lines, f'Wrote all to {self.out}'])


def predicts_phases(cfg: Config) -> bool:
    """Return whether a config's model predicts phases of micrographs."""
    return 'decode_head' in cfg.model and find_micrographs(cfg) is not None


def _find_near_duplicates(rows: Mapping[str, PhaseRow],
                          prints: Mapping[str, Fingerprint]) -> None:
    """Note in rows which image before them is nearly the same."""
    for row in rows.values():
        row.near_duplicate_of = ''
    # those that a person has seen come first, whatever their entropy
    order = sorted(
        (row for name, row in rows.items()
         if name in prints and row.status != LEFT_OUT),
        key=lambda row: (not row.is_exported, *row.rank))
    for pair in find_duplicates([prints[row.image] for row in order]):
        first, second = order[pair.first], order[pair.second]
        if not first.near_duplicate_of and not second.is_exported:
            second.near_duplicate_of = (second.near_duplicate_of
                                        or first.image)


def _largest_phase(store: PhaseStore) -> str:
    """Return the phase of most pixels of all predictions."""
    counts = np.zeros(len(store.classes), np.int64)
    for row in store.rows.values():
        if row.status != LEFT_OUT:
            counts += np.bincount(store.prediction(row.image).ravel(),
                                  minlength=len(counts))
    return store.classes[int(counts.argmax())]

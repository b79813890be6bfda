"""The folder of predictions: masks, pictures, tables."""
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import (
    check_settings,
    open_folder,
    printable,
    replaced_file,
)
from mmseg_ext.basics.csv_files import GrowingTable, number
from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.intensity import grey_histogram, histogram_moments
from mmseg_ext.basics.labelme_files import ids_to_shapes, write_shapes
from mmseg_ext.basics.pixel_size import UNKNOWN, Scale
from mmseg_ext.basics.png_files import write_png_atomically

from .class_words import DefectWords, words_of
from .defect_score import DefectScore, MarginScore
from .feature_table import FeatureTable
from .features import FeatureSummary
from .grain_size import GrainSize
from .grain_table import GrainTable
from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary, summarize_phases
from .pictures import Pictures, base_phase
from .predictor import Prediction
from .probabilities import ProbabilityMaps
from .run_record import RECORD, RunRecord
from .table_check import check_tables

PICTURES = ('masks', 'colour_masks', 'overlays')
MAPS = dict(entropy='png', probabilities='tif')  # folders, if asked for
LABELME = 'labelme'
FOLDERS = (*PICTURES, LABELME)
UNCERTAINTIES = 'phases_uncertainty.csv'
SUMMARIES = ('phases_summary.csv', UNCERTAINTIES, 'phases.png',
             'features_summary.csv', 'diameters.png',
             'grain_size_summary.csv', 'report.html')
SCALE = ('um_per_pixel', 'scale_source')  # columns of images.csv
INTENSITIES = ('grey_mean', 'grey_std')  # the same
SUPPORTS = ('supports.csv', 'supports.png')
FILES = ('images.csv', 'phases.csv', 'features.csv', 'grain_size.csv',
         *SUPPORTS, *SUMMARIES)


class ResultStore:
    """What has been predicted so far, in a folder.

    ::

        root
        |-- run.json             what it was made with, see RunRecord
        |-- masks                <name>.png, class ids
        |-- colour_masks         <name>.png, the classes' colours
        |-- overlays             <name>.png, the same over the image, and
        |                        below it the legend and a scale bar
        |-- probabilities        <name>.tif, see ProbabilityMaps
        |-- entropy              <name>.png, how unsure the model is
        |-- labelme              <name>.json, if asked for
        |-- images.csv           a line an image: its file and its sizes,
        |                        and its score, if it has one
        |-- phases.csv           a line for each phase of each image
        |-- phases_summary.csv   a line a phase, see PhaseSummary
        |-- phases_uncertainty.csv  by a validation, see PhaseUncertainty
        |-- phases.png           the same as a figure
        |-- features.csv         a line for each grain or particle
        |-- features_summary.csv a line a phase, see FeatureSummary
        |-- diameters.png        their diameters as a figure
        |-- grain_size.csv       a line an image, if a phase is named
        |-- grain_size_summary.csv  of all images, see GrainSize
        |-- supports.csv         what a few-shot model was shown, and how
        |-- supports.png         well each is found when it is left out
        |-- report.html          all of it, see write_html_report

    Those of features are there if they are asked for; an image whose scale
    is not known has them in pixels only, and is in no summary of them. Nobody
    else may write there, see :func:`~mmseg_ext.basics.claimed_folder`.

    Args:
        root: The folder; made if it is missing.
        record: What the predictions are made with. The settings of a
            folder that was begun before must be the same.
        measures: Whether areas and features are asked for.
        min_area: Features that are smaller, in pixels, are left out.
        grains: Phase whose grain size is asked for.
        split: Phases whose touching features are separated.
        probabilities: Whether they, and their entropy, are asked for.
        strips: Whether colour masks get legends and scale bars, too.
        margins: Whether scores are those of :class:`MarginScore`.
        labelme: Whether masks are written for labelme, too.
        intensities: Whether the mean and the standard deviation of grey
            levels are noted.
        overwrite: Forget what is there.

    Raises:
        FileExistsError: If the folder holds other files.
        ValueError: If it was begun with other settings, or its tables do not
            fit each other.
    """

    def __init__(self,
                 root: Path,
                 record: RunRecord,
                 *,
                 measures: bool = False,
                 min_area: int = 1,
                 grains: Optional[str] = None,
                 split: Sequence[str] = (),
                 probabilities: bool = False,
                 strips: bool = False,
                 margins: bool = False,
                 labelme: bool = False,
                 intensities: bool = False,
                 overwrite: bool = False) -> None:
        self.root = root
        self.record = record
        # as they stand in a table
        self.classes = [printable(name) for name in record.classes]
        self.measures = measures
        self.probabilities = probabilities
        self.strips = strips
        self.labelme = labelme
        self.score = (
            MarginScore if margins else DefectScore
            if isinstance(words_of(self.classes), DefectWords) else None)
        self.notes_intensities = intensities
        later = (*SCALE, *(
            () if self.score is None else (self.score.column, )),
            *(INTENSITIES if intensities else ()))
        self.images = GrowingTable(root / 'images.csv', (
            'image', 'file', 'file_sha256', 'height', 'width',
            'cropped_rows', 'band_rows', 'tiles', *later), later)
        self.phases = GrowingTable(root / 'phases.csv', (
            'image', 'phase', 'fraction_percent',
            *(('area_um2', ) if measures else ())))
        self.features = FeatureTable(root, self.classes, [
            record.classes.index(name) for name in split], min_area)
        self.grains = (
            None if grains is None else
            GrainTable(root, printable(grains), record.classes.index(grains),
                       grains in split, min_area))
        self._open(overwrite)

    def _open(self, overwrite: bool) -> None:
        if open_folder(self.root, RECORD, overwrite, (*FOLDERS, *MAPS),
                       FILES):
            before = RunRecord.read(self.root)
            self.record.base_phase = before.base_phase
            check_settings(
                self.root, *(
                    dict(record.settings, classes=record.classes,
                         palette=record.palette)
                    for record in (before, self.record)),
                'predict all anew with --overwrite')
            check_tables(self.images, self.phases,
                         self.features.table if self.measures else None,
                         self.classes)
        self.record.write(self.root)
        self.forget(())

    @property
    def _measured(self) -> list[GrowingTable]:
        """The tables that are there only if they are asked for."""
        return [self.features.table] * self.measures + (
            [] if self.grains is None else [self.grains.table])

    @property
    def tables(self) -> list[GrowingTable]:
        """Those with lines of each image; in the last if all is there."""
        return [*self._measured, self.phases, self.images]

    def mask_path(self, name: str) -> Path:
        return self.root / 'masks' / f'{name}.png'

    def done(self) -> dict[str, dict[str, str]]:
        """Return name -> its line of the images predicted in full."""
        if not all(table.path.exists() for table in self._measured):
            return {}
        measured = {row['image'] for row in self.phases.rows()}
        return {
            row['image']: row for row in self.images.rows()
            if row['image'] in measured and all(
                map(os.path.isfile, self.files(row['image'])))
        }

    def _pictures(self, name: str) -> list[Path]:
        return [self.root / folder / f'{name}.png' for folder in PICTURES] + [
            self.root / folder / f'{name}.{suffix}'
            for folder, suffix in MAPS.items() if self.probabilities]

    def files(self, name: str) -> list[Path]:
        shapes = self.root / LABELME / f'{name}.json'
        return [*self._pictures(name), *[shapes] * self.labelme]

    @contextmanager
    def maps(self, name: str, size: tuple[int, int], um: Optional[float]
             ) -> Iterator[Optional[ProbabilityMaps]]:
        """Write an image's probabilities while it is predicted.

        Args:
            name: Of the image.
            size: Its (height, width) in pixels.
            um: Side of a pixel in micrometres; None: not known.

        Returns:
            What takes them; None if they are not asked for.
        """
        if not self.probabilities:
            yield None
            return
        path = self._pictures(name)[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as file:
            yield ProbabilityMaps(file, self.record.classes, size, um)

    def writes(self, path: Optional[str]) -> bool:
        """Tell whether a file is one of the probabilities written here."""
        return path is not None and (
            self.root / 'probabilities' in Path(path).parents)

    def remove_pictures(self, name: str) -> None:
        """Remove what an interruption or a failure may have left."""
        # not pathlib's, which raises of names too long for a file
        for path in filter(os.path.isfile, self.files(name)):
            path.unlink()

    def forget(self, names: Iterable[str]) -> None:
        """Remove images, and from the tables what is not done in full."""
        for name in names:
            self.remove_pictures(name)
        kept = set(self.done())
        for table in reversed(self.tables):
            table.keep(lambda row: row['image'] in kept)

    def choose_base_phase(self, prediction: Prediction) -> None:
        """Let an image decide it for all, unless that has been done."""
        if not self.record.base_phase:
            self.record.base_phase = base_phase(
                prediction.classes, prediction.fractions)
            self.record.write(self.root)

    def add(self, name: str, path: Path, image: np.ndarray,
            prediction: Prediction, cropped_rows: int, band_rows: int = 0,
            digest: Optional[str] = None,
            scale: Scale = UNKNOWN) -> None:
        """Write all files of an image, and then its lines.

        Args:
            name: Of the image.
            path: Its file.
            image: (H, W, 3) uint8, channels blue, green, red.
            prediction: Of the image.
            cropped_rows: What was cut off at its lower edge before.
            band_rows: What looks like an information band at its lower edge
                and was not cut off.
            digest: SHA-256 of the file when it was read; None: of the file
                as it is now.
            scale: Size of its pixels.
        """
        self.choose_base_phase(prediction)
        pictures = Pictures(self.record.base_phase, self.strips)
        # drawn one after the other: they may be large
        for picture, draw in zip(self._pictures(name), (
                lambda: prediction.mask,
                lambda: pictures.colour_mask(prediction, scale.um),
                lambda: pictures.overlay(image, prediction, scale.um),
                lambda: pictures.entropy(prediction.entropy, scale.um))):
            write_png_atomically(picture, draw())
        if self.labelme:
            write_shapes(
                self.files(name)[-1], path,
                ids_to_shapes(prediction.mask, prediction.classes),
                (len(prediction.mask) + cropped_rows,
                 prediction.mask.shape[1]))
        if self.measures:
            self._measure(name, prediction, scale.um)
        height, width = prediction.mask.shape
        rows = []
        for phase, fraction in zip(self.classes, prediction.fractions):
            row = [name, phase, number(100 * fraction, 6)]
            if self.measures:
                row.append('' if scale.um is None else number(
                    fraction * height * width * scale.um**2, 3))
            rows.append(row)
        self.phases.append(rows)
        # the last: says that all is there
        self.images.append([
            (name, str(path), digest or sha256(path), height, width,
             cropped_rows, band_rows, prediction.tiles,
             *self.scale_cells(scale), *self._score_cells(prediction),
             *self._intensity_cells(image))])

    def _score_cells(self, prediction: Prediction) -> list[str]:
        """Return the cell that not all tables have."""
        found = np.nan if prediction.score is None else prediction.score
        return [] if self.score is None else [number(found, 6)]

    def _intensity_cells(self, image: np.ndarray) -> list[str]:
        """Return mean and deviation, if they are noted."""
        return [number(found, 3) for found in histogram_moments(
            grey_histogram(image))] if self.notes_intensities else []

    def _measure(self, name: str, prediction: Prediction,
                 um: Optional[float]) -> None:
        mask, grains = prediction.mask, self.grains
        labelled = ({} if grains is None or um is None else
                    {grains.class_id: grains.label(mask)})
        self.features.add(name, mask, um, labelled)
        for labels in labelled.values():
            grains.add(name, labels, um)

    @staticmethod
    def scale_cells(scale: Scale) -> tuple[str, str]:
        """Return the size of a pixel as it stands in ``images.csv``."""
        return ('' if scale.um is None else f'{scale.um:.9g}',
                printable(scale.source))

    def fractions(self) -> dict[str, list[float]]:
        """Return name -> fraction of each class, 0 to 1."""
        found: dict[str, list[float]] = {}
        for row in self.phases.rows():
            found.setdefault(row['image'], []).append(
                float(row['fraction_percent']) / 100)
        return found

    def sort(self, names: Iterable[str]) -> None:
        """Bring the lines of the images into this order."""
        place = {name: i for i, name in enumerate(names)}
        for table in (self.images, self.phases):
            rows = sorted(table.rows(), key=lambda row: place[row['image']])
            table.write(row.values() for row in rows)

    def bands(self) -> dict[str, int]:
        """Return name -> rows of the images that end in a band."""
        found = {row['image']: int(row['band_rows'])
                 for row in self.images.rows()}
        return {name: rows for name, rows in found.items() if rows}

    def intensities(self) -> dict[str, tuple[float, float]]:
        """Return name -> mean and deviation of grey levels, where noted."""
        if not self.notes_intensities:
            return {}
        return {row['image']: tuple(float(row[name]) for name in INTENSITIES)
                for row in self.images.rows() if all(
                    row[name] for name in INTENSITIES)}

    def scales(self) -> dict[str, dict]:
        """Return name -> size of a pixel of the images, and who says so."""
        return {
            row['image']: dict(
                um_per_pixel=(float(row['um_per_pixel'])
                              if row['um_per_pixel'] else None),
                source=row['scale_source'])
            for row in self.images.rows()} if self.measures else {}

    def remove_summaries(self) -> None:
        """Remove what is no longer true once another image is added."""
        for name in SUMMARIES:
            (self.root / name).unlink(missing_ok=True)

    def write_summaries(self) -> list[PhaseSummary]:
        """Write the tables with a line a phase, and return the first."""
        phases = summarize_phases(
            list(self.fractions().values()), self.classes)
        self._write_summary('phases_summary.csv', PhaseSummary, phases)
        if any(scale['um_per_pixel'] for scale in self.scales().values()):
            self._write_summary('features_summary.csv', FeatureSummary,
                                self.features.summarize(self._area()))
            if self.grains is not None:
                self._write_summary('grain_size_summary.csv', GrainSize,
                                    [self.grains.summarize()])
        return phases

    def write_uncertainties(self, rows: Sequence[PhaseUncertainty]) -> None:
        """Write a line a phase; remove those of another run if none."""
        if rows:
            self._write_summary(UNCERTAINTIES, PhaseUncertainty, [
                replace(row, phase=phase)
                for row, phase in zip(rows, self.classes)])
        else:
            (self.root / UNCERTAINTIES).unlink(missing_ok=True)

    def diameters(self) -> dict[str, list[float]]:
        """Return phase -> diameters of its whole features, micrometres."""
        return self.features.diameters() if self.measures else {}

    def _write_summary(self, file: str, kind: type, rows: list) -> None:
        table = GrowingTable(
            self.root / file, [part.name for part in fields(kind)])
        table.write([
            number(cell, 6) if isinstance(cell, float) else cell
            for cell in astuple(row)
        ] for row in rows)

    def _area(self) -> float:
        """Return the square micrometres of all images of a known scale."""
        return sum(
            int(row['height']) * int(row['width'])
            * float(row['um_per_pixel'] or 0)**2 for row in self.images.rows())

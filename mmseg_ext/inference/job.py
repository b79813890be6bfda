"""Prediction of many images, from files to files and a report."""
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_ext.basics import claimed_folder, printable, write_atomically
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.extras import require_extra
from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.png_files import write_figure
from mmseg_ext.basics.printable import counted, name_some

from .calibration import AUTO, Calibration
from .diameter_plot import DIAMETERS, draw_diameters
from .images_in_turn import ImagesInTurn
from .inputs import Inputs
from .outcome import Outcome
from .outliers import COMPARED, describe_outliers
from .parts import Parts, absorb_parts
from .phase_plot import draw_phases
from .phases import check_phase
from .predictor import LogitModel
from .preparation import Preparation
from .result_store import LABELME, ResultStore
from .run_record import RECORD, RunRecord
from .scales import describe_left_out
from .tiling import Tiling
from .validation import Validation


@dataclass(frozen=True)
class PredictionJob:
    """What ``tools/predict.py`` is asked to do; see its options.

    Attributes:
        model: What predicts.
        inputs: Images to predict.
        out: Folder of the results, see :class:`ResultStore`.
        tiling: Cut images so; None: see :func:`predict`.
        whole: Never cut them.
        bit_depth: Significant bits of 16-bit images; None: as in training.
        crop_bottom: Rows to cut off the lower edge; 'auto': the information
            band, where headers or side files declare one or one is found;
            None: as in training.
        um_per_pixel: Side of a pixel in micrometres; 'auto': what headers
            and side files say of each image; None: measure nothing.
        min_area: Features that are smaller, in pixels, are left out.
        grain_size: Phase whose ASTM grain size is asked for.
        split_touching: Separate touching features, of that phase if one is
            named, or else of all.
        validation: Cross-validation whose errors are part of the
            uncertainty; changes no prediction.
        base_phase: Phase that overlays leave uncoloured; None: the
            background, or else the largest of the first image.
        probabilities: Also write the probability of every class, and the
            entropy as a picture.
        annotate_masks: Legend and scale bar below colour masks, too.
        labelme: Also write masks for labelme, to be corrected.
        beside: Name of a file -> what is in it, to be written before the
            first image is predicted; see :class:`ResultStore` for the names.
        parts: Predicts all images but those here that decide the base
            phase; None: this process predicts all.
        refusal: Why nothing is to be predicted. It is raised when what
            stands beside is written.

    Raises:
        ValueError: If an argument is out of its range.
    """
    model: LogitModel
    inputs: Inputs
    out: Path
    _: KW_ONLY
    tiling: Optional[Tiling] = None
    whole: bool = False
    bit_depth: Optional[int] = None
    crop_bottom: int | str | None = None
    um_per_pixel: float | str | None = None
    min_area: int = 1
    grain_size: Optional[str] = None
    split_touching: bool = False
    validation: Optional[Validation] = None
    base_phase: Optional[str] = None
    probabilities: bool = False
    annotate_masks: bool = False
    labelme: bool = False
    beside: Mapping[str, bytes] = field(default_factory=dict)
    parts: Optional[Parts] = None
    refusal: str = ''

    def __post_init__(self) -> None:
        Preparation.of(self.model, self.bit_depth, self.crop_bottom)  # checks
        if self.um_per_pixel not in (None, AUTO) and not (
                0 < self.um_per_pixel < float('inf')):
            raise ValueError(f'um_per_pixel={self.um_per_pixel}: must be '
                             f"'{AUTO}', more than 0, or none")
        check_at_least(1, min_area=self.min_area)
        self._check_phases()

    def _check_phases(self) -> None:
        for option in ('grain_size', 'base_phase'):
            phase = getattr(self, option)
            if phase is not None:
                check_phase(phase, self.model.classes, option)
        if self.um_per_pixel is None and (
                self.grain_size is not None or self.split_touching):
            raise ValueError('grain_size and split_touching need features: '
                             f"um_per_pixel='{AUTO}' or a number")
        if self.split_touching:
            require_extra('skimage.segmentation', 'grains')

    def run(self,
            overwrite: bool = False,
            progress: Optional[Callable[[str], None]] = None,
            report: bool = False) -> Outcome:
        """Predict what is not predicted yet, and sum all up.

        Images that cannot be read, predicted or written are left out and
        named in the outcome and in ``run.json``.

        Args:
            overwrite: Predict all anew.
            progress: Called with a line that says how far it is.
            report: Also write ``report.html``, if there is anything to
                report.

        Raises:
            BlockingIOError: If another process writes to ``out``.
            FileExistsError: If ``out`` holds other files.
            ValueError: If ``out`` was begun with other settings, or holds
                results of images that are not among the inputs, or tables
                that do not fit; if images were replaced that are written for
                labelme; or if there is a ``refusal``.
        """
        with claimed_folder(self.out):
            outcome = self._run(overwrite, progress or (lambda line: None))
            if report and outcome.phases:
                from .html_report import write_html_report

                write_html_report(self.out)
            return outcome

    def _run(self, overwrite: bool, show: Callable[[str], None]) -> Outcome:
        if self.refusal and (self.out / 'masks').exists():
            raise ValueError(
                f'{self.refusal} The earlier results in {self.out} are left '
                f'as they are; in another folder, {" and ".join(self.beside)} '
                'would show why.')
        store = self._store(overwrite)
        absorb_parts(store, keep=not overwrite)
        for name, content in self.beside.items():
            write_atomically(self.out / name, content)
        if self.refusal:
            raise ValueError(self.refusal)
        store.record.base_phase = self.base_phase or store.record.base_phase
        failures = store.record.failures
        failures.update(self.inputs.unread)
        # the record is there by now; does it have another spelling too?
        faults = self.inputs.faults((self.out / RECORD.upper()).exists())
        for name, fault in faults.items():
            failures[printable(name)] = printable(fault)
        left = self._left(store, faults, show)
        if left or faults:
            store.remove_summaries()
        self._predict_all(store, left, show)
        store.sort(self.inputs.images)
        # they are found in another order while others are written, by parts
        place = {printable(name): i for i, name in enumerate(
            self.inputs.images)}
        store.record.failures = dict(sorted(
            store.record.failures.items(),
            key=lambda item: place.get(printable(item[0]), -1)))
        store.record.bands = store.bands()
        store.record.scales = store.scales()
        fractions = store.fractions()
        if self.validation is not None:
            store.record.validation = dict(
                self.validation.record(), remarks=self.validation.remarks(
                    list(fractions), self.model))
        store.record.write(self.out)
        images = len(self.inputs.images)
        outcome = Outcome(store.record, images - len(left) - len(faults),
                          self._calibration.others(
                              self.inputs.others,
                              self.inputs.images.values()))
        outcome.outliers = describe_outliers(
            self.model, store.intensities(), self.inputs.images,
            self.inputs.sources, self.bit_depth, self.crop_bottom,
            lambda i, number: show(f'{i} of {number} {COMPARED}'))
        if fractions:
            outcome.fractions = fractions
            outcome.phases = store.write_summaries()
            if self.validation is not None:
                outcome.uncertainties = self.validation.assess(
                    np.array(list(fractions.values())))
            store.write_uncertainties(outcome.uncertainties)
            write_figure(self.out / 'phases.png', draw_phases(
                np.array(list(fractions.values())), outcome.phases,
                self.model.palette, outcome.uncertainties))
            self._draw_diameters(store)
        if store.grains is not None:
            outcome.grains = store.grains.summarize().describe(
                store.grains.split) + describe_left_out(store.record.scales)
        return outcome

    def run_part(self, base_phase: str,
                 show: Callable[[str], None]) -> dict[str, str]:
        """Predict what is not predicted yet, and sum nothing up.

        Args:
            base_phase: Class that overlays leave uncoloured.
            show: Called with a line that says how far it is.

        Returns:
            Name of an image -> why it has no prediction.
        """
        with claimed_folder(self.out):
            store = self._store(overwrite=False)
            store.record.base_phase = base_phase
            store.record.write(self.out)
            done = store.done()
            self._in_turn.predict(store, [
                name for name in self.inputs.images if name not in done],
                show)
            return dict(store.record.failures)

    def _store(self, overwrite: bool) -> ResultStore:
        return ResultStore(
            self.out, self._record(),
            measures=self.um_per_pixel is not None, min_area=self.min_area,
            grains=self.grain_size, split=self._split,
            probabilities=self.probabilities, strips=self.annotate_masks,
            margins=self.model.margins, labelme=self.labelme,
            intensities=(self.model.intensities is not None
                         and self.model.match is None),
            overwrite=overwrite)

    def _draw_diameters(self, store: ResultStore) -> None:
        if (self.out / DIAMETERS).exists():
            return  # it is removed where it is no longer true
        figure = draw_diameters(store.diameters(), self.model.palette)
        if figure is not None:
            write_figure(self.out / DIAMETERS, figure)

    @property
    def _split(self) -> list[str]:
        """Names of the phases whose touching features are separated."""
        if not self.split_touching:
            return []
        return (list(self.model.classes) if self.grain_size is None else
                [self.grain_size])

    def _record(self) -> RunRecord:
        model = self.model
        tiling = 'whole' if self.whole else AUTO
        if self.tiling is not None:
            tiling = asdict(self.tiling)
            del tiling['batch']  # changes nothing
        settings = dict(
            inputs=list(self.inputs.sources),
            weights_sha256=model.digest(),
            **model.details,
            tiling=tiling,
            **asdict(self._preparation),
            um_per_pixel=self.um_per_pixel,
            min_area=self.min_area)
        if self.grain_size is not None:
            settings['grain_size'] = self.grain_size
        if self.split_touching:
            settings['split_touching'] = self._split
        for option in ('base_phase', 'probabilities', 'annotate_masks'):
            if getattr(self, option):
                settings[option] = getattr(self, option)
        # as they are read back
        return RunRecord(json.loads(json.dumps(settings)), model.weights,
                         list(model.classes), model.palette)

    @property
    def _preparation(self) -> Preparation:
        return Preparation.of(self.model, self.bit_depth, self.crop_bottom)

    @property
    def _in_turn(self) -> ImagesInTurn:
        return ImagesInTurn(
            self.model, self.inputs.images, self._preparation,
            self._calibration, self.tiling, self.whole)

    @property
    def _calibration(self) -> Calibration:
        return Calibration(self.um_per_pixel, self._preparation.crop_bottom)

    def _left(self, store: ResultStore, faults: dict[str, str],
              show: Callable[[str], None]) -> list[str]:
        """Return the images that are to be predicted."""
        images, done = self.inputs.images, store.done()
        gone = sorted(set(done) - set(images))
        if gone:
            raise ValueError(
                f'{self.out} holds results of '
                f'{counted(len(gone), "image")} no longer there, such as '
                f'{done[gone[0]]["file"]}. Name another folder, or predict '
                'all anew with --overwrite.')
        # a file that was replaced since, perhaps by one of another suffix
        stale = []
        for i, (name, row) in enumerate(done.items()):
            show(f'{i} of {len(done)} images compared with what was '
                 f'predicted ({name})')
            if (name in faults or not _is_same(images[name], row)
                    or not self._calibration.is_as_said(
                        images[name], row)):
                stale.append(name)
        if stale and self.labelme:  # a person may have corrected them
            raise ValueError(
                f'{counted(len(stale), "image")}, or what is said of the '
                'pixels, changed after they had been written for labelme: '
                f'{name_some(stale)}. Put them back; or remove their files '
                f'from {self.out / LABELME}, and they are predicted anew.')
        store.forget(stale)
        return [name for name in images if name not in faults
                and (name not in done or name in stale)]

    def _predict_all(self, store: ResultStore, names: Sequence[str],
                     show: Callable[[str], None]) -> None:
        """Predict images here, or by parts what comes once one has decided
        which phase overlays leave uncoloured.
        """
        if self.parts is None:
            self._in_turn.predict(store, names, show)
        else:
            here = 0
            while here < len(names) and not store.record.base_phase:
                self._in_turn.predict(
                    store, names[here:here + 1], show, here, len(names))
                here += 1
            if here < len(names):
                self.parts.predict(self, store, names[here:], show, here)
                absorb_parts(store)
        if names:
            show(f'{len(names)} of {len(names)} images')


def _is_same(path: Path, row: dict[str, str]) -> bool:
    """Return whether a file is the one that a line of images.csv is about."""
    try:
        return (row['file'] == printable(str(path))
                and row['file_sha256'] == sha256(path))
    except OSError:
        return False

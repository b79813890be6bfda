"""Prediction of many images, from files to files and a report."""
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np
from prettytable import PrettyTable

from mmseg_ext.basics import (
    find_information_band,
    read_image,
    write_atomically,
)
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.phase_fractions import write_interval

from .inputs import Inputs
from .phase_plot import draw_phases
from .phases import PhaseSummary, limits_of
from .predictor import LogitModel, predict
from .result_store import ResultStore
from .run_record import RunRecord, sha256
from .tables import number
from .tiling import Tiling

AUTO = 'auto'
NAMED = 3  # so many names in a line of the outcome


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
            band, where one is found; None: as in training.
        um_per_pixel: Side of a pixel in micrometres; None: not known.
        min_area: Features that are smaller, in pixels, are left out.

    Raises:
        ValueError: If an argument is out of its range.
    """
    model: LogitModel
    inputs: Inputs
    out: Path
    tiling: Optional[Tiling] = None
    whole: bool = False
    bit_depth: Optional[int] = None
    crop_bottom: int | str | None = None
    um_per_pixel: Optional[float] = None
    min_area: int = 1

    def __post_init__(self) -> None:
        if self.bit_depth is not None and not 8 <= self.bit_depth <= 16:
            raise ValueError(f'bit_depth={self.bit_depth}: must be between 8 '
                             'and 16')
        if self.crop_bottom not in (None, AUTO) and not (
                type(self.crop_bottom) is int and self.crop_bottom >= 0):
            raise ValueError(f"crop_bottom={self.crop_bottom!r}: must be "
                             f"'{AUTO}' or a number of rows")
        if self.um_per_pixel is not None and not self.um_per_pixel > 0:
            raise ValueError(f'um_per_pixel={self.um_per_pixel}: must be '
                             'more than 0')
        check_at_least(1, min_area=self.min_area)

    def run(self,
            overwrite: bool = False,
            progress: Optional[Callable[[str], None]] = None) -> 'Outcome':
        """Predict what is not predicted yet, and sum all up.

        Images that cannot be read or predicted are left out and named in
        the outcome and in ``run.json``.

        Args:
            overwrite: Predict all anew.
            progress: Called with a line that says how far it is.

        Raises:
            FileExistsError: If ``out`` holds other files.
            ValueError: If ``out`` was begun with other settings, or holds
                results of images that are not among the inputs.
        """
        store = ResultStore(self.out, self._record(), self.um_per_pixel,
                            self.min_area, overwrite)
        show = progress or (lambda line: None)
        left = self._left(store)
        if left:
            store.remove_summaries()
        for i, name in enumerate(left):
            self._predict(store, name, show, f'{i} of {len(left)} images')
        if left:
            show(f'{len(left)} of {len(left)} images')
        store.sort(self.inputs.images)
        store.record.write(self.out)
        outcome = Outcome(store.record, len(self.inputs.images) - len(left),
                          self.inputs.others)
        fractions = list(store.fractions().values())
        if fractions:
            outcome.phases = store.write_summaries()
            figure, picture = draw_phases(
                np.array(fractions), outcome.phases,
                self.model.palette), io.BytesIO()
            figure.savefig(picture, format='png')
            write_atomically(self.out / 'phases.png', picture.getvalue())
        return outcome

    def _record(self) -> RunRecord:
        model = self.model
        tiling = 'whole' if self.whole else AUTO
        if self.tiling is not None:
            tiling = asdict(self.tiling)
            del tiling['batch']  # changes nothing
        settings = dict(
            inputs=list(self.inputs.sources),
            weights_sha256=sha256(model.weights),
            **model.details,
            tiling=tiling,
            bit_depth=self.bit_depth or model.bit_depth,
            crop_bottom=self._crop_bottom,
            um_per_pixel=self.um_per_pixel,
            min_area=self.min_area)
        # as they are read back
        return RunRecord(json.loads(json.dumps(settings)), model.weights,
                         list(model.classes), model.palette)

    @property
    def _crop_bottom(self) -> int | str:
        return (self.model.crop_bottom if self.crop_bottom is None else
                self.crop_bottom)

    def _left(self, store: ResultStore) -> list[str]:
        """Return the images that are to be predicted."""
        images, done = self.inputs.images, store.done()
        gone = sorted(set(done) - set(images))
        if gone:
            raise ValueError(
                f'{self.out} holds results of {len(gone)} images that are no '
                f'longer there, such as {done[gone[0]]}. Name another folder, '
                'or predict all anew with --overwrite.')
        # a file that was replaced since, perhaps by one of another suffix
        stale = [
            name for name, file in done.items()
            if str(images[name]) != file or images[name].stat().st_mtime >
            store.mask_path(name).stat().st_mtime
        ]
        store.forget(stale)
        return [name for name in images if name not in done or name in stale]

    def _predict(self, store: ResultStore, name: str,
                 show: Callable[[str], None], so_far: str) -> None:
        path, record = self.inputs.images[name], store.record
        show(f'{so_far} ({name})')
        try:
            image = read_image(path, self.bit_depth or self.model.bit_depth)
            rows = self._rows_to_crop(image)
            if rows >= len(image):
                raise ValueError(f'{path} is {len(image)} rows high: '
                                 f'crop_bottom={rows} leaves nothing of it.')
            band = find_information_band(image) if rows == 0 else 0
            if band:
                record.bands[name] = band
            image = image[:len(image) - rows]
            prediction = predict(
                self.model, image, self.tiling, self.whole,
                lambda done, total: show(
                    f'{so_far} ({name}, {done} of {total} tiles)'))
        except (OSError, ValueError) as error:
            record.failures[name] = str(error)
        except RuntimeError as error:  # the network's, at an odd size
            record.failures[name] = f'{path}: the model fails on it: ' + (
                ' '.join(str(error).split()))
        else:
            store.add(name, path, image, prediction, rows)

    def _rows_to_crop(self, image: np.ndarray) -> int:
        if self._crop_bottom == AUTO:
            return find_information_band(image)
        return self._crop_bottom


@dataclass
class Outcome:
    """How a run went.

    Attributes:
        record: What it was made with, and which images failed.
        before: Number of images that had been predicted before.
        others: Files among the inputs that are no images.
        phases: Of all images; none if none could be read.
    """
    record: RunRecord
    before: int
    others: tuple[Path, ...] = ()
    phases: list[PhaseSummary] = field(default_factory=list)

    def describe(self) -> str:
        """Return the phases as a table, and what went wrong."""
        lines = []
        if self.phases:
            table = PrettyTable(
                ['Phase', 'Mean (%)', 's (%)', '95 % CI (%)', 'RA (%)'])
            for phase in self.phases:
                table.add_row([
                    phase.phase, number(phase.mean_percent, 2),
                    number(phase.std_percent, 2),
                    write_interval(phase.mean_percent, phase.ci95_percent),
                    number(phase.relative_accuracy_percent, 2)])
            lines += [table.get_string(
                title=f'phase fractions, n = {self.phases[0].n}'),
                *limits_of(self.phases)]
        if self.others:
            lines += [f'{len(self.others)} files are no images and were left '
                      f'out: {_some([path.name for path in self.others])}']
        if self.record.bands:
            lines += [
                f'{len(self.record.bands)} images seem to end in an '
                'information band, which was taken for material '
                f'({_some(list(self.record.bands))}). To cut it off: '
                '--crop-bottom auto']
        if self.record.failures:
            lines += [f'{len(self.record.failures)} images have no '
                      'prediction:']
            lines += [f'  {name}: {reason}'
                      for name, reason in self.record.failures.items()]
        return '\n'.join(lines)


def _some(names: list[str]) -> str:
    """Write the first of the names."""
    return ', '.join(names[:NAMED]) + (', ...' if len(names) > NAMED else '')

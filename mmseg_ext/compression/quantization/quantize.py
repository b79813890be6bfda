"""From an ONNX file to one of eight bits that says the same."""
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Optional

from mmseg_ext.basics.alternation import alternate
from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.basics.extras import require_extra
from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.processor import eight_bit_flags, is_arm
from mmseg_ext.basics.staging import check_free, staged_file
from mmseg_ext.inference import OnnxModel
from mmseg_ext.inference.preparation import Preparation

from .calibration import collect_batches
from .comparison import NEAR, Agreement, Comparison, Sample

TARGETS = ('here', 'vnni', 'x86', 'arm')
CALIBRATIONS = ('minmax', 'percentile')
MAX_DROP = 1.  # percentage points of mIoU
MIN_AGREEMENT = 98.  # percent of the pixels
CHUNK = 0.1  # of the products go back to float32 at a time
RANKED = 2  # batches that they are ranked with
CPU = ('CPUExecutionProvider', )


@dataclass(frozen=True)
class QuantizationSettings:
    """How a file is quantized, and what it may cost.

    Attributes:
        count: Batches of one image, tile or window to calibrate with.
        calibration: How ranges of activations are found, 'minmax' or
            'percentile' (99.999).
        target: Processor that the file is for: 'vnni' (x86 that adds
            products of eight bits without saturation), 'x86' (older: weights
            of seven bits), 'arm' (signed activations); 'here': this one.
        max_drop: mIoU that may be lost, in percentage points. None: 1 where
            there are labels.
        min_agreement: Pixels that must keep their class, of 100. None: 98
            where there are no labels.
        threads: That times are measured with.

    Raises:
        ValueError: If an argument is out of its range.
    """
    count: int = 32
    calibration: str = 'minmax'
    target: str = 'here'
    max_drop: Optional[float] = None
    min_agreement: Optional[float] = None
    threads: int = 1

    def __post_init__(self) -> None:
        check_choice('calibration', self.calibration, CALIBRATIONS)
        check_choice('target', self.target, TARGETS)
        check_at_least(1, count=self.count, threads=self.threads)
        check_at_least(0, max_drop=self.max_drop or 0)
        if not 0 <= (self.min_agreement or 0) <= 100:
            raise ValueError(f'min_agreement={self.min_agreement}: must be '
                             'from 0 to 100 percent')

    def miss(self, found: Agreement) -> str:
        """Say what is not reached; '' if all is."""
        least = self.min_agreement
        if found.miou is None:
            least = MIN_AGREEMENT if least is None else least
        else:
            most = MAX_DROP if self.max_drop is None else self.max_drop
            first, second = found.miou
            if not first - second <= most:
                return (f'mIoU falls from {first:.2f} to {second:.2f}, by '
                        f'more than {most:g} points (--max-drop)')
        if least is not None and not found.percent >= least:
            return (f'{found.percent:.2f} % of the pixels keep their class, '
                    f'fewer than {least:g} % (--min-agreement)')
        return ''


@dataclass(frozen=True)
class QuantizationReport:
    """What was written, and what it costs.

    Attributes:
        path: The file.
        number: Which eight bits.
        agreement: With the file that it was made of.
        megabytes: Of that file, and of this one.
        milliseconds: Of that file, for ``shape``.
        ratio: Of this one's time to that.
        shape: (B, H, W) of the images that were timed.
        threads: That times were measured with.
        flags: Instructions for eight bits of this machine's processor; None:
            not known.
        products: Number of layers and products in the network.
        floats: Names of those that compute in float32, from weights of eight
            bits.
        float_weights: Those of them whose weights are float32, too.
        batches: Number of images, tiles or windows calibrated with.
        held_back: Whether none of the compared images was among them.
        source_sha256: Of the file that it was made of.
        calibration: How ranges were found.
    """
    path: Path
    number: str
    agreement: Agreement
    megabytes: tuple[float, float]
    milliseconds: float
    ratio: float
    shape: tuple[int, int, int]
    threads: int
    flags: Optional[tuple[str, ...]]
    products: int
    floats: list[str] = field(default_factory=list)
    float_weights: list[str] = field(default_factory=list)
    batches: int = 0
    held_back: bool = True
    source_sha256: str = ''
    calibration: str = 'minmax'

    def describe(self) -> str:
        """Say it in lines to print."""
        before, after = self.megabytes
        found = self.agreement
        lines = [
            f'Wrote {self.path} ({after:.2f} MB, {after / before:.2f} of '
            f'{before:.2f} MB; {self.number}, {self.calibration} of '
            f'{self.batches} images, tiles or windows)',
            f'{found.percent:.2f} % of the pixels of '
            f'{counted(found.images, "image")} keep their class'
            + ('' if found.percent_near is None else
               f', {found.percent_near:.2f} % within {NEAR} pixels of a '
               'boundary')
            + ('' if self.held_back else ' (images of the calibration)'),
            'Phase fractions differ by up to '
            f'{found.fraction_difference:.2f} percentage points over all '
            f'images, {found.fraction_difference_of_an_image:.2f} within one',
        ]
        if found.miou:
            lines.append('mIoU {:.2f} -> {:.2f}'.format(*found.miou))
        batch, height, width = self.shape
        lines.append(
            f'{batch} x {height} x {width}: {self.milliseconds:.1f} ms -> '
            f'{self.ratio * self.milliseconds:.1f} ms, {self.ratio:.2f} of '
            f'the time ({counted(self.threads, "thread")}, in turn; '
            f'{self._processor()})')
        if self.floats:
            lines.append(
                f'In float32 compute {len(self.floats)} of {self.products}, '
                'from weights of eight bits'
                + (f' but for {len(self.float_weights)}'
                   if self.float_weights else '')
                + f': {", ".join(self.floats)}')
        return '\n'.join(lines)

    def _processor(self) -> str:
        if self.flags is None:
            return 'what this processor has for eight bits is not known'
        return 'this processor has ' + (
            ', '.join(self.flags) if self.flags else
            'no instructions for eight bits: another may gain more')

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(dict(
            asdict(self), path=self.path.name), indent=2), encoding='utf-8')


def quantize_model(
        source: str | Path,
        out: str | Path,
        calibration: Sequence[Sample],
        compared: Sequence[Sample],
        settings: Optional[QuantizationSettings] = None,
        bit_depth: Optional[int] = None,
        crop_bottom: int | str | None = None,
        overwrite: bool = False,
        progress: Callable[[str], None] = lambda line: None
) -> QuantizationReport:
    """Write an ONNX file of eight bits, unless it costs too much.

    Weights have a scale for each channel, activations one that is found on
    real images, prepared as predictions prepare them. If classes change more
    than the settings allow, the layers that lose most compute in float32, a
    tenth of all at a time, their weights still in eight bits; if that is not
    enough, weights go back to float32 likewise. A report, ``out`` with the
    suffix .json, is written beside it. If nothing helps, nothing is left
    behind.

    Args:
        source: File of tools/export.py.
        out: File to write, ``*.onnx``.
        calibration: Images such as it will see.
        compared: Images to compare both files on, with labels or without.
        settings: How, and what it may cost.
        bit_depth: Significant bits of 16-bit images; None: as in training.
        crop_bottom: Rows to cut off, or 'auto'; None: as in training.
        overwrite: Replace files that are there.
        progress: Called with a line that says how far it is.

    Raises:
        BlockingIOError: If another process writes the file.
        FileExistsError: If there are such files.
        ImportError: If a package of the extra export is missing.
        ValueError: If the file cannot be quantized, there are no images, or
            it costs too much.
    """
    source, out = Path(source), Path(out)
    settings = settings or QuantizationSettings()
    for package in ('onnx', 'onnxruntime'):
        require_extra(package, 'export')
    from .qdq import check_quantizable

    _check_names(source, out)
    model = OnnxModel(str(source), settings.threads, CPU)  # checks metadata
    check_quantizable(source)
    if not calibration or not compared:
        raise ValueError('There are no images to calibrate with and to '
                         'compare on')
    preparation = Preparation.of(model, bit_depth, crop_bottom)
    with (staged_file(out, overwrite) as new,
          TemporaryDirectory(prefix='quantize') as folder):
        beside = out.with_suffix('.json')
        check_free(beside, overwrite)
        batches = collect_batches(
            str(source), calibration, settings.count, preparation, progress)
        known = {sample.path for sample in calibration}
        report = _quantize(
            model, out, Path(folder), batches,
            Comparison(model, compared, preparation, progress), settings,
            all(sample.path not in known for sample in compared), progress)
        shutil.copyfile(Path(folder) / 'quantized.onnx', new)
        report.write(new.with_suffix('.json'))
    return report


def _check_names(source: Path, out: Path) -> None:
    for path in (source, out):
        if path.suffix != '.onnx':
            raise ValueError(f'{path}: must end in .onnx; programs of '
                             'torch.export (.pt2) cannot be quantized')
    if out.exists() and os.path.samefile(source, out):
        raise ValueError(f'{out}: must be another file than the one that is '
                         'quantized, which is still needed')


def _quantize(model: OnnxModel, out: Path, folder: Path, batches: list,
              comparison: Comparison, settings: QuantizationSettings,
              held_back: bool, progress: Callable[[str], None]
              ) -> QuantizationReport:
    from . import qdq
    from .weight_only import quantize_weights

    prepared, target = folder / 'prepared.onnx', folder / 'quantized.onnx'
    number = _number(settings.target)
    progress('reading the network')
    qdq.prepare_graph(Path(model.weights), prepared)
    products = qdq.product_names(prepared)
    ranking: list[str] = []
    for computed, stored in _rungs(len(products)):
        floats, float_weights = ranking[:computed], ranking[:stored]
        progress(f'finding ranges on {counted(len(batches), "image")}; '
                 f'{computed} of {len(products)} layers compute in float32, '
                 f'{stored} have such weights')
        if computed == len(products):
            shutil.copyfile(prepared, target)  # there is nothing to calibrate
        else:
            qdq.quantize_graph(
                prepared, target, batches, number, settings.calibration,
                qdq.with_inputs(prepared, floats))
        quantize_weights(target, floats, float_weights)
        quantized = OnnxModel(str(target), settings.threads, CPU)
        agreement = comparison.with_model(quantized)
        miss = settings.miss(agreement)
        if not miss:
            break
        progress(f'{miss}: looking for the layers that lose most')
        ranking = ranking or qdq.rank_products(
            prepared, target, batches[:RANKED])
    else:
        raise ValueError(
            f'{miss}, and leaving layers in float32 did not help: '
            'nothing was written. Is the model trained to the end, and '
            'are the images such as it was trained with?')
    progress('measuring times')
    seconds, ratios = alternate(*(
        partial(each.run_network, batches[0]) for each in (model, quantized)))
    return QuantizationReport(
        out, number.describe(), agreement,
        tuple(Path(file).stat().st_size / 1e6
              for file in (model.weights, target)),
        1e3 * seconds[0], ratios[1], batches[0].shape[:3], settings.threads,
        eight_bit_flags(), len(products), floats, float_weights, len(batches),
        held_back, sha256(model.weights), settings.calibration)


def _rungs(count: int) -> Iterator[tuple[int, int]]:
    """Yield how many products compute in float32, and have such weights.

    Weights are most of a file, and lose less than activations: theirs come
    last.
    """
    step = ceil(CHUNK * count)
    for computed in [*range(0, count, step), count]:
        yield computed, 0
    for stored in range(step, count, step):
        yield count, stored


def _number(target: str):
    from .qdq import Number

    if target == 'here':
        # if nobody says, what is right on all of them
        target = ('arm' if is_arm() else
                  'vnni' if eight_bit_flags() else 'x86')
    return Number(signed=target == 'arm', reduced=target == 'x86')

"""Trained models as the files that are deployed: size, time and accuracy."""
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from mmseg.structures import SegDataSample

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.alternation import alternate
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.extras import require_extra
from mmseg_ext.basics.files import sha256
from mmseg_ext.compression.quantization import (
    QuantizationSettings,
    quantize_model,
)
from mmseg_ext.compression.quantization.calibration import collect_batches
from mmseg_ext.compression.quantization.comparison import Agreement
from mmseg_ext.compression.quantization.labelled import config_samples
from mmseg_ext.compression.quantization.quantize import CPU
from mmseg_ext.engine import load_config
from mmseg_ext.engine.model_cost import (
    PixelLogits,
    count_flops,
    deployed_parameters,
)
from mmseg_ext.inference import OnnxModel, TorchModel
from mmseg_ext.inference.export import export_model
from mmseg_ext.inference.preparation import Preparation

from .jobs import CONFIG, RESULT, WEIGHTS, read_result
from .machine import describe_machine
from .run_config import read_run_config
from .speed_load import OtherLoad, is_loaded

FILES = ('model.onnx', 'model_int8.onnx')
SECTIONS = ('model', 'train_dataloader', 'test_dataloader')


@dataclass(frozen=True)
class FileSettings:
    """How files are made and timed.

    Attributes:
        count: Images, tiles or windows to calibrate with.
        threads: Numbers of threads to time with.

    Raises:
        ValueError: If a number is below 1, or none is given.
    """
    count: int = 32
    threads: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        if not self.threads:
            raise ValueError('threads is empty: name a number of threads')
        check_at_least(1, count=self.count, threads=min(self.threads))


@dataclass(frozen=True)
class Trained:
    """A config and its checkpoint.

    Attributes:
        title: Of its row; of several with the same one the mean is shown.
        name: Of its folder, as a path.
        config: File.
        checkpoint: File.
    """
    title: str
    name: str
    config: Path | str
    checkpoint: Path

    def read(self) -> Config:
        """Read the config, of a benchmark's run with what it starts from."""
        folder = Path(self.config).parent
        if (Path(self.config).name == CONFIG
                and (folder / RESULT).is_file()):
            return read_run_config(folder)
        return load_config(str(self.config))


def find_trained(folders: Sequence[Path],
                 pairs: Sequence[tuple[str, str]] = ()) -> list[Trained]:
    """Return the finished runs in folders, and other trained models.

    Args:
        folders: Of the runs of a suite, of those of a row, or of one run.
        pairs: Config and checkpoint of each other model.

    Raises:
        FileNotFoundError: If there is no finished run in a folder.
        ValueError: If two models would have the same name.
    """
    found = []
    for folder in folders:
        runs = [path.parent for path in sorted(
            folder.absolute().rglob(RESULT))
            if (path.parent / WEIGHTS).is_file()]
        if not runs:
            raise FileNotFoundError(
                f'{folder} holds no finished run of a suite, {RESULT} and '
                f'{WEIGHTS}. The runs of tools/benchmark.py lie in '
                'work_dirs/benchmarks/SUITE')
        for run in runs:
            suite, row, seed = run.parts[-3:]
            title = row if len(folders) == 1 else f'{suite}/{row}'
            found.append(Trained(title, f'{suite}/{row}/{seed}',
                                 run / CONFIG, run / WEIGHTS))
    for config, checkpoint in pairs:
        path = Path(checkpoint)
        name = f'{Path(config).stem}/{path.absolute().parent.name}_{path.stem}'
        found.append(Trained(name, name, config, path))
    names = [model.name for model in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'Several models would be called {twice[0]}: name '
                         'each once, or measure them apart')
    return found


def measure_files(
        model: Trained, out: Path, settings: FileSettings,
        progress: Callable[[str], None] = lambda line: None) -> dict:
    """Export a model, quantize it, and measure both files beside PyTorch.

    Calibrated on training images, compared on those of testing. What is done
    with the same weights, config and settings is not done again.

    Args:
        model: Config and checkpoint.
        out: Folder for model.onnx, model_int8.onnx and result.json; what is
            in it of an earlier call is replaced.
        settings: How.
        progress: Called with a line that says how far it is.

    Returns:
        ``parameters``, ``macs``, ``shape`` of the timed images (B, H, W),
        ``megabytes`` of both files, ``accuracy`` (mIoU and each class's IoU
        of both, in percent), ``percent`` of equal pixels,
        ``fraction_difference`` in percentage points, ``times`` (threads ->
        ``milliseconds`` of PyTorch, the file and that of eight bits,
        ``ratio`` of the last to the file), ``others``, ``loaded``,
        ``machine``. Where eight bits cost too much, ``refused`` says so, and
        there is nothing of them.

    Raises:
        ImportError: If a package of the extra export is missing.
        ValueError: If the model cannot be exported, or has no data.
    """
    for package in ('onnx', 'onnxscript', 'onnxruntime'):
        require_extra(package, 'export')
    cfg = model.read()
    key = _key(cfg, model.checkpoint, settings)
    result = read_result(out)
    if result is not None and result['key'] == key and all(
            (out / name).is_file() or result['refused'] for name in FILES):
        return result
    (out / RESULT).unlink(missing_ok=True)
    exported, quantized = (out / name for name in FILES)
    progress('exporting')
    export_model(cfg, str(model.checkpoint), exported, overwrite=True)
    cfg = model.read()
    calibration = config_samples(cfg, 'train')
    compared = config_samples(cfg, 'test', with_labels=True)
    files, agreement, refused = [exported], None, ''
    try:
        agreement = quantize_model(
            exported, quantized, calibration, compared,
            QuantizationSettings(settings.count), overwrite=True,
            progress=progress).agreement
        files.append(quantized)
    except ValueError as error:
        refused = str(error)
        quantized.unlink(missing_ok=True)
    progress('measuring times')
    result = dict(
        key=key, refused=refused,
        megabytes=[file.stat().st_size / 1e6 for file in files],
        **_agreement(agreement, OnnxModel(str(exported), 1, CPU).classes),
        **_costs(cfg, model.checkpoint, files, compared[:1], settings),
        machine=describe_machine(gpu=False))
    write_atomically(out / RESULT, json.dumps(result, indent=2))
    return result


def _key(cfg: Config, checkpoint: Path, settings: FileSettings) -> dict:
    """Return what a result depends on."""
    parts = {name: cfg.get(name) for name in SECTIONS}
    return dict(
        checkpoint=sha256(checkpoint),
        config=hashlib.sha256(json.dumps(
            parts, sort_keys=True, default=str).encode()).hexdigest(),
        **json.loads(json.dumps(asdict(settings))))


def _agreement(found: Optional[Agreement], classes: Sequence[str]) -> dict:
    if found is None:
        return dict(accuracy={}, percent=None, fraction_difference=None)
    each = {f'IoU.{name}': list(pair)
            for name, pair in zip(classes, zip(*found.iou))}
    return dict(
        accuracy=dict(mIoU=list(found.miou), **each), percent=found.percent,
        fraction_difference=found.fraction_difference)


def _costs(cfg: Config, checkpoint: Path, files: Sequence[Path],
           samples: Sequence, settings: FileSettings) -> dict:
    """Count, and time all on one image as a prediction shows it."""
    first = OnnxModel(str(files[0]), 1, CPU)
    batch = collect_batches(str(files[0]), samples, 1,
                            Preparation.of(first))[0]
    segmentor = TorchModel(cfg, str(checkpoint), 'cpu').model
    network = PixelLogits(segmentor).eval()
    images = segmentor.data_preprocessor(dict(
        inputs=[torch.from_numpy(image).permute(2, 0, 1) for image in batch],
        data_samples=[SegDataSample() for _ in batch]), False)['inputs']
    macs = count_flops(network, images[:1])[0]
    load, times = OtherLoad(), {}
    for threads in settings.threads:
        times[str(threads)] = _time(network, images, files, batch, threads)
    clock, others = load.stop()
    return dict(
        parameters=deployed_parameters(segmentor), macs=macs,
        shape=list(batch.shape[:3]), times=times, others=others / clock,
        loaded=is_loaded(others / clock, clock))


def _time(network: PixelLogits, images: torch.Tensor, files: Sequence[Path],
          batch, threads: int) -> dict:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    works = [partial(OnnxModel(str(file), threads, CPU).run_network, batch)
             for file in files]
    try:
        with torch.no_grad():
            # the file first: what is asked is how eight bits compare with it
            seconds, ratios = alternate(
                works[0], *works[1:], partial(network, images))
    finally:
        torch.set_num_threads(before)
    file, *quantized, eager = [1000 * each for each in seconds]
    return dict(milliseconds=[eager, file, *quantized],
                ratio=ratios[1] if quantized else None)

"""What a run is about to do, in a few lines."""
import os
import os.path as osp
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.optim import AmpOptimWrapper, OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import DATASETS
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmseg_ext.basics.console import Console
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.sections import sections
from mmseg_ext.datasets.absent_part import settle
from mmseg_ext.engine.cpu_amp import CpuAmpOptimWrapper
from mmseg_ext.engine.pretrained import pretrained_weights
from mmseg_ext.engine.weights import describe_weights
from mmseg_ext.engine.wrappers import unwrapped
from mmseg_ext.models.convolutions import describe_replaced

PARTS = ('backbone', 'neck', 'decode_head', 'auxiliary_head', 'head')
TEACHER = 'teacher'  # of a distilled model, which stays as it is
NAMED = 8  # so many classes, and folders, are named

Facts = list[tuple[str, str]]  # what, and the text


def training_facts(runner: Runner) -> Facts:
    """Return what a training starts from, and where it goes.

    Args:
        runner: At the hooks' ``before_train``, all that it needs is built
            and loaded then.
    """
    return [
        ('config', _config(runner)),
        ('model', _model(runner.model)),
        *_replaced(runner),
        ('training', _images(runner.train_dataloader.dataset)),
        *_validation(runner),
        *_known_classes(runner),
        ('schedule', _schedule(runner)),
        ('device', f'{_device(runner.model)}, '
         f'{_precision(runner.optim_wrapper)}, seed {runner.seed}'),
        ('start', _start(runner)),
        *_teacher(runner.cfg),
        *_places(runner),
        *_earlier(runner),
    ]


def testing_facts(runner: Runner) -> Facts:
    """Return what is tested, see :func:`training_facts`."""
    dataset = runner.test_dataloader.dataset
    return [
        ('config', _config(runner)),
        ('model', _model(runner.model)),
        *_replaced(runner),
        ('weights', short_path(runner.cfg.get('load_from') or 'none')),
        ('test', _images(dataset) + _tested(runner)),
        ('classes', _classes(dataset)),
        ('device', _device(runner.model)),
        *_places(runner),
    ]


def print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """Print what a run is about to do, aligned."""
    width = max(len(name) for name, _ in facts)
    for name, text in facts:
        console.print(f'{name.ljust(width)}  {text}')


def list_data_sets(dataset: Dataset) -> Iterator[Dataset]:
    """Yield the data sets within mmengine's and torch's wrappers."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is None:
        yield dataset
    else:
        for part in inner:
            yield from list_data_sets(part)


def short_path(path: str) -> str:
    """Return a path relative to the current folder, if it lies within."""
    if '://' in path:
        return path
    relative = osp.relpath(path)
    return osp.abspath(path) if relative.startswith(os.pardir) else relative


def last_checkpoint(work_dir: str) -> Optional[str]:
    """Return the checkpoint that was written last, None if none was."""
    pointer = osp.join(work_dir, 'last_checkpoint')
    if not osp.isfile(pointer):
        return None
    with open(pointer) as file:  # as mmengine writes it
        return file.read().strip()


def _config(runner: Runner) -> str:
    path = runner.cfg.filename
    return short_path(path) if path else 'made in Python'


def _replaced(runner: Runner) -> Facts:
    parts = nn.ModuleList(
        part for name, part in unwrapped(runner.model).named_children()
        if name != TEACHER)
    return [('layers', text)
            for text in describe_replaced(parts, _learning(runner.cfg))]


def _model(model: nn.Module) -> str:
    model = unwrapped(model)
    parts = []
    for name in PARTS:
        part = getattr(model, name, None)
        if part is not None:
            parts += part if isinstance(part, nn.ModuleList) else [part]
    names = ', '.join(type(part).__name__ for part in parts)
    sizes = [(weight.numel(), weight.requires_grad)
             for weight in model.parameters()]
    total = sum(size for size, _ in sizes)
    frozen = sum(size for size, trained in sizes if not trained)
    return (type(model).__name__ + (f' of {names}' if names else '')
            + f'; {_millions(total)} parameters'
            + (f', {_millions(frozen)} of them frozen' if frozen else ''))


def _millions(count: int) -> str:
    return f'{count / 1e6:.2f} M' if count >= 1e4 else f'{count}'


def _images(dataset: Dataset) -> str:
    parts = list(list_data_sets(dataset))
    count = min(len(dataset), sum(len(part) for part in parts))
    places = list(dict.fromkeys(_place(part) for part in parts))
    more = len(places) - NAMED
    return (f'{counted(count, "image")} in '
            + ', '.join(places[:NAMED])
            + (f' and {more} more folders' if more > 0 else ''))


def _place(dataset: Dataset) -> str:
    folder = (getattr(dataset, 'data_prefix', None) or {}).get('img_path')
    folder = folder or getattr(dataset, 'data_root', None)
    split = getattr(dataset, 'split', None)
    return ((short_path(folder) if folder else type(dataset).__name__)
            + (f' (split {split!r})' if isinstance(split, str) else ''))


def _validation(runner: Runner) -> Facts:
    if runner.val_loop is None:
        return [('validation', 'none')]
    return [('validation', _images(runner.val_dataloader.dataset)
             + ', which are the test images, too' * _tests_validation(
                 runner.cfg))]


def _tested(runner: Runner) -> str:
    """Say whether the images are those of the validation, and why."""
    if not runner.cfg.get('val_dataloader'):
        return ''
    if not _tests_validation(runner.cfg):
        return _overlap(runner.test_dataloader.dataset, runner.cfg)
    text = ', which are those of the validation'
    absent = {part.absent for part in list_data_sets(
        runner.test_dataloader.dataset) if getattr(part, 'absent', None)}
    if absent:
        text += f': there is no {short_path(min(absent))}'
    return text


def _tests_validation(cfg: Config) -> bool:
    tested, validated = (
        [settle(section) for section in sections(
            (cfg.get(name) or {}).get('dataset')) if 'type' in section
         and 'pipeline' in section]
        for name in ('test_dataloader', 'val_dataloader'))
    return [_source(part) for part in tested] == [
        _source(part) for part in validated]


def _overlap(dataset: Dataset, cfg: Config) -> str:
    try:
        validated = _paths(DATASETS.build(cfg.val_dataloader.dataset))
    # A test needs no validation part, whatever is wrong with it.
    except Exception:
        return ''
    count = len(_paths(dataset) & validated)
    return (f', {count} of which are in the validation, too' if count else
            ', none of which is in the validation')


def _paths(dataset: Dataset) -> set[str]:
    return {osp.realpath(dataset.get_data_info(i)['img_path'])
            for i in range(len(dataset))}


def _source(settings: dict) -> dict:
    """Return what decides which images a data set has."""
    return {name: value for name, value in settings.items()
            if name not in ('pipeline', 'test_mode')}


def _classes(dataset: Dataset) -> str:
    classes = list_classes(dataset)
    if not classes:
        return 'the data set names none'
    more = len(classes) - NAMED
    return (f'{len(classes)}: {", ".join(classes[:NAMED])}'
            + (f' and {more} more' if more > 0 else ''))


def _known_classes(runner: Runner) -> Facts:
    # an encoder that learns maps learns no classes
    return [] if _teaches_maps(runner.cfg) else [
        ('classes', _classes(runner.train_dataloader.dataset))]


def _teaches_maps(cfg: Config) -> bool:
    return 'type' in (cfg.model.get(TEACHER) or {})


def _teacher(cfg: Config) -> Facts:
    teacher = cfg.model.get(TEACHER) or []
    if _teaches_maps(cfg):
        return [('teacher', describe_weights(name))
                for name in pretrained_weights(teacher)]
    teachers = [teacher] if isinstance(teacher, dict) else teacher
    return [('teacher', f'{short_path(one["checkpoint"])} of '
             f'{one["config"]}') for one in teachers]


def list_classes(dataset: Dataset) -> Sequence[str]:
    """Return the names of a data set's classes, none if it has none."""
    return (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()


def _schedule(runner: Runner) -> str:
    loop, loader = runner.train_loop, runner.train_dataloader
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    length = (f'{loop.max_epochs} epochs of {len(loader)} iterations'
              if by_epoch else f'{loop.max_iters} iterations')
    optimizer = getattr(runner.optim_wrapper, 'optimizer', None)
    rate = optimizer.defaults.get('lr') if optimizer is not None else None
    processes = get_world_size()
    parts = [
        length,
        f'batches of {_batch_size(loader)}'
        + (f' in each of {processes} processes' if processes > 1 else ''),
    ]
    if optimizer is not None:
        parts.append(type(optimizer).__name__
                     + (f' at learning rate {rate:g}' if rate else ''))
    interval = getattr(loop, 'val_interval', None)
    if runner.val_loop is not None and interval:
        unit = 'epoch' if by_epoch else 'iteration'
        parts.append(f'validated every {interval} {unit}s'
                     if interval > 1 else f'validated every {unit}')
    return ', '.join(parts)


def _batch_size(loader: DataLoader) -> int | str:
    # torch knows it not of batches that a sampler makes
    return loader.batch_size or getattr(
        loader.batch_sampler, 'batch_size', 'several sizes')


def _device(model: nn.Module) -> str:
    device = next((weight.device for weight in model.parameters()),
                  torch.device('cpu'))
    name = (torch.cuda.get_device_name(device) if device.type == 'cuda' else
            f'{device.type.upper()} of '
            f'{counted(torch.get_num_threads(), "thread")}')
    processes = get_world_size()
    return f'{processes} processes, each on {name}' if processes > 1 else name


def _precision(wrapper) -> str:
    if isinstance(wrapper, OptimWrapperDict):  # of one kind, in a search
        wrapper = next(iter(wrapper.values()))
    if isinstance(wrapper, CpuAmpOptimWrapper) and wrapper.enabled:
        return 'bfloat16 and float32'
    if isinstance(wrapper, AmpOptimWrapper):
        kind = str(wrapper.cast_dtype or 'float16').removeprefix('torch.')
        return f'{kind} and float32'
    return 'float32'


def _start(runner: Runner) -> str:
    cfg = runner.cfg
    loaded = cfg.get('load_from')
    if cfg.get('resume'):
        checkpoint = loaded or last_checkpoint(runner.work_dir)
        if checkpoint:
            return (f'{short_path(checkpoint)}, resumed after iteration '
                    f'{runner.iter} of {runner.max_iters}')
    if loaded:
        text = f'weights of {short_path(loaded)}'
    else:
        weights = [describe_weights(name) for name in dict.fromkeys(
            pretrained_weights(_learning(cfg)))]
        text = (f'pretrained weights {", ".join(weights)}' if weights else
                'random weights')
    if cfg.get('resume'):
        text += (f' (nothing to resume in {short_path(runner.work_dir)}: '
                 f'starts from the beginning{_unnamed(runner.work_dir)})')
    return text


def _unnamed(folder: str) -> str:
    """Say how to resume checkpoints that no last_checkpoint names."""
    found = sorted(Path(folder).glob('*.pth'),
                   key=lambda path: path.stat().st_mtime)
    return '' if not found else (
        '; no last_checkpoint says which was the newest: --resume '
        f'--cfg-options load_from={short_path(str(found[-1]))} goes on from '
        'that one')


def _learning(cfg: Config) -> dict:
    return {name: part for name, part in cfg.model.items()
            if name != TEACHER}


def _places(runner: Runner) -> Facts:
    log: Optional[str] = getattr(runner.logger, 'log_file', None)
    return [
        ('results', short_path(runner.work_dir)),
        ('log', f'{short_path(log)} (with the whole config)' if log else
         'none'),
    ]


def _earlier(runner: Runner) -> Facts:
    """Say what becomes of a training that has used the folder before."""
    checkpoint = last_checkpoint(runner.work_dir)
    if (runner.cfg.get('resume') or checkpoint is None
            or not osp.isfile(checkpoint)):
        return []
    # So do mmengine's hooks: they remove nothing that they have not written.
    return [('note', f'{short_path(runner.work_dir)} holds checkpoints of an '
             'earlier training: this one starts anew, replaces those of the '
             'same name and leaves the others; --resume goes on from '
             f'{short_path(checkpoint)}')]

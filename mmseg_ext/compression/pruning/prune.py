"""From a trained model to a pruned one, both as config and checkpoint."""
import copy
import json
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from mmseg_ext.basics.extras import require_extra
from mmseg_ext.basics.files import write_atomically
from mmseg_ext.basics.staging import staged
from mmseg_ext.engine import load_trained, read_config
from mmseg_ext.engine.narrowing import check_type
from mmseg_ext.engine.norm_statistics import reestimate_norms
from mmseg_ext.models.segmentors import widths_of

from .config import base_of, pruned_config
from .images import calibration_crops, labelled_batches
from .importance import (
    Scores,
    activation,
    logits_of,
    magnitude,
    random,
    taking_gradients,
    taylor,
)
from .pruner import Pruner
from .report import (
    Costs,
    PruningReport,
    changed_pixels,
    compare_layers,
    latency_ratio,
)
from .scopes import find_scope, stock_types
from .settings import PruningSettings

FILES = ('config.py', 'original.py', 'weights.pth', 'widths.json',
         'report.md', 'report.csv')
BATCH = 16  # crops whose norms are pooled at once
TOLERANCE = 1e-3  # of the largest logit


def prune_model(cfg: Config,
                checkpoint: str,
                out: str,
                settings: PruningSettings,
                plain: bool = True,
                distill: bool = False,
                overwrite: bool = False,
                progress: Callable[[str], None] = print) -> PruningReport:
    """Prune a segmentor and write a folder that trains and predicts.

    Args:
        cfg: Its config, with a training set.
        checkpoint: File of its weights.
        out: Folder for config.py, weights.pth, widths.json, report.md and
            report.csv, and original.py where options were given.
        settings: How much, and by what.
        plain: Whether ``cfg`` is its file as it stands, without options.
        distill: Let the original teach the pruned one when it is trained.
        overwrite: Replace what is in ``out``.
        progress: Called with a line that says what is done.

    Raises:
        ImportError: If torch-pruning is missing.
        FileExistsError: If ``out`` holds such files.
        ValueError: If the model cannot be pruned, or does not run after it;
            nothing is written then.
    """
    require_extra('torch_pruning', 'prune')
    check_type(cfg)
    teacher = (str(cfg.filename), checkpoint) if distill else None
    entries = FILES if not plain else tuple(
        name for name in FILES if name != 'original.py')
    with staged(out, entries, overwrite) as folder:
        before = _load(cfg, checkpoint)
        after = copy.deepcopy(before)
        crops = calibration_crops(cfg, before, settings.calibration,
                                  settings.seed)
        report = _prune(cfg, before, after, crops, settings, progress)
        target = Path(out).resolve()
        # the classes, for those who ask the file
        meta = CheckpointLoader.load_checkpoint(
            checkpoint, 'cpu', logger='silent').get('meta') or {}
        torch.save(dict(
            meta=dict(dataset_meta=meta.get('dataset_meta')),
            state_dict=after.cpu().state_dict()), folder / 'weights.pth')
        write_atomically(folder / 'widths.json', json.dumps(
            widths_of(after), indent=0))
        base = base_of(str(cfg.filename), target)
        if not plain:
            cfg.dump(folder / 'original.py')
            base = './original.py'
            teacher = teacher and (str(target / base), checkpoint)
        write_atomically(folder / 'config.py',
                         pruned_config(cfg, base, target, teacher))
        write_atomically(folder / 'report.md', report.markdown())
        write_atomically(folder / 'report.csv', report.csv())
    _check(target, after, crops[:1].cpu())
    return report


def _load(cfg: Config, checkpoint: str) -> nn.Module:
    cfg = copy.deepcopy(cfg)
    cfg.model.auxiliary_head = None  # layers of the training alone
    return load_trained(cfg, checkpoint)


def _prune(cfg: Config, before: nn.Module, after: nn.Module, crops: Tensor,
           settings: PruningSettings,
           progress: Callable[[str], None]) -> PruningReport:
    scope, names = find_scope(after, settings.only, settings.ignore)
    progress(f'Scope {scope}: {len(names)} layers may lose channels')
    image, batches = crops[:1], list(crops.split(BATCH))
    pruner = Pruner(after, image, names, settings)
    pruned, norms = 0.0, 0
    for number, ratio in enumerate(settings.ratios(), start=1):
        scores = _score(cfg, after, batches, settings)
        groups = pruner.step(scores, ratio)
        if not groups:
            raise ValueError(
                f'No layer loses a channel at --ratio {ratio:.2f}, in '
                f'multiples of {settings.round_to} and with '
                f'{settings.min_channels} at least: change --ratio, '
                '--round-to or --min-channels')
        progress(f'Step {number} of {settings.steps}: {ratio:.0%} of the '
                 f'channels of {groups} groups of layers are gone')
        pruned = changed_pixels(before, after, batches)
        norms = reestimate_norms(after, batches, logits_of)
    return PruningReport(
        settings, scope, compare_layers(before, after),
        sorted(pruner.at_least), Costs.of(before, image),
        Costs.of(after, image), tuple(image.shape[2:]),
        latency_ratio(before, after, image),
        (pruned, changed_pixels(before, after, batches)), norms)


def _score(cfg: Config, model: nn.Module, batches: list[Tensor],
           settings: PruningSettings) -> Scores:
    with stock_types(model), taking_gradients(model):
        if settings.importance == 'activation':
            return activation(model, batches, settings.after_norm)
        if settings.importance == 'taylor':
            return taylor(model, labelled_batches(cfg, settings.calibration))
        if settings.importance == 'random':
            return random(model, settings.seed)
        return magnitude(model)


@torch.no_grad()
def _check(folder: Path, pruned: nn.Module, image: Tensor) -> None:
    """Compare what was written with what was pruned."""
    cfg = read_config(folder / 'config.py')
    model = load_trained(cfg, str(folder / 'weights.pth')).cpu()
    wanted, found = (logits_of(each, image) for each in (pruned, model))
    difference = float((wanted - found).abs().max() / wanted.abs().max())
    if not difference <= TOLERANCE:
        raise ValueError(
            f'{folder} does not give back the pruned model: logits differ by '
            f'{difference:.1e} of the largest. Do not use it')

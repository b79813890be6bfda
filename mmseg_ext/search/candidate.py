"""The config of a candidate, whether it can be built, and its trainings."""
import copy
import hashlib
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.benchmark.jobs import Job
from mmseg_ext.benchmark.row_config import leave_out_validation
from mmseg_ext.engine.model_cost import PixelLogits, deployed_parameters

from .search_file import Search

RUNS, COSTS = 'runs', 'costs'
REPEATS = 20  # timed passes of a candidate and of the base, in turn


def candidate_config(search: Search, values: Mapping[str, Any]) -> Config:
    """Return the base config with a candidate's values.

    Args:
        search: Whose candidate it is.
        values: Of the keys of its space.
    """
    cfg = copy.deepcopy(search.cfg)
    # a default that is written out would be another model, and timed as one
    cfg.merge_from_dict(copy.deepcopy({
        key: value for key, value in search.changes(values).items()
        if key not in search.start or repr(value) != repr(search.start[key])
    }))
    return cfg


def count_parameters(model: Mapping, input_size: tuple[int, int]) -> int:
    """Build a model on the CPU, let it predict once, count its parameters.

    Args:
        model: Config of a segmentor.
        input_size: (height, width) of the image.

    Raises:
        Whatever a model raises whose parts do not fit together.
    """
    init_default_scope('mmseg')
    segmentor = revert_sync_batchnorm(MODELS.build(copy.deepcopy(model)))
    network = PixelLogits(segmentor).eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, *input_size))
    return deployed_parameters(segmentor)


def run_config(search: Search, cfg: Config, seed: int) -> Config:
    """Return the config of a trial's training, judged by the validation.

    It is validated at the rungs and at its end, and nowhere else.

    Args:
        search: Whose trial it is.
        cfg: Of the candidate.
        seed: Of the training.
    """
    cfg = _plain_run(cfg, search.steps, seed)
    stops = [*search.rungs, search.steps]
    cfg.train_cfg.update(
        val_interval=stops[0], val_begin=1,
        # From two steps behind a rung on mmengine looks for multiples of the
        # next one, of which the first is that rung itself.
        dynamic_intervals=[(rung + 2, then) for rung, then in pairwise(stops)]
        or None)
    cfg.default_hooks.checkpoint.interval = min(
        cfg.default_hooks.checkpoint.get('interval', stops[0]), stops[0])
    for name in ('dataloader', 'evaluator'):
        cfg[f'test_{name}'] = copy.deepcopy(cfg[f'val_{name}'])
    # as the run will read it: what is no text fails now, not there
    return Config.fromstring(cfg.pretty_text, '.py')


def final_config(search: Search, cfg: Config, seed: int) -> Config:
    """Return the config of a training for the final table.

    It is judged by the config's own test part, and validated nowhere.
    """
    cfg = _plain_run(cfg, search.final.steps, seed)
    leave_out_validation(cfg)
    return Config.fromstring(cfg.pretty_text, '.py')


def _plain_run(cfg: Config, steps: int, seed: int) -> Config:
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict({
        'train_cfg.max_iters': steps,
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.checkpoint.max_keep_ckpts': 2,
        'default_hooks.curves': dict(type='CurvesHook', picture=False),
        'randomness.seed': seed,
    })
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or ()
                        if 'EarlyStopping' not in str(hook['type'])]
    return cfg


def run_job(task: str, root: Path, cfg: Config) -> Job:
    """Return a training in a folder that its config names.

    The same training is so never done twice, whichever search wants it.
    """
    seed = cfg.randomness.seed
    rest = copy.deepcopy(cfg)
    rest.randomness.pop('seed')
    return Job(task, root / RUNS / digest(rest.to_dict()) / f'seed_{seed}',
               cfg)


def cost_job(search: Search, root: Path, cfg: Config) -> Job:
    """Return the timing of a candidate beside the base, in turn."""
    models = dict(candidate=cfg.model.to_dict())
    if models['candidate'] != search.cfg.model.to_dict():
        models['base'] = search.cfg.model.to_dict()
    settings = dict(
        custom_imports=cfg.get('custom_imports', dict(imports=[])),
        models=models, input_size=search.input_size, repeats=REPEATS)
    return Job('cost', root / COSTS / digest(settings), Config(settings))


def digest(settings: Mapping) -> str:
    """Return a short name of settings: the same ones have the same."""
    text = json.dumps(settings, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]

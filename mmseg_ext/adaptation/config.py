"""The config that an adapted model is predicted, tested and exported with."""
import copy
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.intensity import MATCH, IntensityMatch
from mmseg_ext.basics.sections import sections
from mmseg_ext.engine.intensity_hook import LOADING

# What is of a run, or of the place where the original lies.
DROPPED = ('work_dir', 'load_from', 'resume', 'launcher')
PIPELINES = ('test_pipeline', 'tta_pipeline')


def adapted_config(cfg: Config, match: Optional[IntensityMatch],
                   what: str) -> str:
    """Return the text of a config whose test pipelines match intensities.

    Training and validation stay as they are.

    Args:
        cfg: The original, with all options applied.
        match: None: pipelines stay as they are.
        what: Said in its first line.
    """
    cfg = copy.deepcopy(cfg)
    for name in DROPPED:
        cfg.pop(name, None)
    if match is not None:
        step = dict(type=MATCH, **match.arguments())
        for section in sections(cfg.test_dataloader.dataset):
            if 'pipeline' in section:
                section['pipeline'] = with_match(section['pipeline'], step)
        for name in PIPELINES:
            if cfg.get(name):
                cfg[name] = with_match(cfg[name], step)
    return f'# {what}\n{cfg.pretty_text}'


def with_match(pipeline: list[dict], step: dict) -> list[dict]:
    """Return a pipeline with a step behind loading, in place of an older."""
    others = [each for each in pipeline if each['type'] != MATCH]
    place = next((i for i, each in enumerate(others)
                  if not each['type'].startswith(LOADING)), len(others))
    return [*others[:place], step, *others[place:]]

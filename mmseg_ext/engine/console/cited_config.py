"""The config of a run as a later command names it."""
import copy
import os.path as osp
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.sections import data_sets
from mmseg_ext.engine.pretrained import remove_pretrained

TESTED = ('model', 'data_preprocessor', 'test_cfg', 'test_dataloader',
          'test_evaluator')


def cite_config(cfg: Config) -> Optional[list[str]]:
    """Return the options by which a test has this model and these data.

    Args:
        cfg: Config of a training, with the options of its command applied.

    Returns:
        Its file, --data-root and --work-dir where they differ from the
        file's; None if more than these does, or there is no file.
    """
    if not cfg.filename or not osp.isfile(cfg.filename):
        return None
    plain = Config.fromfile(cfg.filename, import_custom_modules=False)
    options = [cfg.filename]
    roots = [section['data_root'] for section in data_sets(cfg)]
    if roots != [section['data_root'] for section in data_sets(plain)]:
        if len(set(roots)) != 1:
            return None
        for section in data_sets(plain):
            section['data_root'] = roots[0]
        options += ['--data-root', roots[0]]
    if _tested(cfg) != _tested(plain):
        return None
    name = osp.splitext(osp.basename(cfg.filename))[0]
    usual = plain.get('work_dir') or osp.join('work_dirs', name)
    if osp.abspath(cfg.work_dir) != osp.abspath(usual):
        options += ['--work-dir', cfg.work_dir]
    return options


def _tested(cfg: Config) -> dict:
    """Return what a test takes of a config, without pretrained weights."""
    cfg = copy.deepcopy(cfg)
    remove_pretrained(cfg)
    return {name: cfg.get(name) for name in TESTED}

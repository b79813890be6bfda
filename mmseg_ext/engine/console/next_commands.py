"""The commands that a trained checkpoint is for."""
import os.path as osp
from collections.abc import Sequence
from typing import Optional

from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor
from torch.utils.data import Dataset

from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.engine.wrappers import unwrapped

from .run_facts import list_data_sets, short_path


def next_commands(runner: Runner,
                  checkpoint: str,
                  cited: Optional[Sequence[str]] = None) -> list[str]:
    """Word the commands that test a checkpoint, and predict with it.

    Args:
        runner: Of a training that is done.
        checkpoint: File of the weights.
        cited: Config, and options that a test needs beside it; None for the
            config in the work directory, which has all options applied.

    Returns:
        Lines: what a command is for, and below it the command, quoted for a
        shell.
    """
    if cited is None:
        name = osp.basename(runner.cfg.filename or f'{runner.timestamp}.py')
        cited = [osp.join(runner.work_dir, name)]
    config, *options = cited
    config, checkpoint = short_path(config), short_path(checkpoint)
    lines = []
    if runner.cfg.get('test_dataloader'):
        lines += ['Test it:', _line('test', config, checkpoint, *options)]
    images = (_some_images(runner.val_dataloader.dataset)
              if isinstance(unwrapped(runner.model), BaseSegmentor)
              and runner.val_loop is not None else None)
    if images is not None:
        # of what lies below a mask a prediction knows nothing
        band = getattr(next(list_data_sets(runner.val_dataloader.dataset)),
                       'info_band', None)
        cut = ['--crop-bottom', 'auto'] if band == 'mask' else []
        lines += ['Predict images, such as all of a folder:', _line(
            'predict', images, '--config', config, '--checkpoint', checkpoint,
            *cut, '--out', short_path(osp.join(runner.work_dir,
                                               'predictions')))]
    return lines


def _line(tool: str, *arguments: str) -> str:
    return f'  {command_for(tool)} {quote_command(arguments)}'


def _some_images(dataset: Dataset) -> Optional[str]:
    """Return a folder of images, or one where masks lie beside them.

    None: the data set does not say where its images are.
    """
    first = next(list_data_sets(dataset))
    info = first.get_data_info(0) if hasattr(first, 'get_data_info') else {}
    if not info.get('img_path'):
        return None
    folder = osp.dirname(info['img_path'])
    if osp.dirname(info.get('seg_map_path') or '') == folder:
        return short_path(info['img_path'])
    return short_path(folder)

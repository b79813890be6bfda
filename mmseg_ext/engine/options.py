"""From parsed command-line options to a config."""
import argparse
import os

from mmengine.config import Config

from .launch import load_config


def config_from_options(args: argparse.Namespace) -> Config:
    """Read the config file that parsed options name, and apply them.

    Args:
        args: Of a parser with ``config`` and the options of
            :func:`mmseg_ext.basics.command_line.add_config_options`, of a
            tool that has a Runner also those of ``add_runner_options``.
    """
    if hasattr(args, 'local_rank'):
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return load_config(
        args.config,
        work_dir=getattr(args, 'work_dir', None),
        cfg_options=args.cfg_options,
        launcher=getattr(args, 'launcher', 'none'),
        data_root=args.data_root,
        dataset_options=args.dataset_options,
        from_scratch=getattr(args, 'from_scratch', False))

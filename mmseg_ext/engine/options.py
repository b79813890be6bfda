"""Command-line options that training and testing share."""
import argparse
import os

from mmengine.config import Config, DictAction

from .launch import load_config


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of :func:`config_from_options` to a parser."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--data-root', help='data folder, in place of the config\'s')
    parser.add_argument(
        '--dataset-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='arguments of all data sets of the config, such as '
        'categories=[bottle,cable]')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='values of the config to replace, such as '
        'train_dataloader.batch_size=2 or key="[(a,b),(c,d)]" (quotation '
        'marks needed, no white space)')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher; dist_train.sh and dist_test.sh set it')
    # torchrun sets the environment variable; older launchers this option
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS)


def config_from_options(args: argparse.Namespace) -> Config:
    """Read the config file that the parsed options name, and apply them."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return load_config(
        args.config,
        work_dir=args.work_dir,
        cfg_options=args.cfg_options,
        launcher=args.launcher,
        data_root=args.data_root,
        dataset_options=args.dataset_options,
        from_scratch=getattr(args, 'from_scratch', False))

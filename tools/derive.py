#!/usr/bin/env python
"""Write the architecture that a search by gradient has found as a config.

    python tools/train.py configs/search/darts_efficientnet-lite0_ksdd2.py
    python tools/derive.py work_dirs/.../iter_1500.pth searched.py --random 5
    python tools/train.py searched.py             # from scratch, what counts

The config is an ordinary one, for all tools. Of each mixture the operation is
chosen without which the trained model is the worst on the half of the training
images that the architecture has learned from (perturb), or that of the largest
weight (argmax); where they differ is said. --random writes the control:
searched_random_0.py and so on.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    command_for,
    config_name,
    new_parser,
    quote_command,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('checkpoint', type=Path, help='of the search')
    parser.add_argument('out', type=Path, help='config to write, a .py file')
    parser.add_argument(
        '--config', type=config_name, help='config of the search; default: '
        'the only one beside the checkpoint')
    parser.add_argument(
        '--select', choices=('perturb', 'argmax'), default='perturb',
        help='perturb: by what the mixture loses without each operation; '
        'argmax: by the largest weight (default: %(default)s)')
    parser.add_argument(
        '--batches', type=number(int, low=1), default=16, metavar='N',
        help='batches of images by which perturb judges (default: '
        '%(default)s)')
    parser.add_argument(
        '--random', type=number(int, low=0), default=0, metavar='N',
        help='write so many random architectures, too (default: none)')
    parser.add_argument(
        '--seed', type=int, default=0,
        help='of batches, and of random (default: %(default)s)')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace what is there')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.search.gradient import (
        DeriveSettings,
        config_beside,
        derive,
        other_data_root,
    )

    args.config = args.config or config_beside(args.checkpoint)
    cfg = config_from_options(args)
    written = derive(cfg, args.checkpoint, args.out, DeriveSettings(
        select=args.select, batches=args.batches, random=args.random,
        seed=args.seed, overwrite=args.overwrite), print)
    root = other_data_root(cfg)
    rest = ['--data-root', root] if root else []
    print(f'Wrote {", ".join(map(str, written))}. To train it from scratch:\n'
          f'  {command_for("train")} '
          f'{quote_command([str(args.out), *rest])}')


if __name__ == '__main__':
    run(main)

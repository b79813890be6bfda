#!/usr/bin/env python
"""Give a backbone a start: it learns a pretrained encoder's maps.

For encoders without weights of their own. IMAGES need no masks: take your
own, all that there are, and others like them.

    python tools/pretrain.py configs/sem/segformer_mit-b0_sem.py \\
        data/own/images --out work_dirs/mit-b0.pth --minutes 20

The weights are an ordinary start (init_cfg) of this backbone; the lines of
the config are printed at the end. Logs, curves and checkpoints are beside
them, in work_dirs/mit-b0_pretraining.
"""
import argparse

from mmseg_ext.basics.argument_types import crop_rows, number
from mmseg_ext.basics.command_line import (
    add_budget_options,
    config_name,
    new_parser,
    run,
)
from mmseg_ext.basics.console import count_progress


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file: its '
                        'backbone learns')
    parser.add_argument('images', nargs='+', help='folders (with all in '
                        'them), files, and text files that list files')
    parser.add_argument('--out', required=True, metavar='FILE',
                        help='file for the weights')
    parser.add_argument(
        '--teacher', default='package://efficientnet_lite0', help='weights '
        "to learn from, package:// or micronet:// or timm's name (default: "
        '%(default)s)')
    add_budget_options(parser, 20, 'for the pretraining')
    parser.add_argument('--crop', type=int, default=192, metavar='PIXELS',
                        help='side of the squares (default: %(default)s)')
    parser.add_argument('--batch', type=number(int, low=2), default=8,
                        help='squares in a step (default: %(default)s)')
    parser.add_argument('--lr', type=number(float, above=0), default=1e-3,
                        help='highest learning rate (default: %(default)s)')
    parser.add_argument(
        '--crop-bottom', type=crop_rows, default=0, metavar='ROWS|auto',
        help='cut rows off the lower edge, or the information band where '
        'one is found')
    parser.add_argument('--bit-depth', type=number(int, low=8, high=16),
                        metavar='BITS', help='of 16-bit images that fill '
                        'fewer, such as 12')
    parser.add_argument('--amp', action='store_true',
                        help='in mixed precision')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=number(int, low=0), default=2,
                        help='processes that load images (default: '
                        '%(default)s)')
    parser.add_argument('--work-dir', help='folder of logs, curves and '
                        'checkpoints (default: FILE_pretraining)')
    parser.add_argument('--resume', action='store_true', help='go on from '
                        'the newest checkpoint')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace FILE')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine.pretraining import Settings, pretrain

    settings = Settings(
        args.config, args.images, args.teacher, args.crop, args.batch,
        args.lr, args.crop_bottom, args.bit_depth, args.seed, args.amp,
        args.workers)
    found = pretrain(settings, args.out, args.minutes, args.steps,
                     args.resume, args.overwrite, args.work_dir,
                     count_progress)
    print(f'Weights: {found.out}')
    if found.lines:
        print('In a config that starts from them, after '
              f'_base_ = {args.config!r}:')
        print('\n'.join(f'  {line}' for line in found.lines))
    if found.command:
        print(f'{"Or train" if found.lines else "Train"} at once:\n'
              f'  {found.command}')


if __name__ == '__main__':
    run(main)

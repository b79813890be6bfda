#!/usr/bin/env python
"""Remove channels from a trained model, and write a smaller one to train on.

    python tools/prune.py CONFIG CHECKPOINT pruned --ratio 0.5
    python tools/train.py pruned/config.py                # fine-tunes

pruned/ gets config.py and weights.pth, which all tools take, widths.json, and
report.md and report.csv. Images are those of the config's training, and no
mask is read but for --importance taylor. Without fine-tuning the result is of
little use; --importance random is the row that any other has to beat.
"""
import argparse

from mmseg_ext.basics.argument_types import expression, number
from mmseg_ext.basics.command_line import (
    add_config_options,
    command_for,
    config_name,
    new_parser,
    quote_command,
    run,
)

IMPORTANCES = ('activation', 'magnitude', 'taylor', 'random')


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--ratio', type=number(float, above=0, high=0.95), default=0.5,
        help='fraction of the channels to remove (default: %(default)s)')
    parser.add_argument(
        '--importance', choices=IMPORTANCES, default='magnitude',
        help='what the channels to keep are chosen by: mean absolute output '
        "of the filter, its weights' norm, weight times gradient (reads "
        'masks), or nothing (default: %(default)s)')
    parser.add_argument(
        '--after-norm', action='store_true',
        help='of activation: measure behind norm and activation function')
    parser.add_argument(
        '--calibration', type=number(int, low=1), default=32, metavar='N',
        help='crops of training images to look at (default: %(default)s)')
    parser.add_argument(
        '--round-to', type=number(int, low=1), default=8, metavar='N',
        help='leave channels in multiples of N (default: %(default)s)')
    parser.add_argument(
        '--min-channels', type=number(int, low=1), default=4, metavar='N',
        help='fewest that a layer keeps (default: %(default)s)')
    parser.add_argument(
        '--steps', type=number(int, low=1), default=1, metavar='N',
        help='prune little by little, and take the statistics of norms anew '
        'between')
    parser.add_argument(
        '--across-layers', action='store_true',
        help='rank the channels of all layers together; no layer loses more '
        'than 0.8')
    parser.add_argument(
        '--only', type=expression, metavar='REGEX',
        help='prune the layers whose name has it, whatever suits the '
        'architecture')
    parser.add_argument(
        '--ignore', type=expression, metavar='REGEX',
        help='leave these layers as they are')
    parser.add_argument(
        '--distill', action='store_true',
        help='let the original model teach the pruned one in its training')
    parser.add_argument(
        '--seed', type=int, default=0, help='of crops, and of random')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace what is there')
    add_config_options(parser)
    args = parser.parse_args()
    if args.after_norm and args.importance != 'activation':
        parser.error('--after-norm is of --importance activation, not of '
                     f'{args.importance}')
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.compression.pruning import PruningSettings, prune_model
    from mmseg_ext.engine import config_from_options

    settings = PruningSettings(
        ratio=args.ratio, importance=args.importance,
        after_norm=args.after_norm, calibration=args.calibration,
        round_to=args.round_to, min_channels=args.min_channels,
        steps=args.steps, across_layers=args.across_layers, only=args.only,
        ignore=args.ignore, seed=args.seed)
    options = (args.cfg_options, args.data_root, args.dataset_options)
    report = prune_model(
        config_from_options(args), args.checkpoint, args.out, settings,
        plain=not any(options), distill=args.distill,
        overwrite=args.overwrite)
    print(report.describe())
    config = quote_command([f'{args.out}/config.py'])
    print(f'Wrote {args.out}. To fine-tune it:\n'
          f'  {command_for("train")} {config}')


if __name__ == '__main__':
    run(main)

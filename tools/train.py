#!/usr/bin/env python
"""Train a segmentor; options as in MMSegmentation's own tools/train.py."""
import argparse

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    add_runner_options,
    command_for,
    config_name,
    new_parser,
    quote_command,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest checkpoint in the work directory')
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision: float16 on a GPU, bfloat16 on a CPU')
    parser.add_argument(
        '--from-scratch',
        action='store_true',
        help='start from random weights; nothing is downloaded')
    parser.add_argument(
        '--patience',
        type=number(int, low=1),
        metavar='N',
        help='end after N validations without a better best checkpoint')
    parser.add_argument(
        '--ema',
        action='store_true',
        help='validate and save an exponential moving average of the weights')
    parser.add_argument(
        '--distill',
        nargs=2,
        action='append',
        metavar=('TEACHER_CONFIG', 'TEACHER_CHECKPOINT'),
        help='learn from this trained model, too; several times: from the '
        'mean of their probabilities')
    parser.add_argument(
        '--alpha',
        type=number(float, low=0, high=1),
        help='with --distill: factor of the losses of the masks, that of the '
        "teacher's is 1 - alpha (default: 0.5)")
    parser.add_argument(
        '--temperature',
        type=number(float, above=0),
        help='with --distill: the higher, the more the unlikely classes '
        'count (default: 1; channel: 4)')
    parser.add_argument(
        '--distill-loss',
        choices=['pixel', 'balanced', 'channel'],
        help='with --distill: compare the classes of each pixel, the same '
        'with rare classes counting as much as others, or the places of each '
        'class (default: pixel)')
    parser.add_argument(
        '--log',
        choices=['tensorboard', 'mlflow', 'wandb'],
        help='log there, too')
    parser.add_argument(
        '--no-check',
        action='store_true',
        help='do not look at some images and masks first')
    add_config_options(parser)
    add_runner_options(parser)
    args = parser.parse_args()
    for name in ('alpha', 'temperature', 'distill_loss'):
        if getattr(args, name) is not None and not args.distill:
            parser.error(f'--{name.replace("_", "-")} needs --distill '
                         'TEACHER_CONFIG TEACHER_CHECKPOINT')
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.checking.quick_check import refuse_unfit
    from mmseg_ext.engine import config_from_options, learn_from, train

    cfg = config_from_options(args)
    if args.distill:
        learn_from(cfg, args.distill, args.alpha, args.temperature,
                   args.distill_loss)
    if not args.no_check:
        refuse_unfit(cfg, f'{command_for("check_dataset")} '
                     f'{quote_command([args.config])} (with the options for '
                     'data)')
    train(cfg, args.resume, args.amp, patience=args.patience, ema=args.ema,
          log=args.log)


if __name__ == '__main__':
    run(main)

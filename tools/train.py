#!/usr/bin/env python
"""Train a segmentor; options as in MMSegmentation's own tools/train.py."""
import argparse

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
        type=int,
        metavar='N',
        help='end after N validations without a better best checkpoint')
    parser.add_argument(
        '--ema',
        action='store_true',
        help='validate and save an exponential moving average of the weights')
    parser.add_argument(
        '--log',
        choices=['tensorboard', 'mlflow', 'wandb'],
        help='log there, too')
    parser.add_argument(
        '--no-check',
        action='store_true',
        help='do not look at some images and masks first')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.checking.quick_check import refuse_unfit
    from mmseg_ext.engine import config_from_options, train

    cfg = config_from_options(args)
    if not args.no_check:
        refuse_unfit(cfg, f'{command_for("check_dataset")} '
                     f'{quote_command([args.config])} (with the options for '
                     'data)')
    train(cfg, args.resume, args.amp, patience=args.patience, ema=args.ema,
          log=args.log)


if __name__ == '__main__':
    run(main)

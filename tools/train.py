#!/usr/bin/env python
"""Train a segmentor; options as in MMSegmentation's own tools/train.py."""
import argparse

from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
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
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options, train

    train(config_from_options(args), args.resume, args.amp)


if __name__ == '__main__':
    run(main)

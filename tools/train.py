#!/usr/bin/env python
"""Train a segmentor; options as in MMSegmentation's own tools/train.py."""
import argparse

import mmseg_ext  # noqa: F401  mends mmengine before a config is read
from mmseg_ext.engine import add_options, config_from_options, train


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
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
    add_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()
    train(config_from_options(args), args.resume, args.amp)

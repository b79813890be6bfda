#!/usr/bin/env python
"""Test a segmentor; options as in MMSegmentation's own tools/test.py."""
import argparse

import mmseg_ext  # noqa: F401  mends mmengine before a config is read
from mmseg_ext.engine import add_options, config_from_options, test


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', help='folder to write the predicted class ids to, as PNG')
    parser.add_argument(
        '--show-dir', help='folder to write image | ground truth | prediction '
        'to')
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation')
    add_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()
    test(
        config_from_options(args),
        args.checkpoint,
        tta=args.tta,
        out=args.out,
        show_dir=args.show_dir)

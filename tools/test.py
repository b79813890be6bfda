#!/usr/bin/env python
"""Test a segmentor; options as in MMSegmentation's own tools/test.py."""
import argparse

from mmseg_ext.basics.command_line import (
    add_config_options,
    add_runner_options,
    config_name,
    new_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', help='folder to write the predicted class ids to, as PNG')
    parser.add_argument(
        '--show-dir', help='folder to write image | ground truth | prediction '
        'to')
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation')
    add_config_options(parser)
    add_runner_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options, test

    test(
        config_from_options(args),
        args.checkpoint,
        tta=args.tta,
        out=args.out,
        show_dir=args.show_dir)


if __name__ == '__main__':
    run(main)

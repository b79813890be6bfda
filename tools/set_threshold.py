#!/usr/bin/env python
"""Choose above which probability a pixel is a defect, on validation images.

    python tools/set_threshold.py CONFIG CHECKPOINT --out weights.pth
    python tools/test.py CONFIG weights.pth

For models of two classes, a defect and the rest. The threshold of the best IoU
on the config's validation images goes into the bias of the classifier: test,
predict, export and quantize take the file as any other. A training on surfaces
does the same for its best checkpoint.
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
from mmseg_ext.basics.console import count_progress


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', type=Path, required=True, metavar='FILE',
        help='checkpoint to write')
    parser.add_argument(
        '--recall', type=number(float, above=0, high=1), metavar='FRACTION',
        help="find at least this fraction of the defects' pixels, by the "
        'highest threshold that does (default: the best IoU)')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace FILE')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.engine.console import cite_config
    from mmseg_ext.engine.threshold import choose_threshold
    from mmseg_ext.evaluation import describe_choice

    cfg = config_from_options(args)
    found = choose_threshold(
        cfg, args.checkpoint, args.out, args.recall,
        overwrite=args.overwrite, show=count_progress('images'))
    for line in describe_choice(found.point, found.usual):
        print(line)
    cited = cite_config(cfg)
    config, *options = cited or [args.config]
    print(f'Wrote {args.out}. To test it, on images that chose nothing'
          + (':' if cited else ', with the same options:')
          + f'\n  {command_for("test")} '
          f'{quote_command([config, str(args.out), *options])}')


if __name__ == '__main__':
    run(main)

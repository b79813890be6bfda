#!/usr/bin/env python
"""Write a set with a source and a target domain, to measure adaptation on.

    python tools/split_domains.py data/nasa_super1 data/super1_darkened \\
        --factor 0.6
    python tools/split_domains.py data/nasa_super1 data/super1_bright_dark \\
        --below 160

OUT gets images and masks of three parts: train, the source, out of the
training part of the set; target, of the other domain and out of the training
part, too; and test, of the other domain and out of all other parts.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import new_parser, run
from mmseg_ext.basics.console import count_progress


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'data_root', type=Path, help='set with images/train, masks/train and '
        'other parts')
    parser.add_argument('out', type=Path, help='folder to write to')
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument(
        '--factor', type=number(float, above=0), help='the other domain: the '
        'same images, grey levels multiplied by this')
    how.add_argument(
        '--below', type=number(float, above=0, high=255), metavar='GREY',
        help='the other domain: images whose mean grey level is below this; '
        'the source are the others')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.conversion import write_domains

    found = write_domains(args.out, args.data_root, args.factor, args.below,
                          count_progress('images'))
    numbers = ', '.join(f'{len(names)} {domain}'
                        for domain, names in found.items())
    print(f'Wrote the set to {args.out}: {numbers}')


if __name__ == '__main__':
    run(main)

#!/usr/bin/env python
"""Write the paper's split of MVTec AD as text files that a config names.

All images of a category are dealt out 6:2:2 to training, validation and
test, stratified by good and defect type. The same images and seed give the
same files everywhere. Use them with --dataset-options
split_dir=OUT.
"""
import argparse
from collections import Counter

from mmseg_ext.basics.command_line import new_parser, run
from mmseg_ext.basics.splits import SPLITS, check_ratios, write_split


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('data_root', help='folder of the categories')
    parser.add_argument('out', help='folder for train.txt, val.txt, test.txt')
    parser.add_argument(
        '--categories', nargs='+', default='all', help='default: all')
    parser.add_argument(
        '--ratios',
        nargs=3,
        type=float,
        default=(6, 2, 2),
        metavar=('TRAIN', 'VAL', 'TEST'),
        help='proportions (default: 6 2 2)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the files in OUT')
    args = parser.parse_args()
    try:
        check_ratios(args.ratios)
    except ValueError as error:
        parser.error(f'--ratios {error}')
    return args


def main() -> None:
    args = parse_args()
    from prettytable import PrettyTable

    from mmseg_ext.datasets.mvtec_layout import (
        incomplete_categories,
        list_images,
        pooled_split,
    )

    images = list_images(args.data_root, args.categories)
    parts = pooled_split(images, tuple(args.ratios), args.seed)
    ratios = ':'.join(f'{ratio:g}' for ratio in args.ratios)
    write_split(args.out, parts, overwrite=args.overwrite,
                comment=f'pooled, {ratios}, seed {args.seed}')
    for line in incomplete_categories(images):
        print(f'Not the published number of images in {line}')
    counts = Counter((images[name]['category'], split)
                     for split, names in parts.items() for name in names)
    table = PrettyTable(['category', *SPLITS])
    for category in sorted({category for category, _ in counts}):
        table.add_row([category, *(counts[category, s] for s in SPLITS)])
    table.add_row(['all', *(len(parts[split]) for split in SPLITS)])
    print(f'{table}\nWrote train.txt, val.txt and test.txt to {args.out}')


if __name__ == '__main__':
    run(main)

#!/usr/bin/env python
"""Write a small synthetic data set in a real set's layout."""
import argparse
import sys

from mmengine.utils import ProgressBar

from mmseg_ext.datasets.samples import write_sem_sample

WRITERS = dict(sem=write_sem_sample)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('kind', choices=list(WRITERS), help='which data set')
    parser.add_argument('dir', help='folder to write to')
    parser.add_argument(
        '--num-train', type=int, default=24, help='training images')
    parser.add_argument(
        '--num-val', type=int, default=8, help='validation images')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(480, 640),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the masks in pixels (default: 480 640)')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    bar = ProgressBar(args.num_train + args.num_val)
    try:
        root = WRITERS[args.kind](
            args.dir,
            args.num_train,
            args.num_val,
            size=tuple(args.size),
            seed=args.seed,
            progress=lambda done, total: bar.update())
    except (FileExistsError, ValueError) as error:
        sys.exit(f'\n{error}')
    print(f'\nWrote {args.num_train + args.num_val} images to {root}')


if __name__ == '__main__':
    main()

#!/usr/bin/env python
"""Draw image | truth | several models' predictions, a row an image.

Write each model's predictions first: tools/test.py ... --out FOLDER
"""
import argparse
import sys

import cv2
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.engine import add_options, config_from_options
from mmseg_ext.visualization import draw_comparison


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose test set is drawn')
    parser.add_argument('out', help='picture to write, PNG')
    parser.add_argument(
        '--predictions',
        nargs='+',
        required=True,
        metavar='NAME=FOLDER',
        help='title of the column, and where the predictions are')
    parser.add_argument(
        '--images',
        nargs='+',
        required=True,
        metavar='NAME',
        help='ends of the images\' paths, such as cut_lead/003.png')
    parser.add_argument(
        '--width', type=int, default=256, help='of a picture, in pixels')
    add_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = config_from_options(args)
    init_default_scope(cfg.default_scope)
    loading = cfg.test_dataloader.dataset
    loading.pipeline = [
        step for step in loading.pipeline if step.type.startswith('Load')]
    try:
        folders = dict(pair.split('=', 1) for pair in args.predictions)
        figure = draw_comparison(
            DATASETS.build(loading), folders, args.images, args.width)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if not cv2.imwrite(args.out, figure):
        sys.exit(f'{args.out} could not be written')
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()

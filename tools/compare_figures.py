#!/usr/bin/env python
"""Draw image | ground truth | several models' predictions, a row an image.

Models are folders of predictions (tools/test.py ... --out FOLDER) or
checkpoints. OUT is a PNG, SVG or PDF.
"""
import argparse
import os

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name,
                        help='config whose test set is drawn')
    parser.add_argument('out', help='picture to write, .png, .svg or .pdf')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace that picture')
    parser.add_argument(
        '--predictions', nargs='+', default=[], metavar='NAME=FOLDER',
        help='title of the column, and where the predictions are')
    parser.add_argument(
        '--model', nargs=3, action='append', default=[],
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='title of the column, and the model that predicts; repeatable')
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--images', nargs='+', metavar='NAME',
        help='images of the test set, by the end of the path, such as '
        'cut_lead/003.png')
    which.add_argument(
        '--rows', type=int, default=3,
        help='without --images: number of images, those on which the '
        'models disagree most (default: %(default)s)')
    parser.add_argument(
        '--boxes', type=int, default=0, metavar='N',
        help='number of squares in each image, where the models disagree '
        'most (default: %(default)s)')
    parser.add_argument(
        '--side', type=int, default=64, help='of such a square, in pixels')
    parser.add_argument(
        '--box', nargs=5, type=int, action='append', default=[],
        metavar=('ROW', 'X', 'Y', 'WIDTH', 'HEIGHT'),
        help='a box of your own in row ROW, from 1; repeatable')
    parser.add_argument(
        '--closeups', action='store_true',
        help='enlarge the boxes, with the true outlines')
    parser.add_argument(
        '--errors', action='store_true', help='mark the wrong pixels')
    parser.add_argument(
        '--width', type=int, default=256, help='of a picture, in pixels')
    parser.add_argument(
        '--um-per-pixel', type=number(float, above=0), metavar='UM',
        help='side of a pixel in micrometres, for scale bars; default: of '
        'each image what its header or side file says')
    add_config_options(parser)
    args = parser.parse_args()
    if not args.predictions and not args.model:
        parser.error('name models with --predictions or --model')
    if os.path.lexists(args.out) and not args.overwrite:
        raise FileExistsError(f'{args.out} exists already. Choose another '
                              'name, or replace it knowingly with '
                              '--overwrite')
    return args


def main() -> None:
    args = parse_args()
    from mmengine.registry import init_default_scope
    from mmseg.registry import DATASETS

    from mmseg_ext.engine import config_from_options
    from mmseg_ext.engine.image_folders import image_folders
    from mmseg_ext.inference.compared_models import models_to_compare
    from mmseg_ext.visualization import (
        compare,
        draw_comparison,
        most_disputed,
        place_boxes,
        save_figure,
    )

    cfg = config_from_options(args)
    init_default_scope(cfg.default_scope)
    loading = cfg.test_dataloader.dataset
    loading.pipeline = [
        step for step in loading.pipeline if step.type.startswith('Load')]
    dataset = DATASETS.build(loading)
    models = models_to_compare(args.predictions, args.model,
                               image_folders(dataset))
    um = args.um_per_pixel
    rows = (compare(dataset, models, args.images, um) if args.images
            else most_disputed(dataset, models, args.rows, um))
    figure = draw_comparison(
        rows, dataset.metainfo['classes'], dataset.metainfo['palette'],
        place_boxes(rows, args.boxes, args.side, args.box), args.closeups,
        args.errors, args.width)
    save_figure(figure, args.out)
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    run(main)

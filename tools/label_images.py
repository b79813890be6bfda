#!/usr/bin/env python
"""Make pseudo-labels: masks of defects, from a classifier of images.

Grad-CAM shows where the classifier looks, a segmenter outlines what lies
there. OUT gets masks in KolektorSDD2's naming, a table of what became of
every image, overlays, a contact sheet (worst first), and JSON files for
labelme. To correct masks:

    labelme IMAGES --output OUT/labelme --nodata --labels defect,background
    python tools/label_images.py ... --import-corrections

Interrupted or run again, it goes on where it was.
"""
import argparse
from pathlib import Path

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
                        help='config file of the classifier')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', type=Path, help='folder of images')
    parser.add_argument('out', type=Path, help='folder of the labels')
    parser.add_argument(
        '--labels', metavar='CSV', help='which images are defective, as for '
        'the classifier\'s training; without it, the ground truth tells, '
        'and without that all are taken to be')
    parser.add_argument(
        '--ground-truth', nargs='?', const='', metavar='DIR',
        help='folder of ground-truth masks, <name>_GT.png, to measure the '
        'labels by; without DIR, the folder of the images')
    parser.add_argument(
        '--segmenter', default='contrast', choices=(
            'contrast', 'grabcut', 'random_walker', 'sam2'))
    parser.add_argument(
        '--sam2-weights', metavar='FOLDER',
        help='for --segmenter sam2: folder or name on the Hugging Face hub')
    parser.add_argument(
        '--layer', default='backbone', help="layer whose output Grad-CAM "
        "weighs, such as 'backbone.layers.4', EfficientNet's stage of stride "
        '16 (default: %(default)s)')
    parser.add_argument(
        '--max-points', type=number(int, low=1), default=1,
        help='most points that the segmenter is given: the highest peaks of '
        'the Grad-CAM map (default: %(default)s)')
    parser.add_argument(
        '--accept', type=number(float, low=0, high=1), default=0.5,
        metavar='QUALITY',
        help='masks of a lower quality (0 to 1) are for review (default: '
        '%(default)s)')
    parser.add_argument(
        '--area', type=number(float, low=0, high=1), nargs=2,
        default=(1e-4, 0.3), metavar=('MIN', 'MAX'),
        help='fractions of the image between which the area of a mask '
        'must lie (default: 1e-4 0.3)')
    parser.add_argument(
        '--iou', type=number(float, low=0, high=1), default=0.5,
        help='for the report: a mask of a lower IoU with the ground '
        'truth has to be drawn again (default: %(default)s)')
    parser.add_argument(
        '--minutes', type=number(float, above=0), default=1.0,
        help='for the report: minutes that a mask takes by hand (default: '
        '%(default)s)')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        '--import-corrections', action='store_true',
        help='read labelme\'s files back; labels nothing')
    mode.add_argument(
        '--overwrite', action='store_true',
        help='make all labels anew; corrections in OUT are lost')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.labeling import LabelingJob

    names = ('checkpoint', 'images', 'out', 'labels', 'ground_truth',
             'segmenter', 'sam2_weights', 'layer', 'max_points', 'accept',
             'area')
    job = LabelingJob(
        config_from_options(args),
        **{name: getattr(args, name) for name in names})
    if args.import_corrections:
        print(job.import_corrections(args.iou, args.minutes))
    else:
        print(job.run(args.overwrite, args.iou, args.minutes))


if __name__ == '__main__':
    run(main)

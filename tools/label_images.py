#!/usr/bin/env python
"""Make pseudo-labels, have them corrected in labelme, read them back.

With a classifier of images, masks of defects: Grad-CAM shows where it looks,
a segmenter outlines what lies there. With a segmentor, masks of phases: what
it predicts, the images that it is least sure of first. OUT gets the masks, a
table of what became of every image, and files for labelme:

    python tools/label_images.py CONFIG CHECKPOINT IMAGES OUT
    labelme ...                                    (the tool prints the line)
    python tools/label_images.py ... --import-corrections

Interrupted or run again, it goes on where it was.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    add_reading_options,
    config_name,
    new_parser,
    run,
)

SHARED = ('checkpoint', 'images', 'out')
OF_CLASSIFIERS = ('labels', 'ground_truth', 'segmenter', 'sam_weights',
                  'layer', 'max_points', 'accept', 'area')
REPORTED = ('iou', 'minutes')
OF_SEGMENTORS = ('next', 'base_phase', 'tolerance', 'bit_depth',
                 'crop_bottom')


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'config', type=config_name,
        help='config file of the classifier or segmentor')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', type=Path, help='folder of images')
    parser.add_argument('out', type=Path, help='folder of the labels')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        '--import-corrections', action='store_true',
        help='read labelme\'s files back; labels nothing')
    mode.add_argument(
        '--overwrite', action='store_true',
        help='make all labels anew; corrections in OUT are lost')
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
            'contrast', 'grabcut', 'random_walker', 'sam2', 'sam3'))
    parser.add_argument(
        '--sam2-weights', '--sam3-weights', metavar='FOLDER',
        dest='sam_weights', help='for --segmenter sam2 or sam3: folder or '
        'name on the Hugging Face hub')
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
    parser.add_argument(
        '--next', type=number(int, low=1), default=10, metavar='N',
        help='of phases: so many images wait for a person, the most undecided '
        'ones; once some are read back, the next take their place (default: '
        '%(default)s)')
    parser.add_argument(
        '--base-phase', metavar='PHASE', help='of phases: what no polygon '
        'covers; default: the phase of most pixels')
    parser.add_argument(
        '--tolerance', type=number(float, low=0), default=0.75,
        metavar='PIXELS', help='of phases: how far polygons may be off the '
        'outlines, finer where that costs a part 2 %% of its pixels (default: '
        '%(default)s)')
    add_reading_options(parser)
    add_config_options(parser)
    args = parser.parse_args()
    args.given = [name for name in OF_CLASSIFIERS + REPORTED + OF_SEGMENTORS
                  if getattr(args, name) != parser.get_default(name)]
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.labeling import (
        LabelingJob,
        PhaseLabelingJob,
        predicts_phases,
    )

    cfg = config_from_options(args)
    shared = {name: getattr(args, name) for name in SHARED}
    if predicts_phases(cfg):
        refuse(args, OF_CLASSIFIERS + REPORTED, 'classifier', 'segmentor')
        job = PhaseLabelingJob(
            cfg, **shared, number=args.next, base_phase=args.base_phase,
            tolerance=args.tolerance, bit_depth=args.bit_depth,
            crop_bottom=args.crop_bottom)
        print(job.import_corrections() if args.import_corrections else
              job.run(args.overwrite))
        return
    refuse(args, OF_SEGMENTORS, 'segmentor of phases', 'classifier')
    job = LabelingJob(cfg, **shared, **{
        name: getattr(args, name) for name in OF_CLASSIFIERS})
    if args.import_corrections:
        print(job.import_corrections(args.iou, args.minutes))
    else:
        print(job.run(args.overwrite, args.iou, args.minutes))


def refuse(args: argparse.Namespace, names: tuple[str, ...], model: str,
           other: str) -> None:
    for name in args.given:
        if name in names:
            option = name.replace('sam', 'sam2').replace('_', '-')
            raise ValueError(f'--{option} goes with the config of a {model}; '
                             f'{args.config} is of a {other}')


if __name__ == '__main__':
    run(main)

#!/usr/bin/env python
"""Make masks of defective images, with a classifier that tells them.

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

from mmseg_ext.basics.command_line import add_config_options, new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', help='config file of the classifier')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', type=Path, help='folder of images')
    parser.add_argument('out', type=Path, help='folder of the labels')
    parser.add_argument(
        '--labels', metavar='CSV', help='which images are defective, as for '
        'the classifier\'s training; else the true masks say so, else all '
        'are taken to be')
    parser.add_argument(
        '--ground-truth', nargs='?', const='', metavar='DIR',
        help='folder of true masks, <name>_GT.png; without DIR, that of the '
        'images: measures the labels')
    parser.add_argument(
        '--segmenter', default='contrast', choices=(
            'contrast', 'grabcut', 'random_walker', 'sam2'))
    parser.add_argument(
        '--sam2-weights', metavar='FOLDER',
        help='for --segmenter sam2: folder or name on the Hugging Face hub')
    parser.add_argument(
        '--layer', default='backbone', help="of Grad-CAM, such as "
        "'backbone.layers.4', EfficientNet's stage of stride 16")
    parser.add_argument(
        '--max-points', type=int, default=1, help='peaks of the map in a '
        'prompt')
    parser.add_argument(
        '--accept', type=float, default=0.5, metavar='QUALITY',
        help='masks of a lower quality (0 to 1) are for review')
    parser.add_argument(
        '--area', type=float, nargs=2, default=(1e-4, 0.3),
        metavar=('MIN', 'MAX'), help='plausible shares of the image')
    parser.add_argument(
        '--iou', type=float, default=0.5, help='a mask of a lower IoU would '
        'have to be drawn again, in the report')
    parser.add_argument(
        '--minutes', type=float, default=1.0, help='to draw one image\'s '
        'mask, in the report')
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

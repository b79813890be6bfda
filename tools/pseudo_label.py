#!/usr/bin/env python
"""Label images with what a model is sure of, to train on them, too.

For images of another microscope, detector setting or line, without masks:

    python tools/pseudo_label.py CONFIG CHECKPOINT IMAGES OUT
    python tools/train.py OUT/train_on_both.py     (the tool prints the line)

Pixels below a threshold have no label (255). OUT gets images and masks,
confidence.csv, contact_sheet.png, and a config that trains on the source and
on these. Interrupted or run again, it goes on where it was.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    add_machine_options,
    add_reading_options,
    config_name,
    new_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'config', type=config_name, help='config file of the model')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', type=Path, help='folder of images')
    parser.add_argument('out', type=Path, help='folder of the labels')
    parser.add_argument(
        '--threshold', type=number(float, above=0, high=1), default=0.9,
        help='pixels of this confidence have a label in any case, above 0 '
        'and below 1 (default: %(default)s)')
    parser.add_argument(
        '--per-class', type=number(float, low=0, high=1), default=0.5,
        metavar='QUANTILE', help='of each class, pixels above this quantile '
        'of its confidences have a label, too, so that a class that the '
        'model is never sure of is not lost; 1: its surest pixel alone '
        '(default: %(default)s)')
    parser.add_argument(
        '--previous', type=Path, metavar='DIR', help='folder of the last '
        'round, whose classes these are compared with; default: the one '
        'that the config trains on')
    parser.add_argument(
        '--tta', choices=('none', 'flips'), default='flips', help='flips: '
        'average over mirror images, four times the work (default: '
        '%(default)s)')
    parser.add_argument(
        '--overwrite', action='store_true', help='make the labels in OUT '
        'anew; predictions are kept where model and images are the same')
    add_machine_options(parser)
    add_reading_options(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.threshold == 1:
        parser.error('--threshold must be below 1')
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.labeling import PseudoLabelJob

    if args.threads:
        import torch
        torch.set_num_threads(args.threads)
    changed = args.data_root or args.dataset_options or args.cfg_options
    shipped = '::' in args.config
    job = PseudoLabelJob(
        config_from_options(args), args.checkpoint, args.images, args.out,
        args.threshold, args.per_class, args.previous,
        base=None if changed else args.config if shipped else str(
            Path(args.config).absolute()),
        tta=args.tta, bit_depth=args.bit_depth,
        crop_bottom=args.crop_bottom, device=args.device)
    try:
        print(job.run(args.overwrite))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted; the same command goes on from here.') from None


if __name__ == '__main__':
    run(main)

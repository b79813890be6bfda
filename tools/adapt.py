#!/usr/bin/env python
"""Adapt a trained model to images of another brightness, without labels.

    python tools/adapt.py CONFIG CHECKPOINT NEW_IMAGES --out adapted
    python tools/predict.py NEW_IMAGES --config adapted/config.py \\
        --checkpoint adapted/weights.pth --out predicted

adapted/ gets config.py and weights.pth, which predict, test and export take.
intensity moves the brightness and contrast of each image into the range of the
training images, histogram gives it their histogram (which also evens out true
differences of phase fractions), batch-norm takes the statistics of batch norms
anew from the images. Nothing is trained; it takes seconds.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number, reading_options
from mmseg_ext.basics.command_line import (
    add_config_options,
    add_reading_options,
    command_for,
    config_name,
    new_parser,
    quote_command,
    run,
)
from mmseg_ext.basics.console import Console


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        'images', nargs='+', help='images, folders or patterns, such as the '
        'model will see')
    parser.add_argument(
        '--out', type=Path, required=True, help='folder to write')
    parser.add_argument(
        '--method', choices=('intensity', 'histogram', 'batch-norm'),
        default='intensity', help='default: %(default)s')
    parser.add_argument(
        '--alpha', type=number(float, above=0, high=1),
        help='of batch-norm: fraction of the new statistics, the rest is of '
        'the old ones (default: 1)')
    parser.add_argument(
        '--crops', type=number(int, low=2), metavar='N',
        help='of batch-norm: crops to take them from (default: 32)')
    parser.add_argument('--seed', type=int, default=0, help='of these crops')
    parser.add_argument(
        '--evaluate', action='store_true', help="measure mIoU on the config's "
        'test images, which have masks, before and after')
    add_reading_options(parser)
    parser.add_argument(
        '--overwrite', action='store_true', help='replace what is there')
    add_config_options(parser)
    args = parser.parse_args()
    for name in ('alpha', 'crops'):
        if getattr(args, name) is not None and args.method != 'batch-norm':
            parser.error(f'--{name} is of --method batch-norm, not of '
                         f'{args.method}')
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.adaptation import AdaptationSettings, adapt_model
    from mmseg_ext.engine import config_from_options, load_config
    from mmseg_ext.inference import list_inputs

    given = {name: getattr(args, name) for name in ('alpha', 'crops')
             if getattr(args, name) is not None}
    settings = AdaptationSettings(args.method, seed=args.seed, **given)
    inputs = list_inputs(args.images, args.out)
    console = Console()
    report = adapt_model(
        config_from_options(args), args.checkpoint, inputs.images, args.out,
        settings, args.bit_depth, args.crop_bottom, args.overwrite,
        console.tell)
    console.clear()
    print(report.describe())
    if args.evaluate:
        from mmseg_ext.adaptation.evaluation import mean_ious

        scores = mean_ious([
            (config_from_options(args), args.checkpoint),
            (load_config(str(report.config)), report.checkpoint)])
        print('mIoU on the test images: {:.1f} -> {:.1f}'.format(*scores))
    words = quote_command([
        *args.images, '--config', str(report.config), '--checkpoint',
        str(report.checkpoint),
        *reading_options(args.bit_depth, args.crop_bottom)])
    print(f'Wrote {args.out}. To predict with it:\n  '
          f'{command_for("predict")} {words} --out OUT')


if __name__ == '__main__':
    run(main)

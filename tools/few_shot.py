#!/usr/bin/env python
"""Find in many images what a few show, without any training.

    python tools/few_shot.py SUPPORT IMAGES --out OUT

SUPPORT/images are outlined in SUPPORT/masks (0 and 255, class ids with
--classes, or JSON files of labelme); SUPPORT/good, if there, shows no defect.
With good images alone, what they do not show is found. OUT gets what
tools/predict.py writes, a score for each image (images.csv), labelme's files
to correct (labelme) and supports.png: how well each image of SUPPORT is found
by the others. Interrupted or run again, it goes on where it was.
"""
import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_machine_options,
    add_measuring_options,
    add_reading_options,
    command_for,
    config_name,
    new_parser,
    quote_command,
    run,
)
from mmseg_ext.basics.console import Console
from mmseg_ext.basics.printable import counted

MATCHERS = ('dense+normal', 'dense', 'attention', 'prototype', 'normal',
            'trained')


def scale(text: str) -> float | str:
    return text if text == 'auto' else number(float, above=0, high=8)(text)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('support', type=Path, help='folder of the supports')
    parser.add_argument(
        'input', nargs='+', metavar='images', help='images, folders (with '
        "all in them) or patterns in quotation marks, such as '*.tif'")
    parser.add_argument(
        '--out', type=Path, required=True, help='folder of the results')
    parser.add_argument(
        '--classes', nargs='+', metavar='NAME', help='names of all classes, '
        'in the order of their ids, the background first')
    parser.add_argument(
        '--encoder', default='efficientnet_lite0', help='efficientnet_lite0 '
        'to 2, which come with a package, or a name of timm (default: '
        '%(default)s)')
    parser.add_argument(
        '--config', help='config file of a trained model whose backbone is '
        'the encoder; a FewShotEncoderDecoder matches, too')
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument(
        '--stride', type=number(int, low=1), default=16,
        help="of the encoder's map, in pixels (default: %(default)s)")
    parser.add_argument(
        '--matcher', choices=MATCHERS, help='default: of three or more '
        'outlined images the one that finds the left-out ones best, of fewer '
        'dense+normal; trained with --config of a FewShotEncoderDecoder; '
        'normal with good images alone')
    parser.add_argument(
        '--scale', type=scale, default='auto', help='enlarge images by this; '
        'auto: what is best for the supports of 0.5, 1 and 2 (default: '
        '%(default)s)')
    add_machine_options(parser)
    add_reading_options(parser)
    add_measuring_options(parser)
    parser.add_argument(
        '--report', action='store_true', help='also write report.html: all '
        'in one file, to mail')
    parser.add_argument(
        '--anyway', action='store_true', help='predict also where not even '
        'the supports are found')
    parser.add_argument(
        '--overwrite', action='store_true', help='predict all anew; '
        'corrections in OUT/labelme are lost')
    args = parser.parse_args()
    if (args.config is None) != (args.checkpoint is None):
        parser.error('--config and --checkpoint go together')
    if args.config is not None:
        config_name(args.config)
    return args


def load_segmenter(args: argparse.Namespace, console: Console):
    from mmseg_ext.inference.few_shot import (
        FewShotSegmenter,
        load_backbone,
        load_encoder,
        read_supports,
    )
    from mmseg_ext.inference.preparation import Preparation

    if args.threads:
        import torch
        torch.set_num_threads(args.threads)
    crop = args.crop_bottom or 0
    supports = read_supports(args.support, args.classes,
                             Preparation(args.bit_depth, crop))
    encoder = (
        load_encoder(args.encoder, args.stride, args.device)
        if args.config is None else load_backbone(
            args.config, args.checkpoint, args.stride, args.device))
    segmenter = FewShotSegmenter(
        encoder, args.matcher, args.scale, supports.classes,
        bit_depth=args.bit_depth, crop_bottom=crop)
    console.tell(f'{len(supports.names)} supports are compared')
    segmenter.fit(supports.images, supports.masks, supports.good,
                  supports.names)
    console.clear()
    return segmenter


def main() -> int:
    args = parse_args()
    from mmseg_ext.inference import PredictionJob, list_inputs
    from mmseg_ext.inference.few_shot import describe_supports, support_files

    inputs = list_inputs(args.input, args.out)
    console = Console()
    segmenter = load_segmenter(args, console)
    print(describe_supports(segmenter), flush=True)
    sheet = args.out / 'supports.png'
    job = PredictionJob(
        segmenter, inputs, args.out, um_per_pixel=args.um_per_pixel,
        min_area=args.min_area, labelme=True, beside=support_files(segmenter))
    if segmenter.warning:
        text = f'{segmenter.warning} ({command_for("plan")}); see {sheet}'
        if args.anyway:
            print(f'\nWARNING: {text}.\n', file=sys.stderr, flush=True)
        else:
            job = replace(job, refusal=f'{text}. To predict all the same: '
                          '--anyway')
    try:
        outcome = job.run(args.overwrite, console.tell, args.report)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted; the same command goes on from here.') from None
    console.clear()
    print(f'{counted(len(inputs.images), "image")}, {outcome.before} of them '
          f'predicted before.\n{outcome.describe()}')
    base = Path(inputs.sources[0])
    again = quote_command([
        '--images', str(base if base.is_dir() else base.parent), '--masks',
        str(args.out / 'labelme'), '--split', '0.8'])
    print(f'Wrote all to {args.out}; {sheet} shows how well the supports are '
          f'found.\nTo train on the masks, correct {args.out / "labelme"} in '
          f'labelme, then:\n    {command_for("convert_masks")} . DATA {again}')
    return int(bool(outcome.record.failures))


if __name__ == '__main__':
    run(main)

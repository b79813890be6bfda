#!/usr/bin/env python
"""Measure few-shot segmentation on kinds of defects that are new each time.

K images of a kind are drawn and as many good ones; all others of the kind,
and all other good ones, are searched. DATA is in MVTec AD's layout
(--category), in that of micrographs, images/test and masks/test with class
ids (--classes), or in KolektorSDD2's. Beside the matchers: models trained on
episodes of other kinds (--trained), and what matching has to be better than.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('data', help='folder of the data set')
    parser.add_argument('--out', type=Path, required=True,
                        help='folder of the tables')
    parser.add_argument('--category', default='', help='of MVTec AD')
    parser.add_argument(
        '--classes', nargs='+', metavar='NAME', help='names of the ids in '
        'masks, the background first')
    parser.add_argument(
        '--kinds', nargs='+', help='of defects; those that --trained has '
        'seen are no test of it; default: all')
    parser.add_argument(
        '--size', type=number(int, low=1), nargs=2,
        metavar=('HEIGHT', 'WIDTH'), default=(256, 256),
        help='that images are scaled to, in pixels')
    parser.add_argument(
        '--matchers', nargs='+', help='those of tools/few_shot.py, and '
        'one-class: shown the good images alone; default: all')
    parser.add_argument(
        '--trained', nargs=2, action='append', default=[],
        metavar=('CONFIG', 'CHECKPOINT'), help='a FewShotEncoderDecoder; may '
        'be given again')
    parser.add_argument(
        '--unet', type=number(int, low=1), metavar='STEPS',
        help='a U-Net over the packaged encoder, trained so long on the '
        'images that are shown')
    parser.add_argument(
        '--contrast', action='store_true', help='what the first matcher '
        "finds, outlined by label_images.py's contrast segmenter")
    parser.add_argument(
        '--patchcore', action='store_true', help="anomalib's PatchCore over "
        'the same encoder, shown the good images alone (extra: patchcore)')
    parser.add_argument('--encoder', default='efficientnet_lite0')
    parser.add_argument('--stride', type=number(int, low=1), default=16)
    parser.add_argument('--shots', type=number(int, low=1), nargs='+',
                        default=(1, 5))
    parser.add_argument(
        '--good', type=number(int, low=0), metavar='N',
        help='good images that are shown; default: as many as outlined ones')
    parser.add_argument('--draws', type=number(int, low=1), default=5)
    parser.add_argument('--device')
    parser.add_argument(
        '--time', action='store_true', help='encode an image anew for each '
        'row, so that seconds are those of a row by itself')
    args = parser.parse_args()
    if args.category and args.classes:
        parser.error('--category and --classes are of different layouts: '
                     'leave one out')
    return args


def make_rows(args: argparse.Namespace) -> dict:
    """Return the rows that are asked for, by their names."""
    from mmseg_ext.basics.arguments import check_choice
    from mmseg_ext.benchmark.few_shot import (
        ONE_CLASS,
        ROWS,
        matcher_rows,
    )
    from mmseg_ext.benchmark.few_shot_rivals import (
        contrast_row,
        patchcore_row,
        unet_row,
    )
    from mmseg_ext.inference.few_shot import (
        TRAINED,
        load_backbone,
        load_encoder,
    )

    for matcher in args.matchers or ():
        check_choice('--matchers', matcher, ROWS)
    if args.good == 0 and ONE_CLASS in (args.matchers or ROWS):
        raise ValueError(f'--good 0 shows {ONE_CLASS} nothing: name the other '
                         'matchers with --matchers')
    encoder = load_encoder(args.encoder, args.stride, args.device)
    rows = matcher_rows(encoder, args.matchers or ROWS,
                        remember=not args.time)
    if args.contrast:
        name = next(iter(rows))
        rows[f'{name}, contrast'] = contrast_row(rows[name])
    for config, checkpoint in args.trained:
        own = load_backbone(config, checkpoint, args.stride, args.device)
        name = f'{TRAINED}: {Path(config).stem}'
        if name in rows:
            name = f'{name}, {Path(checkpoint).parent.name}'
        rows[name] = matcher_rows(
            own, [TRAINED], remember=not args.time)[TRAINED]
    if args.unet is not None:
        rows[f'U-Net, {args.unet} steps'] = unet_row(
            args.unet, device=args.device)
    if args.patchcore:
        rows['PatchCore'] = patchcore_row(encoder)
    return rows


def main() -> None:
    args = parse_args()
    from mmseg_ext.basics import claimed_folder
    from mmseg_ext.basics.console import Console
    from mmseg_ext.benchmark.few_shot import (
        TABLE,
        run_protocol,
        write_results,
    )
    from mmseg_ext.benchmark.few_shot_products import read_products

    if (args.out / TABLE).exists():
        raise FileExistsError(f'{args.out / TABLE} is there: name another '
                              'folder')
    rows = make_rows(args)
    products = read_products(args.data, args.category, args.classes,
                             tuple(args.size), args.kinds)
    console, results = Console(), []
    with claimed_folder(args.out):
        try:
            for product in products:
                for one in run_protocol(product, rows, args.shots, args.draws,
                                        args.good):
                    results.append(one)
                    console.tell(
                        f'{one["row"]}, K = {one["shots"]}, draw '
                        f'{one["draw"] + 1} of {args.draws}, {one["kind"]}')
        except KeyboardInterrupt:
            if not results:
                raise
            write_results(args.out, results)
            raise KeyboardInterrupt(
                'Interrupted. What was finished is in '
                f'{args.out}') from None
        console.clear()
        print(write_results(args.out, results))
    print(f'Wrote all to {args.out}')


if __name__ == '__main__':
    run(main)

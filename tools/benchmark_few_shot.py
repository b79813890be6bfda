#!/usr/bin/env python
"""Measure few-shot segmentation on kinds of defects that are new each time.

K images of a kind are drawn and as many good ones; all others of the kind,
and all other good ones, are searched. DATA is in MVTec AD's layout or, without
--category, in KolektorSDD2's.
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
        '--size', type=number(int, low=1), nargs=2,
        metavar=('HEIGHT', 'WIDTH'), default=(256, 256),
        help='that images are scaled to, in pixels')
    parser.add_argument(
        '--matchers', nargs='+', help='those of tools/few_shot.py, and '
        'one-class: shown the good images alone; default: all')
    parser.add_argument('--encoder', default='efficientnet_lite0')
    parser.add_argument('--stride', type=number(int, low=1), default=16)
    parser.add_argument('--shots', type=number(int, low=1), nargs='+',
                        default=(1, 5))
    parser.add_argument(
        '--good', type=number(int, low=0), metavar='N',
        help='good images that are shown; default: as many as outlined ones')
    parser.add_argument('--draws', type=number(int, low=1), default=5)
    parser.add_argument('--device')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.basics import claimed_folder
    from mmseg_ext.basics.arguments import check_choice
    from mmseg_ext.basics.console import Console
    from mmseg_ext.benchmark.few_shot import (
        ONE_CLASS,
        ROWS,
        TABLE,
        matcher_rows,
        read_product,
        run_protocol,
        write_results,
    )
    from mmseg_ext.inference.few_shot import load_encoder

    for matcher in args.matchers or ():
        check_choice('--matchers', matcher, ROWS)
    matchers = args.matchers or ROWS
    if args.good == 0 and ONE_CLASS in matchers:
        raise ValueError(f'--good 0 shows {ONE_CLASS} nothing: name the other '
                         'matchers with --matchers')
    if (args.out / TABLE).exists():
        raise FileExistsError(f'{args.out / TABLE} is there: name another '
                              'folder')
    encoder = load_encoder(args.encoder, args.stride, args.device)
    product = read_product(args.data, args.category, tuple(args.size))
    rows = matcher_rows(encoder, matchers)
    console, results = Console(), []
    with claimed_folder(args.out):
        try:
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

#!/usr/bin/env python
"""Compare tiled prediction with mmseg's own windows: time, peak memory."""
import argparse

from mmseg_ext.basics.command_line import config_name, new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        '--config',
        type=config_name,
        default='mmseg_ext::metaldam/segformer_mit-b0_metaldam.py',
        help='of a model that does not scale images (default: %(default)s)')
    parser.add_argument(
        '--sides', type=int, nargs='+',
        default=[1000, 2000, 4000, 8000, 12000],
        help='of the square images, in pixels')
    parser.add_argument('--tile', type=int, default=1024)
    parser.add_argument('--overlap', type=int, default=128)
    parser.add_argument(
        '--ways', nargs='+', choices=('ours', 'stock'),
        default=('ours', 'stock'))
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from prettytable import PrettyTable

    from mmseg_ext.benchmark.machine import describe_device
    from mmseg_ext.benchmark.tiling import compare_tiling

    print(f'{args.config}, tiles of {args.tile} with {args.overlap} overlap, '
          f'fp32, {describe_device()}')
    table = PrettyTable(
        ['way', 'side', 'tiles', 'seconds', 's / tile', 'peak GB'])
    for cost in compare_tiling(**vars(args)):
        row = [cost.way, cost.side, cost.tiles]
        if cost.seconds is None:
            row += ['does not fit', '', '']
        else:
            row += [f'{cost.seconds:.1f}',
                    f'{cost.seconds / cost.tiles:.3f}',
                    f'{cost.gigabytes:.2f}']
        table.add_row(row)
        # as soon as it is known: the last ones take long
        print(*row, flush=True)
    print(table)


if __name__ == '__main__':
    run(main)

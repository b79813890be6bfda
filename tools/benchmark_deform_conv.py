#!/usr/bin/env python
"""Compare the cost of the deformable convolution's backends.

Alone, or (--block) in a DeformablePSA layer, where 'auto' does without one.
"""
import argparse

from mmseg_ext.basics.command_line import new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('--channels', type=int, default=64)
    parser.add_argument(
        '--size', type=int, default=60, help='side of the map in pixels')
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument(
        '--modulated', action='store_true', help='version 2, with a mask')
    parser.add_argument(
        '--block', action='store_true', help='a whole DeformablePSA layer')
    parser.add_argument(
        '--repeats', type=int, default=5, help='timed steps of each backend')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from prettytable import PrettyTable

    from mmseg_ext.benchmark.deform_conv import compare_deform_conv
    from mmseg_ext.benchmark.machine import describe_device

    costs = compare_deform_conv(**vars(args))
    version = 2 if args.modulated else 1
    what = 'DeformablePSA' if args.block else 'Deformable convolution 3x3'
    print(f'{what}, version {version}, {args.channels} channels, '
          f'{args.batch} maps of {args.size} x {args.size}, fp32, '
          f'{describe_device()}, medians of {args.repeats}; '
          'in brackets, as a multiple of the first row')
    table = PrettyTable(
        ['backend', 'forward s', 'backward s', 'both s', 'peak MB'])
    first = next(iter(costs.values()))
    for backend, cost in costs.items():
        row = [backend]
        for name in ('forward', 'backward', 'total', 'memory'):
            value = getattr(cost, name)
            digits = 0 if name == 'memory' else 3
            row.append(f'{value:.{digits}f} '
                       f'({value / getattr(first, name):.2f})')
        table.add_row(row)
    print(table)


if __name__ == '__main__':
    run(main)

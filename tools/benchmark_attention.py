#!/usr/bin/env python
"""Compare the cross-attention's cost with the paper's literal form."""
import argparse

from mmseg_ext.basics.command_line import new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        '--crop', type=int, default=480, help='side of the input in pixels')
    parser.add_argument(
        '--repeats', type=int, default=5, help='timed steps of each form')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from prettytable import PrettyTable

    from mmseg_ext.benchmark import compare_attention
    from mmseg_ext.benchmark.machine import describe_device

    costs = compare_attention(args.crop, args.repeats)
    print(f'Stage 4 <- 8 of MiT-B5, one {args.crop} x {args.crop} image, '
          f'fp32, {describe_device()}, medians of {args.repeats}')
    table = PrettyTable(
        ['form', 'forward s', 'backward s', 'both s', 'peak MB'])
    for form, cost in costs.items():
        table.add_row([form] + [
            f'{value:.3f}'
            for value in (cost.forward, cost.backward, cost.total)
        ] + [f'{cost.memory:.0f}'])
    print(table)
    literal, ours = costs['literal'], costs['ours']
    print(f'ours / literal: time 1/{literal.total / ours.total:.1f}, '
          f'memory 1/{literal.memory / ours.memory:.0f}')


if __name__ == '__main__':
    run(main)

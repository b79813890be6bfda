#!/usr/bin/env python
"""Measure how many images a second predict.py predicts in N processes.

    python tools/benchmark_prediction.py SCANS --images 1000 10000 \\
        --processes 1 2 -- --onnx model.onnx

What follows the two dashes are options of predict.py: the model, and what
else is to be written. Each number of images is predicted by each number of
processes in turn, as whole commands; their results are deleted. Nothing else
may run on the machine; if something does, the table says so.
"""
import argparse
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import new_parser, run

DASHES = '--'  # between own options and those of predict.py


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.usage = f'%(prog)s [options] SCANS [SCANS ...] {DASHES} OPTIONS'
    positive = number(int, low=1)
    parser.add_argument('input', nargs='+', metavar='SCANS', help='images, '
                        'folders or patterns, as for predict.py')
    parser.add_argument(
        '--images', type=positive, nargs='+', metavar='N', help='numbers of '
        'images; of more than there are, some are predicted under several '
        'names (default: all, once)')
    parser.add_argument(
        '--processes', type=positive, nargs='+', metavar='N', default=[1, 2],
        help='the fewest are what the others are compared with (default: '
        '1 2)')
    parser.add_argument(
        '--repeats', type=positive, default=3,
        help='rounds of all of them (default: %(default)s)')
    parser.add_argument(
        '--out', type=Path, help='new folder for the table and, meanwhile, '
        'the results (default: work_dirs/prediction/TIME)')
    words = sys.argv[1:]
    cut = words.index(DASHES) if DASHES in words else len(words)
    args = parser.parse_args(words[:cut])
    args.options = words[cut + 1:]
    if not args.options:
        parser.error(f'the model is missing: {DASHES} --onnx FILE, or other '
                     'options of predict.py, at the end')
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.benchmark.prediction import (
        measure_prediction,
        plan_prediction,
    )
    from mmseg_ext.benchmark.prediction_report import write_prediction
    from mmseg_ext.benchmark.rounds import follow_rounds
    from mmseg_ext.inference import list_inputs

    out = args.out or Path(
        f'work_dirs/prediction/{datetime.now():%Y%m%d_%H%M%S}')
    scans = list_inputs(args.input, out).images.values()
    plan = plan_prediction(
        Path(__file__).with_name('predict.py'), list(scans), args.options,
        args.images or (), args.processes, args.repeats)
    follow_rounds(
        measure_prediction(plan, out, partial(print, flush=True)),
        write_prediction, out)


if __name__ == '__main__':
    run(main)

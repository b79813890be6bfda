#!/usr/bin/env python
"""Measure trained models as the files that are deployed, in one table.

    python tools/benchmark_files.py work_dirs/benchmarks/super1_compression
    python tools/benchmark_files.py --model CONFIG CHECKPOINT --out files

Each finished run of a suite is exported to ONNX and quantized, and both files
are measured beside PyTorch: size, accuracy on the test images, and time in
turn. Interrupted or run again, it goes on where it was; a model that fails
stops nothing. Nothing else may run on the machine; if something does, the
table says so.
"""
import argparse
import sys
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import config_name, new_parser, run
from mmseg_ext.basics.console import Console


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'runs', nargs='*', type=Path, help='folders of runs of a suite, of a '
        'row of it, or of one run')
    parser.add_argument(
        '--model', nargs=2, action='append', default=[],
        metavar=('CONFIG', 'CHECKPOINT'),
        help='another trained model; may be given several times')
    parser.add_argument(
        '--accuracy', nargs='+', default=['mIoU'], metavar='KEY',
        help='columns: mIoU, or IoU.CLASS such as IoU.defect (default: mIoU)')
    parser.add_argument(
        '--count', type=number(int, low=1), default=32,
        help='training images, tiles or windows to calibrate with '
        '(default: %(default)s)')
    parser.add_argument(
        '--threads', nargs='+', type=number(int, low=1), default=[1, 2],
        help='to time with (default: 1 2)')
    parser.add_argument(
        '--out', type=Path, default='work_dirs/files',
        help='folder for files and tables (default: %(default)s)')
    args = parser.parse_args()
    if not args.runs and not args.model:
        parser.error('name a folder of runs, or a --model')
    args.model = [(config_name(config), checkpoint)
                  for config, checkpoint in args.model]
    return args


def main() -> None:
    args = parse_args()
    from mmseg_ext.basics.begun_folder import claimed_folder
    from mmseg_ext.basics.errors import user_sentence
    from mmseg_ext.benchmark.files import (
        FileSettings,
        find_trained,
        measure_files,
    )
    from mmseg_ext.benchmark.files_report import write_files_report

    models = find_trained(args.runs, args.model)
    settings = FileSettings(args.count, tuple(args.threads))
    console, results, problems = Console(), {}, []
    with claimed_folder(args.out):
        for i, model in enumerate(models):
            label = f'[{i + 1}/{len(models)}] {model.name}'
            console.print(label)
            try:
                results[model.name] = measure_files(
                    model, args.out / model.name, settings,
                    lambda line, label=label: console.tell(f'{label}: {line}'))
            except Exception as error:  # the others can still be measured
                reason = user_sentence(error) or repr(error)
                problems.append(f'{model.name}: {reason}')
        if results:
            report = write_files_report(models, results, args.out,
                                        args.accuracy)
            console.print(f'\n{report.text}\nWrote '
                          f'{", ".join(map(str, report.files))}')
    if problems:
        sys.exit('\n'.join(['', 'Failed:', *problems]))


if __name__ == '__main__':
    run(main)

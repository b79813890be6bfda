#!/usr/bin/env python
"""Train and test the models of a suite, and write its tables.

Interrupted or run again, it goes on where it was; what is finished is not
repeated. Several processes may share a suite, such as one for each GPU:
CUDA_VISIBLE_DEVICES=1 python tools/benchmark.py SUITE
--scheduler hands the runs to the workers of a Dask cluster.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

from mmseg_ext.basics.command_line import new_parser, run
from mmseg_ext.basics.executors import add_scheduler_option, open_executor


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'suite', help='suite file, such as configs/benchmarks/sem_table1.py')
    parser.add_argument(
        '--quick', action='store_true', help='the short budget, for a CPU')
    parser.add_argument(
        '--data-root', help='data folder, in place of the suite\'s')
    parser.add_argument(
        '--work-dir',
        type=Path,
        default='work_dirs/benchmarks',
        help='runs and tables go to folders in it (default: %(default)s)')
    parser.add_argument('--rows', nargs='+', help='run these rows alone')
    parser.add_argument(
        '--seeds', nargs='+', type=int, help='run these seeds alone')
    parser.add_argument(
        '--from-scratch',
        action='store_true',
        help='start from random weights; nothing is downloaded')
    add_scheduler_option(parser, 'the runs, several at once')
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        '--redo',
        action='store_true',
        help='delete the runs that began with other settings, run them again')
    how.add_argument(
        '--tables-only',
        action='store_true',
        help='run nothing; write the tables of what is finished')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.benchmark import read_suite, run_suite, write_report

    problems = []
    suite = read_suite(args.suite, args.quick, args.data_root,
                       args.from_scratch)
    try:
        if not args.tables_only:
            tell = partial(print, flush=True)
            with open_executor(args.scheduler, tell) as executor:
                problems += run_suite(suite, args.work_dir, args.rows,
                                      args.seeds, args.redo, tell, executor)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted. The same command goes on from here; with '
            '--tables-only it writes the tables of what is finished.'
        ) from None
    try:
        report = write_report(suite, args.work_dir)
        print(f'\n{report.text}\nWrote '
              f'{", ".join(map(str, report.files))}')
    except (OSError, ValueError) as error:
        problems.append(error)
    if problems:
        sys.exit('\n'.join(['', 'Failed:', *map(str, problems)]))


if __name__ == '__main__':
    run(main)

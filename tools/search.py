#!/usr/bin/env python
"""Search the values of a config's keys by accuracy, time and size.

Needs optuna: pip install -e ".[search]". The base config is the first trial.
Interrupted or run again, it goes on where it was, in the middle of a trial
too; what was trained is not trained again. In the end the best are compared
with the base, with fresh seeds.

    python tools/search.py configs/search/sem_xattn.py --trials 40
    python tools/search.py configs/search/sem_xattn.py --sampler random
"""
import argparse
import sys
from functools import partial
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import new_parser, run
from mmseg_ext.basics.executors import add_scheduler_option, open_executor


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'search', help='search file, such as configs/search/sem_xattn.py')
    parser.add_argument(
        '--trials', type=number(int, low=1), default=40, metavar='N',
        help='how many in all, those of earlier calls included (default: '
        '%(default)s)')
    parser.add_argument(
        '--hours', type=number(float, above=0), metavar='H',
        help='begin no trial after so long')
    parser.add_argument(
        '--sampler', choices=['tpe', 'random'], default='tpe',
        help='how candidates are chosen; random is the control, and once it '
        'was run a row of the final table (default: %(default)s)')
    parser.add_argument(
        '--multi-objective', action='store_true',
        help='look for the front of accuracy, latency and parameters, not '
        'for the best score; nothing is pruned')
    parser.add_argument(
        '--seed', type=number(int, low=0), default=0,
        help='of the choice of candidates (default: %(default)s)')
    parser.add_argument(
        '--data-root', help='data folder, in place of the search file\'s')
    parser.add_argument(
        '--from-scratch', action='store_true',
        help='start from random weights; nothing is downloaded')
    add_scheduler_option(parser, 'trials at once')
    parser.add_argument(
        '--work-dir', type=Path, default='work_dirs/search', metavar='DIR',
        help='the search goes to a folder in it (default: %(default)s)')
    parser.add_argument(
        '--tables-only', action='store_true',
        help='train nothing; write the tables of what is finished')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.search import Settings, read_search, run_search

    search = read_search(args.search, args.data_root, args.from_scratch)
    settings = Settings(args.sampler, args.multi_objective, args.seed,
                        args.trials, args.hours)
    try:
        tell = partial(print, flush=True)
        with open_executor(None if args.tables_only else args.scheduler,
                           tell) as executor:
            report, failures = run_search(
                search, args.work_dir, settings, args.tables_only, tell,
                executor)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted. The same command goes on from here; with '
            '--tables-only it writes the tables of what is finished.'
        ) from None
    print(f'\n{report.text}\nWrote {", ".join(map(str, report.files))}')
    if failures:
        sys.exit('\n'.join(['', 'Failed:', *map(str, failures)]))


if __name__ == '__main__':
    run(main)

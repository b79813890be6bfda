#!/usr/bin/env python
"""Train once for each fold, and judge every image by a model new to it.

Training and validation images of CONFIG are pooled; a test part stays out.
The folds are lists in DIR/folds, which you may edit before the first run.
Interrupted or run again, it goes on where it was; what is finished is not
repeated. DIR/report.html tells IoU with intervals, the agreement of
fractions and the worst images; DIR/masks holds a prediction of every image.

    python tools/cross_validate.py CONFIG --folds 5
    python tools/cross_validate.py CONFIG --seeds 0 1 2 --groups '^(.+)_'
"""
import argparse
import sys
from functools import partial
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)
from mmseg_ext.basics.executors import add_scheduler_option, open_executor


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument(
        '--folds', type=number(int, low=2), metavar='N',
        help='how many (default: 5, or as many lists as there are)')
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0], metavar='SEED',
        help='of the trainings of each fold (default: 0)')
    parser.add_argument(
        '--groups', metavar='FILE|PATTERN', help='images of one specimen '
        'stay together: a CSV file of the columns image and group, or a '
        'regular expression of what their names have in common. Near '
        'duplicates stay together anyway')
    parser.add_argument(
        '--fold-seed', type=int, default=0, metavar='SEED',
        help='of dealing the images out (default: %(default)s)')
    parser.add_argument(
        '--from-scratch', action='store_true',
        help='start from random weights; nothing is downloaded')
    add_scheduler_option(parser, 'the trainings, several at once')
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        '--redo', action='store_true', help='delete the runs that began with '
        'other settings or lists, and run them again')
    how.add_argument(
        '--report-only', action='store_true',
        help='run nothing; report what is finished')
    parser.add_argument(
        '--work-dir', metavar='DIR', help='folder of the cross-validation '
        '(default: work_dirs/folds_CONFIG)')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.benchmark.cross_validation import cross_validate
    from mmseg_ext.engine import config_from_options

    name = Path(args.config).stem
    root = Path(args.work_dir or Path('work_dirs', f'folds_{name}'))
    try:
        tell = partial(print, flush=True)
        with open_executor(args.scheduler, tell) as executor:
            found = cross_validate(
                config_from_options(args), Path(args.config).name, root,
                args.folds, list(dict.fromkeys(args.seeds)), args.groups,
                args.fold_seed, args.redo, args.report_only, tell, executor)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted. The same command goes on from here; with '
            '--report-only it reports what is finished.') from None
    if found.summary is not None:
        print(f'\n{found.summary.text()}\nWrote all to {root}; look at '
              f'{root / "report.html"}')
    if found.failures:
        sys.exit('\n'.join(['', 'Failed:', *map(str, found.failures)]))


if __name__ == '__main__':
    run(main)

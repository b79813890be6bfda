#!/usr/bin/env python
"""Say which cross-validated model is better, and how sure that is.

Models are folders that tools/cross_validate.py has filled, of the same
images and the same folds. The folder of a suite with folds stands for all of
its rows; of two suites, rows of the same name are compared. OUT gets
comparison.csv, comparison.md and comparison.png.

    python tools/compare_models.py work_dirs/folds_a work_dirs/folds_b
    python tools/compare_models.py work_dirs/benchmarks/paired_super1
    python tools/compare_models.py plain=work_dirs/folds_a neck=work_dirs/b
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.command_line import new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'models', nargs='+', metavar='[NAME=]FOLDER', help='two or more, '
        'or a suite; each is compared with those before it')
    parser.add_argument(
        '--reference', metavar='NAME', help='compare every model with this '
        'one alone: fewer pairs, smaller p; a row of one of several folders '
        'is named FOLDER/ROW')
    parser.add_argument(
        '--out', type=Path, default='work_dirs/comparison',
        help='folder of the results (default: %(default)s)')
    parser.add_argument(
        '--overwrite', action='store_true',
        help='replace an earlier comparison there')
    args = parser.parse_args()
    named = dict(map(_named, args.models))
    if len(named) < len(args.models):
        parser.error('two models have the same name: give them others, '
                     'NAME=FOLDER')
    if len({folder.resolve() for folder in named.values()}) < len(named):
        parser.error('two names are of the same folder: it differs in nothing '
                     'from itself')
    args.models = named
    return args


def _named(model: str) -> tuple[str, Path]:
    name, equals, folder = model.partition('=')
    if equals and not Path(model).exists():
        return name, Path(folder)
    return Path(model).name, Path(model)


def main() -> None:
    args = parse_args()
    from mmseg_ext.benchmark.comparison import (
        TABLE,
        choose_pairs,
        compare_models,
        read_models,
        write_comparison,
    )

    if (args.out / TABLE).exists() and not args.overwrite:
        raise FileExistsError(
            f'{args.out} holds a comparison already. Name another folder '
            'with --out, or replace it knowingly with --overwrite')
    models = read_models(args.models)
    print(write_comparison(args.out, models, compare_models(
        models, choose_pairs(models, args.reference))))
    print(f'Wrote all to {args.out}')


if __name__ == '__main__':
    run(main)

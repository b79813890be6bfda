#!/usr/bin/env python
"""Write a small synthetic data set in a real set's layout."""
import argparse
import inspect

from mmseg_ext.basics.command_line import new_parser, run
from mmseg_ext.basics.console import count_progress
from mmseg_ext.samples import (
    write_cityscapes_sample,
    write_ksdd2_sample,
    write_mvtec_sample,
    write_sem_sample,
)

# What to write: by which function, what it is, and which of the function's
# parameters, all of them integers, are options.
KINDS = dict(
    sem=(write_sem_sample, 'electron micrographs of steel and their phases',
         dict(
             num_train='training images',
             num_val='validation images',
             num_target='training images of another microscope, '
             'images/target: lower contrast, darker, noisier, less sharp',
             num_test='test images of that microscope',
             size='height and width of the masks in pixels',
             seed='seed of the set')),
    mvtec=(write_mvtec_sample, 'inspection pictures as in MVTec AD',
           dict(
               num_good='good training images of each category, plus '
               'half as many for testing',
               num_defective='images of each type of defect',
               size='height and width of the images in pixels',
               seed='seed of the set')),
    ksdd2=(write_ksdd2_sample, 'surfaces with small defects as in '
           'KolektorSDD2',
           dict(
               num_defective='defective training images',
               num_clean='clean training images',
               num_test_defective='defective test images',
               num_test_clean='clean test images',
               size='mean height and width of the images in pixels',
               seed='seed of the set')),
    cityscapes=(write_cityscapes_sample, 'street scenes as in Cityscapes',
                dict(
                    num_train='training images',
                    num_val='validation images',
                    size='height and width of the images in pixels',
                    seed='seed of the set')))


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    kinds = parser.add_subparsers(
        dest='kind', required=True, metavar='KIND', help='which data set')
    for kind, (write, text, options) in KINDS.items():
        part = kinds.add_parser(kind, help=text, description=f'Write {text}.')
        part.add_argument('dir', help='folder to write to')
        for name, meaning in options.items():
            default = inspect.signature(write).parameters[name].default
            pair = isinstance(default, tuple)
            part.add_argument(
                f'--{name.replace("_", "-")}',
                type=int,
                default=default,
                nargs=2 if pair else None,
                metavar=('HEIGHT', 'WIDTH') if pair else 'N',
                help=f'{meaning} (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    args = vars(parse_args())
    write, _, options = KINDS[args['kind']]
    root = write(
        args['dir'],
        progress=count_progress('images'),
        **{name: args[name] for name in options})
    print(f'Wrote the set to {root}')


if __name__ == '__main__':
    run(main)

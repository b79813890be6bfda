#!/usr/bin/env python
"""Compare training steps in several processes with those in one.

python tools/benchmark_scaling.py CONFIG --processes 1 2
The processes of a CPU share its threads evenly; on GPUs each has its own.
Nothing else may run on the machine; if something does, the table says so.
"""
import argparse
from datetime import datetime
from functools import partial
from pathlib import Path

from mmseg_ext.basics.command_line import config_name, new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_name, help='config of the model')
    add('--processes', nargs='+', type=int, metavar='N', help='beside 1 '
        '(default: 1 2; on GPUs 1 to their number)')
    add('--size', nargs=2, type=int, default=[480, 480],
        metavar=('HEIGHT', 'WIDTH'), help='of the image (default: 480 480)')
    add('--batch', type=int, default=2,
        help='images in a step of each process (default: %(default)s)')
    add('--strong', action='store_true',
        help='--batch is of all processes, and divided among them')
    add('--dtype', choices=('float32', 'bfloat16'), default='float32')
    add('--threads', type=int, help='of a CPU, shared by all processes')
    add('--repeats', type=int, default=7,
        help='rounds of all numbers of processes (default: %(default)s)')
    add('--seconds', type=float, default=1.0,
        help='least time of each measurement (default: %(default)s)')
    add('--timeout', type=float, default=1800.0, metavar='SECONDS',
        help='end all processes if one is silent for so long (default: '
        '%(default)s)')
    add('--device', choices=['cpu', 'cuda'],
        help='default: the GPU if there is one')
    add('--out', type=Path, help='new folder for the table (default: '
        'work_dirs/scaling/TIME)')
    return parser.parse_args()


def main() -> None:
    args = vars(parse_args())
    from mmengine.device import get_device

    from mmseg_ext.benchmark.rounds import follow_rounds
    from mmseg_ext.benchmark.scaling import measure_scaling, plan_scaling
    from mmseg_ext.benchmark.scaling_report import write_scaling

    out = (args.pop('out')
           or Path(f'work_dirs/scaling/{datetime.now():%Y%m%d_%H%M%S}'))
    plan = plan_scaling(**dict(args, device=args['device'] or get_device()))
    follow_rounds(
        measure_scaling(plan, out, partial(print, flush=True)), write_scaling,
        out)


if __name__ == '__main__':
    run(main)

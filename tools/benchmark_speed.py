#!/usr/bin/env python
"""Compare the speed and memory of models with each other and with rivals.

A training step and inference of each CONFIG, in turn with those of others:
python tools/benchmark_speed.py CONFIG --rivals stock hf smp
python tools/benchmark_speed.py stock:CONFIG OTHER_CONFIG
python tools/benchmark_speed.py CONFIG --variant NAME KEY=VALUE KEY=VALUE
Nothing else may run on the machine; if something does, the tables say so.
"""
import argparse
from datetime import datetime
from functools import partial
from pathlib import Path

from mmseg_ext.basics.command_line import NamedKeyValues, new_parser, run


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add('models', nargs='+', metavar='[RIVAL:]CONFIG',
        help='config of a model, or a rival of it alone')
    add('--rivals', nargs='+', metavar='RIVAL', default=[],
        help='of every CONFIG: stock: of mmseg\'s own modules; plain: that '
        'without its neck; hf, smp: the SegFormer of its size of '
        'transformers and segmentation_models_pytorch')
    add('--variant', nargs='+', action=NamedKeyValues, default={},
        metavar=('NAME', 'KEY=VALUE'),
        help='also every CONFIG with these values replaced, as by '
        '--cfg-options of the other tools; may be given several times')
    add('--reference', help='model that the others are compared with, or a '
        'rival or variant: each config\'s own (default: the first model)')
    add('--size', nargs=2, type=int, default=[480, 480],
        metavar=('HEIGHT', 'WIDTH'), help='of the image (default: 480 480)')
    add('--batch', nargs='+', type=int, default=[2], help='default: 2')
    add('--dtype', nargs='+', choices=('float32', 'bfloat16'),
        default=['float32'])
    add('--compile', action='store_true', help='also with torch.compile')
    add('--channels-last', action='store_true', help='also in this layout')
    add('--keep-memory', action='store_true', help='also with freed memory '
        'kept for the next step, as tools/train.py does on a CPU')
    add('--passes', nargs='+', choices=('train', 'infer'),
        default=['train', 'infer'])
    add('--threads', type=int, help='of a CPU')
    add('--repeats', type=int, default=7,
        help='rounds of all models (default: %(default)s)')
    add('--seconds', type=float, default=1.0,
        help='least time of a model\'s turn (default: %(default)s)')
    add('--device', choices=['cpu', 'cuda'],
        help='default: the GPU if there is one')
    add('--out', type=Path, help='new folder for the tables (default: '
        'work_dirs/speed/TIME)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmengine.device import get_device

    from mmseg_ext.benchmark.rounds import follow_rounds
    from mmseg_ext.benchmark.speed import (
        list_models,
        list_settings,
        measure_models,
    )
    from mmseg_ext.benchmark.speed_report import write_speed

    out = args.out or Path(f'work_dirs/speed/{datetime.now():%Y%m%d_%H%M%S}')
    settings = list_settings(
        args.size, args.batch, args.dtype, args.compile, args.channels_last,
        args.device or get_device(), args.threads, args.keep_memory)
    models = list_models(args.models, args.rivals, args.reference,
                         args.repeats, args.seconds, args.variant)
    follow_rounds(
        measure_models(models, settings, out, args.passes,
                       partial(print, flush=True)), write_speed, out)


if __name__ == '__main__':
    run(main)

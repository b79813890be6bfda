#!/usr/bin/env python
"""Turn an exported model into one of eight bits, if it says the same.

    python tools/quantize.py model.onnx model_int8.onnx --images scans
    python tools/quantize.py model.onnx model_int8.onnx --config CONFIG

A quarter of the size, and for convolutional networks less than half of the
time on a CPU; tools/predict.py --onnx runs it. Images are such as it will
see; with --config they are those of training, and the labels of validation
tell what it costs. model_int8.json has the numbers. If it costs more than
--max-drop or --min-agreement allow, nothing is written.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_reading_options,
    config_name,
    new_parser,
    run,
)
from mmseg_ext.basics.console import Console


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('model', type=Path, help='file of tools/export.py')
    parser.add_argument('out', type=Path, help='file to write: *.onnx')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        '--images', nargs='+', help='images, folders or patterns to find the '
        'ranges of activations on')
    source.add_argument(
        '--config', type=config_name, help='config: its training images, and '
        'its validation images and labels, or else those of testing, to '
        'compare on')
    parser.add_argument(
        '--compare', nargs='+', metavar='IMAGES', help='images to compare '
        'both files on; default: --images that no range was found on')
    parser.add_argument(
        '--count', type=number(int, low=1), default=32,
        help='images, tiles or windows to find ranges on (default: '
        '%(default)s)')
    parser.add_argument(
        '--calibration', choices=['minmax', 'percentile'], default='minmax',
        help='how: all that is seen, or 99.999 %% of it, which takes longer '
        '(default: %(default)s)')
    parser.add_argument(
        '--for', dest='target', choices=['here', 'vnni', 'x86', 'arm'],
        default='here', help='processor that it is for: x86 with '
        'instructions for eight bits (VNNI), older x86, or Arm; default: '
        'this one')
    parser.add_argument(
        '--max-drop', type=number(float, low=0), metavar='POINTS',
        help='mIoU that may be lost (default: 1; with --config)')
    parser.add_argument(
        '--min-agreement', type=number(float, low=0, high=100),
        metavar='PERCENT', help='pixels that must keep their class '
        '(default: 98 with --images, else none)')
    parser.add_argument(
        '--threads', type=number(int, low=1), default=1,
        help='of the CPU, to measure times with (default: %(default)s)')
    add_reading_options(parser)
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the file')
    args = parser.parse_args()
    if args.compare and args.config:
        parser.error('--compare goes with --images; --config brings its own')
    if args.max_drop is not None and not args.config:
        parser.error('--max-drop goes with --config, which brings labels; '
                     '--min-agreement needs none')
    return args


def find_samples(args: argparse.Namespace) -> tuple[list, list]:
    """Return the images to find ranges on, and those to compare on."""
    if args.config:
        from mmseg_ext.compression.quantization.labelled import config_samples
        from mmseg_ext.engine import load_config

        cfg = load_config(args.config)
        return (config_samples(cfg, 'train'),
                config_samples(cfg, 'val', 'test', with_labels=True))
    from mmseg_ext.compression.quantization import Sample, hold_back
    from mmseg_ext.inference import list_inputs

    def list_samples(sources: list[str]) -> list[Sample]:
        return [Sample(path)
                for path in list_inputs(sources, args.out).images.values()]

    samples = list_samples(args.images)
    if args.compare:
        return samples, list_samples(args.compare)
    return hold_back(samples, args.count)


def main() -> None:
    args = parse_args()
    from mmseg_ext.compression.quantization import (
        QuantizationSettings,
        quantize_model,
    )

    settings = QuantizationSettings(
        args.count, args.calibration, args.target, args.max_drop,
        args.min_agreement, args.threads)
    console = Console()
    report = quantize_model(
        args.model, args.out, *find_samples(args), settings, args.bit_depth,
        args.crop_bottom, args.overwrite, console.tell)
    console.clear()
    print(report.describe())


if __name__ == '__main__':
    run(main)

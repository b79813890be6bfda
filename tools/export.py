#!/usr/bin/env python
"""Write a trained model as one file that runs without MMSegmentation.

    python tools/export.py CONFIG CHECKPOINT model.onnx
    python tools/export.py CONFIG CHECKPOINT model.pt2    # torch.export

In goes what cv2.imread returns, (batch, height, width, 3) uint8; out come
logits (batch, class, height, width) of the same size. The file is compared
with PyTorch before it is left behind, and runs in tools/predict.py --onnx.
"""
import argparse

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', help='file to write: *.onnx or *.pt2')
    parser.add_argument(
        '--size', nargs=2, type=number(int, low=1),
        metavar=('HEIGHT', 'WIDTH'),
        help='of the images it is traced and checked with, in pixels; '
        "default: the config's windows, or what it scales to, or 512 512")
    parser.add_argument(
        '--batch', type=number(int, low=1), default=1,
        help='number of these images')
    parser.add_argument(
        '--fixed-size', action='store_true',
        help='take no other batch and size, for runtimes that want it')
    parser.add_argument(
        '--opset', type=int, default=18, help="version of ONNX's operators")
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the file')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options
    from mmseg_ext.inference.export import export_model

    report = export_model(
        config_from_options(args), args.checkpoint, args.out, args.size,
        args.batch, args.fixed_size, args.opset, args.overwrite)
    print(report.describe())


if __name__ == '__main__':
    run(main)

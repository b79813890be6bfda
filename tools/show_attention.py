#!/usr/bin/env python
"""Draw the attention maps and sampling points of DeformablePSA layers.

A row a layer, the last one of each stage if --layers names none. The network
sees the whole picture, also where the config tests in windows.
"""
import argparse
import os
import os.path as osp

from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)


def point(text: str) -> tuple[float, float]:
    x, y = text.split(',')
    return float(x), float(y)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('image', help='picture to look at')
    parser.add_argument(
        '--out', help='figure to write: PNG, PDF or SVG; default: '
        'attention/<name of the image>.png in the work directory')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace that file')
    parser.add_argument(
        '--point',
        nargs='+',
        type=point,
        metavar='X,Y',
        help='where to show the sampling points, in pixels of the image; '
        'default: three on its middle line')
    parser.add_argument(
        '--layers',
        nargs='+',
        default=(),
        metavar='PATTERN',
        help="which layers, such as 'layer4.*.bn1'; *, ? and [...] match "
        'between two dots')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmseg_ext.engine import config_from_options, load_trained
    from mmseg_ext.visualization import (
        draw_attention,
        record_attention,
        select_layers,
    )

    cfg = config_from_options(args)
    name = osp.splitext(osp.basename(args.image))[0]
    out = args.out or osp.join(cfg.work_dir, 'attention', f'{name}.png')
    if osp.exists(out) and not args.overwrite:
        raise FileExistsError(f'{out} exists already. Choose another name '
                              'with --out, or replace it knowingly with '
                              '--overwrite')
    model = load_trained(cfg, args.checkpoint)
    picture, layers = record_attention(
        model, cfg.test_dataloader.dataset, args.image)
    layers = select_layers(layers, args.layers)
    figure = draw_attention(picture, layers, args.point)
    os.makedirs(osp.dirname(osp.abspath(out)), exist_ok=True)
    figure.savefig(out, format=osp.splitext(out)[1][1:] or 'png')
    print(f'Wrote {out}')


if __name__ == '__main__':
    run(main)

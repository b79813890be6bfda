#!/usr/bin/env python
"""Tell what a trained cross-attention looks at, and what it is good for.

For each pair of maps of MultiScaleCrossAttentionNeck: the entropy of the
attention, how much of what the head reads is its result, and what becomes of
the predictions when that is zeroed, replaced by its mean over positions, or by
the values resized. OUT gets pairs.csv, changes.csv and attention.png.

    python tools/inspect_attention.py CONFIG CHECKPOINT --data-root data/sem
    python tools/inspect_attention.py CONFIG CHECKPOINT --images scans
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)

FIGURE = 'attention.png'


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', type=config_name, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        '--images', type=Path, metavar='FOLDER', help='images without masks: '
        'no accuracy and no gradients, but how many pixels change')
    what.add_argument(
        '--split', choices=['val', 'test'], default='val',
        help='images and masks of the config (default: %(default)s)')
    parser.add_argument(
        '--max-images', type=int, metavar='N', help='the first N alone; each '
        'image runs three times for each pair of maps, and a few times more')
    parser.add_argument(
        '--out', type=Path, help='folder of the results; default: '
        'inspect_attention in the work directory')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an earlier result')
    add_config_options(parser)
    args = parser.parse_args()
    if args.max_images is not None and args.max_images < 1:
        parser.error(f'--max-images {args.max_images}: must be at least 1')
    if args.images is not None and not args.images.is_dir():
        parser.error(f'--images {args.images}: is no folder')
    return args


def main() -> None:
    args = parse_args()
    from mmseg.registry import DATASETS

    from mmseg_ext.basics import IMAGE_SUFFIXES
    from mmseg_ext.basics.console import count_progress
    from mmseg_ext.basics.listing import list_files
    from mmseg_ext.basics.png_files import write_figure
    from mmseg_ext.engine import config_from_options, load_trained
    from mmseg_ext.visualization.cross_attention import (
        Pictures,
        describe_inspection,
        draw_inspection,
        inspect_attention,
        write_inspection,
    )

    cfg = config_from_options(args)
    out = args.out or Path(cfg.work_dir) / 'inspect_attention'
    if (out / FIGURE).exists() and not args.overwrite:
        raise FileExistsError(f'{out} holds such a result already. Name '
                              'another folder with --out, or replace it '
                              'knowingly with --overwrite')
    loader = cfg.get(f'{args.split}_dataloader')
    if loader is None:  # as in the runs of suites
        other = {'val': 'test', 'test': 'val'}[args.split]
        raise ValueError(f'{args.config} has no {args.split}_dataloader; try '
                         f'--split {other}')
    config = loader.dataset
    model = load_trained(cfg, args.checkpoint)
    if args.images is None:
        samples = DATASETS.build(config)
    else:
        samples = Pictures(config, [*list_files(
            str(args.images), IMAGE_SUFFIXES).values()])
        if not len(samples):
            raise FileNotFoundError(f'{args.images} holds no image; images '
                                    f'end in {", ".join(IMAGE_SUFFIXES)}')
    found = inspect_attention(
        model, samples, most=args.max_images,
        progress=count_progress('images looked at'))
    out.mkdir(parents=True, exist_ok=True)
    write_inspection(out, found)
    write_figure(out / FIGURE, draw_inspection(found))
    print(describe_inspection(found))
    print(f'Wrote all to {out}')


if __name__ == '__main__':
    run(main)

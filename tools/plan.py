#!/usr/bin/env python
"""Look at your images and masks, and write the config to train with.

DATA holds images/ and masks/ of the same names, as convert_masks writes
them, or is laid out as MVTec AD or KolektorSDD2. The config is a short file
with the reason for each choice: edit it as any other.

    python tools/plan.py data/own --minutes 30
    python tools/plan.py data/own --minutes 30 --train
"""
import argparse
import os.path as osp

from mmseg_ext.basics.command_line import (
    add_budget_options,
    command_for,
    new_parser,
    quote_command,
    run,
)
from mmseg_ext.basics.console import count_progress

MODELS = ('unet', 'segformer', 'segformer_detail', 'segformer_xattn', 'dpt',
          'pspnet', 'upernet', 'bisenetv1', 'bisenetv2', 'fchardnet',
          'setr_naive', 'setr_pup', 'setr_mla', 'segmenter',
          'segmenter_linear')


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('data', help='folder of images and masks')
    parser.add_argument('--images', metavar='DIR',
                        help='folder of the images in DATA')
    parser.add_argument('--masks', metavar='DIR',
                        help='folder of the masks in DATA')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='in the '
                        'order of the ids (default: those of '
                        'conversion.json, or numbers)')
    add_budget_options(parser, 30, 'for training and its validations')
    parser.add_argument('--model', choices=MODELS)
    parser.add_argument(
        '--encoder', help='efficientnet_lite0, _lite1, _lite2, an address of '
        'weights such as micronet://resnet50?imagenet, mit_b0, which is '
        'pretrained in a third of the minutes, or random (default: the best '
        'that is installed)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), help='to train '
                        'on (default: the GPU, if there is one)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', metavar='DIR', help='folder for the plan '
                        '(default: work_dirs/plan_NAME)')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace an earlier plan there')
    parser.add_argument('--train', action='store_true',
                        help='train by the plan at once')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmengine.device import get_device

    from mmseg_ext.planning import Wishes, describe_plan, make_plan

    device = args.device or ('cpu' if get_device() == 'cpu' else 'cuda')
    name = osp.basename(osp.abspath(args.data))
    plan = make_plan(
        args.data, args.out or osp.join('work_dirs', f'plan_{name}'),
        Wishes(args.minutes, args.steps, args.model, args.encoder, device,
               args.seed),
        args.images, args.masks, args.classes, args.overwrite,
        count_progress)
    print(describe_plan(plan))
    if args.train:
        from mmseg_ext.engine import load_config, train
        from mmseg_ext.engine.pretraining import pretrain_as_planned

        if plan.pretraining:
            pretrain_as_planned(str(plan.config), plan.pretraining,
                                args.overwrite, count_progress)
        command = f'{command_for("train")} {quote_command([str(plan.config)])}'
        train(load_config(str(plan.config)), command=command)


if __name__ == '__main__':
    run(main)

#!/usr/bin/env python
"""Open every image and mask and say in words what is wrong with them.

Of the training, validation and test data of a config, or of folders:

    python tools/check_dataset.py CONFIG --data-root DIR
    python tools/check_dataset.py --images DIR --masks DIR --classes A B C

Exit status 1 means that training would go wrong.
"""
import argparse

from mmseg_ext.basics.command_line import (
    add_config_options,
    config_name,
    new_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', nargs='?', help='config file')
    parser.add_argument('--images', metavar='DIR', help='training images')
    parser.add_argument('--masks', metavar='DIR', help='their masks')
    parser.add_argument(
        '--classes', nargs='+', metavar='NAME', help='in the order of the '
        'ids')
    parser.add_argument('--val-images', metavar='DIR')
    parser.add_argument('--val-masks', metavar='DIR')
    parser.add_argument(
        '--report', metavar='OUT.html|OUT.md', help='file to write what was '
        'found to, with small pictures')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace that file')
    add_config_options(parser)
    args = parser.parse_args()
    folders = args.images, args.masks, args.classes
    if args.config is None and not all(folders):
        parser.error('name a config, or --images, --masks and --classes')
    if args.config is not None and any((*folders, args.val_images)):
        parser.error('name a config or folders, not both')
    if (args.val_images is None) != (args.val_masks is None):
        parser.error('--val-images and --val-masks belong together')
    if args.config is not None:
        config_name(args.config)
    return args


def main() -> int:
    args = parse_args()
    from mmseg_ext.checking import (
        check_splits,
        check_target,
        splits_of_folders,
        to_text,
        write_report,
    )

    if args.report:
        check_target(args.report, args.overwrite)
    if args.config:  # torch and MMSegmentation are needed for it alone
        from mmseg_ext.checking.config_splits import splits_of_config
        from mmseg_ext.engine import config_from_options

        cfg = config_from_options(args)
        splits = splits_of_config(cfg)
    else:
        cfg = None
        splits = splits_of_folders(
            args.images, args.masks, args.classes, args.val_images,
            args.val_masks, args.dataset_options)
    try:
        result = check_splits(splits, cfg)
    except KeyboardInterrupt:
        raise KeyboardInterrupt('Interrupted: the rest was not checked, and '
                                'no report was written.') from None
    print(f'\n{to_text(result)}')
    if args.report:
        write_report(args.report, result,
                     f'Check of {args.config or args.images}')
        print(f'Wrote {args.report}')
    return int(result.failed)


if __name__ == '__main__':
    run(main)

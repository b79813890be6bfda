#!/usr/bin/env python
"""Turn masks of any encoding into a training set for SEMDataset.

SOURCE holds images and masks: colours, painted-over photographs, grey
codings, integers of any width, or JSON files of labelme or COCO. OUT gets
images/SPLIT, masks/SPLIT (class ids, 255: no label) and conversion.json.
Every pixel is mapped or the set is refused; nothing is overwritten.

Without --map, the tool looks at all masks, proposes a mapping and asks.

    python tools/convert_masks.py data/nasa_super1 data/super1 \\
        --recipe nasa_super1
    python tools/convert_masks.py raw data/own --split 0.8 \\
        --map matrix=0 pore=128 crack=255
    python tools/convert_masks.py raw data/own --images '{split}' \\
        --masks '{split}_annot' --mask-suffix _mask \\
        --map matrix=unpainted carbide=255,0,0 ignore=0,255,0
"""
import argparse
import sys

from mmseg_ext.basics.command_line import (
    command_for,
    new_parser,
    quote_command,
    run,
)
from mmseg_ext.basics.console import count_progress
from mmseg_ext.conversion import (
    AUTO,
    RECIPES,
    complete_options,
    convert_masks,
    describe_conversion,
    find_pairs,
    propose_rules,
    read_rules,
    survey_masks,
)


def rows(text: str) -> int | str:
    if text == AUTO or text.isdigit():
        return text if text == AUTO else int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: a number of rows or 'auto'")


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('source', help='folder of the images and masks')
    parser.add_argument('out', help='folder for the set')
    parser.add_argument('--recipe', choices=RECIPES, help='a published set, '
                        'for which the options below are known')
    parser.add_argument('--images', metavar='DIR', help="folder in SOURCE, "
                        "may hold '{split}' (default: images)")
    parser.add_argument('--masks', metavar='DIR', help='folder of the masks, '
                        'or a JSON file in COCO\'s format, likewise (default: '
                        'masks); JSON files may lie beside the images')
    parser.add_argument('--mask-suffix', metavar='TEXT', help='ending by '
                        'which the name of a mask differs from its '
                        "image's, such as _mask")
    parser.add_argument(
        '--map', nargs='+', metavar='CLASS=WHAT', help='WHAT: a value (0), a '
        "colour (255,0,0), 'unpainted' (as in the image) or 'grey' (any); of "
        "JSON files a label, or 'unpainted' (in no shape); the CLASS 'ignore' "
        'has no label; ids are given in this order')
    parser.add_argument('--classes', nargs='+', default=(), metavar='CLASS',
                        help='all classes, in the order of their ids')
    parser.add_argument(
        '--nearest', action='store_true', help='masks are anti-aliased or '
        'JPEGs: take other values for the nearest class, and tell how many')
    parser.add_argument(
        '--crop-bottom', type=rows, metavar='ROWS', help='rows of the '
        "information band; 'auto': what the mask leaves out, or is found")
    parser.add_argument(
        '--no-mask', metavar='CLASS', help='images without a mask are of this '
        'class everywhere: labelme writes no file where nothing is drawn')
    split = parser.add_mutually_exclusive_group()
    split.add_argument(
        '--split', nargs='+', type=float, metavar='FRACTION', help='fraction '
        'for training (0.8), or for training, validation and test (6 2 2); '
        'every class is dealt out by itself, the rarest first')
    split.add_argument('--split-lists', metavar='DIR', help='folder in '
                       'SOURCE with train.txt, val.txt and test.txt')
    parser.add_argument('--seed', type=int, default=0,
                        help='seed of the --split (default: 0)')
    parser.add_argument('--yes', action='store_true', help='take the '
                        'proposed mapping without asking')
    return parser.parse_args()


def confirm(rules: list[str], nearest: bool, yes: bool) -> bool:
    options = [*sys.argv[1:], '--map', *rules] + ['--nearest'] * nearest
    print('Proposed, nothing is written yet:\n'
          f'{command_for("convert_masks")} {quote_command(options)}')
    if yes or not sys.stdin.isatty():
        return yes
    print('Convert so? [y/n] ', end='', flush=True)
    return sys.stdin.readline().strip().lower() in ('y', 'yes')


def main() -> None:
    args = parse_args()
    args = argparse.Namespace(**complete_options(vars(args), args.recipe))
    pairs, notes = find_pairs(
        args.source, args.images, args.masks, args.mask_suffix,
        args.split_lists, args.split, args.no_mask is not None)
    print('\n'.join([f'Images with masks: {len(pairs)}', *notes]))
    if args.map is None:
        survey = survey_masks(pairs, count_progress('masks'))
        print(survey.table())
        args.map = propose_rules(survey, args.classes)
        args.nearest |= survey.smoothed
        if not confirm(args.map, survey.smoothed, args.yes):
            sys.exit('Not confirmed: nothing was written. Run the line '
                     'above, with names of your own, or add --yes.')
    rules = read_rules(pairs, args.map, args.classes, args.nearest)
    record = convert_masks(
        args.out, pairs, rules, args.crop_bottom, count_progress('masks'),
        vars(args), args.split, args.seed, args.no_mask)
    print(describe_conversion(args.out, record))


if __name__ == '__main__':
    run(main)

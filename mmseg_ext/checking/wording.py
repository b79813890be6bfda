"""Put in words what was found in many files, and how to fix it."""
from collections.abc import Callable, Mapping
from typing import Any

from mmseg_ext.basics.command_line import command_for
from mmseg_ext.basics.label_values import describe_fractions
from mmseg_ext.basics.orientation import ORIENTATIONS
from mmseg_ext.basics.printable import counted

from .arguments import IN_CONFIG, write_argument
from .findings import SEVERITIES, WARNING, Finding, Group
from .pair_check import Rules

MAX_LINE = 12  # values or colours in a proposed line


def describe_group(group: Group, rules: Rules,
                   groups: Mapping[tuple, Group]) -> Finding:
    """Return the finding that a group of files is.

    Args:
        group: The same symptom of some files.
        rules: Classes of the split that has most of them.
        groups: All groups of the check, by kind first.
    """
    severity = group.severity
    if group.first.kind in ('few_bits', 'sixteen_bits'):
        what, fix = _depth(group, rules, groups)
        if fix:  # dark at the least
            severity = min(severity, WARNING, key=SEVERITIES.index)
    else:
        what, fix = WORDS[group.first.kind](group, rules)
    files = counted(group.count, 'file')
    if len(group.splits) == 1:
        files += f' in {next(iter(group.splits))}'
    else:
        parts = ', '.join(f'{count} in {name}'
                          for name, count in group.splits.items())
        files += f' ({parts})'
    return Finding(severity, f'{files}: {what}', fix, tuple(group.names),
                   group.count, tuple(group.pictures))


def _convert() -> str:
    return f'{command_for("convert_masks")} SOURCE OUT'


def _argument(rules: Rules, name: str, value: Any) -> str:
    shown = repr(value).replace('Ellipsis', '...')
    return write_argument(name, shown, rules.command_line)


def _classes(rules: Rules) -> str:
    listed = ', '.join(f'{i} {name}' for i, name in enumerate(
        rules.classes[:MAX_LINE]))
    return listed + (', ...' if len(rules.classes) > MAX_LINE else '')


def _unreadable(group: Group, rules: Rules) -> tuple[str, str]:
    return group.first.detail, ''


def _refused(group: Group, rules: Rules) -> tuple[str, str]:
    loading = 'loading' + ' of the config' * (not rules.command_line)
    return (f'the {loading} stops with: {group.first.detail}',
            'Do what the sentence says.')


def _depth(group: Group, rules: Rules,
           groups: Mapping[tuple, Group]) -> tuple[str, str]:
    """Bits of all 16-bit images decide what bit_depth can be."""
    bits = max(group.facts)
    everywhere = max(
        fact for (kind, *_), other in groups.items()
        if kind in ('few_bits', 'sixteen_bits') for fact in other.facts)
    depth = min(d for d in (8, 10, 12, 14, 16) if d >= everywhere)
    if group.first.kind == 'sixteen_bits':
        if depth == 16:
            return 'images of 16 bits; they are read at their full range.', ''
        return (f'images of 16 bits that fill {bits}: at full range they are '
                f'read {2**(16 - depth)} times too dark.',
                f'{_argument(rules, "bit_depth", depth)} (SEMDataset), if '
                "that is the detector's")
    what = (f'images of 16 bits that fill only {bits} (no value above '
            f'{2**bits - 1}): read at full range they are nearly black.')
    if depth == 16:
        return what, (
            'Other images fill all bits, so these are of another detector or '
            'very dark. If they are dark: '
            f'{_argument(rules, "bit_depth", 16)} (SEMDataset); else stretch '
            'these files.')
    return what, (f'{_argument(rules, "bit_depth", depth)} (SEMDataset), or '
                  'what the detector has')


def _foreground(group: Group, rules: Rules) -> tuple[str, str]:
    name = rules.classes[1]
    what = (f'masks of 0 and 255. With two classes 255 most likely means '
            f'{name!r}, but it is the value that is ignored: no pixel would '
            'be trained on as that class.')
    if rules.loader == 'sem':
        return what, _argument(rules, 'label_map', {0: 0, 255: 1})
    return what, ("dict(type='LoadBinaryAnnotations') in place of "
                  'LoadAnnotations in the pipelines of the config')


def _values(group: Group, rules: Rules) -> tuple[str, str]:
    foreign = {value: fraction for value, fraction in group.fractions.items()
               if value not in rules.allowed}
    if rules.loader == 'binary':
        meaning = '0 and 255 (or 0 and 1) are expected'
    elif rules.label_map and rules.loader == 'sem':
        meaning = f'label_map is {dict(rules.label_map)}'
    else:
        meaning = (f'the classes are {_classes(rules)}, and '
                   f'{rules.ignore_index} is ignored')
    what = (f'masks hold values that are no class: '
            f'{describe_fractions(foreign)} (means of these files); '
            f'{meaning}.')
    if rules.loader == 'other':
        what += (' mmseg does not complain; the loss fails on a GPU, and the '
                 'metrics leave such pixels out.')
    return what, _propose_map(sorted(group.facts), rules)


def _propose_map(values: list, rules: Rules) -> str:
    """Propose a label_map for the values of all files."""
    number = len(rules.classes)
    if rules.loader != 'sem':
        return f'Make class ids of them: {_convert()}'
    values = [int(value) for value in values]
    if rules.label_map:
        known = dict(rules.label_map)
        missing = [value for value in values if value not in known]
        place = ('of the --dataset-options' if rules.command_line else
                 IN_CONFIG)
        return (f'Add {", ".join(map(str, missing))} to label_map {place}; '
                'class id 255 means no label')
    negative = [value for value in values if value < 0]
    if negative:
        rest = [value for value in values if value >= 0]
        mapping = {**dict.fromkeys(negative, 255),
                   **{value: value for value in rest}}
        if not set(rest) <= rules.allowed:
            return ('Say what each value means: '
                    f'{_argument(rules, "label_map", mapping)}, corrected; '
                    '255 means no label')
        return f'{_argument(rules, "label_map", mapping)} (255: no label)'
    if values == list(range(number + 1)):
        shifted = {0: 255, **{i + 1: i for i in range(number)}}
        return ('If 0 means no label: '
                f'{_argument(rules, "label_map", shifted)}; else name the '
                + ('class that is missing in --classes' if rules.command_line
                   else 'class that is missing in metainfo, and raise '
                   'num_classes'))
    ids = [value for value in values if value != rules.ignore_index]
    for chosen in (values, ids):
        if len(chosen) == number:
            mapping = {value: i for i, value in enumerate(chosen)}
            if chosen is ids and len(ids) < len(values):
                mapping[rules.ignore_index] = rules.ignore_index
            from_1 = ' (ilastik and others count from 1)' * (
                chosen == list(range(1, number + 1)))
            return (f'{_argument(rules, "label_map", mapping)}, if they '
                    f'follow the order of the classes{from_1}')
    if len(values) > MAX_LINE:
        return f'Make class ids of them: {_convert()}'
    blank = dict.fromkeys(values, ...)
    every = '--classes' if rules.command_line else 'metainfo'
    return ('Say what each value means: '
            f'{_argument(rules, "label_map", blank)}, or name every class in '
            f'{every} (values there are: {", ".join(map(str, values))})')


def _fractions(group: Group, rules: Rules) -> tuple[str, str]:
    return ('masks hold fractions, not class ids: '
            f'{describe_fractions(group.fractions)}. They look like '
            'probabilities.',
            'Threshold them, and save class ids as 8-bit PNG.')


def _smoothed(group: Group, rules: Rules) -> tuple[str, str]:
    return ('masks hold many values beside a few frequent ones, as smoothed '
            'edges (anti-aliasing) and JPEG leave them: '
            f'{describe_fractions(group.fractions)}.',
            'Export the masks again as PNG, without smoothing and without '
            'JPEG on the way; scale masks by nearest neighbour only. If '
            f'these are all there is: {_convert()} --nearest')


def _photograph(group: Group, rules: Rules) -> tuple[str, str]:
    return ('masks hold as many values as a photograph or a map of single '
            'grains, not a few classes.',
            'Look whether images lie where masks should, and what program '
            'wrote them.')


def _negative(group: Group, rules: Rules) -> tuple[str, str]:
    return ('masks hold negative values: '
            f'{describe_fractions(group.fractions)}.',
            _propose_map(sorted(group.facts), rules))


def _wrapped(group: Group, rules: Rules) -> tuple[str, str]:
    return ('masks hold values beyond 0 to 255, which this loading cuts to 8 '
            f'bits (256 becomes 0): {describe_fractions(group.fractions)}.',
            f'Make 8-bit class ids of them: {_convert()}; or use SEMDataset '
            'with LoadSEMAnnotations, which reads any integers')


def _wide(group: Group, rules: Rules) -> tuple[str, str]:
    kinds = ', '.join(sorted(map(str, group.facts)))
    return (f'masks are stored as {kinds} instead of 8 bits. Their values '
            'are read without loss.', '')


def _painted(group: Group, rules: Rules) -> tuple[str, str]:
    # convert_masks.py takes 16-bit colours as of 8 bits
    full = 255 if max(map(max, group.facts)) <= 255 else 65535
    rules_of_map = ' '.join(
        'CLASS=' + ','.join(str(round(value * 255 / full)) for value in colour)
        for colour in group.fractions)
    return ('masks are photographs with colours painted over them: '
            f'{describe_fractions(_named(group.fractions))} (red, green, '
            'blue), and grey levels where nothing is painted. No class can be '
            'read from such a file.',
            f'{_convert()} --map CLASS=unpainted {rules_of_map} (CLASS: your '
            'names, in the order of their ids) makes class ids of them')


def _named(fractions: Mapping) -> dict:
    return {tuple(map(int, colour)): fraction
            for colour, fraction in fractions.items()}


def _palette(group: Group, rules: Rules) -> tuple[str, str]:
    what = (f'masks hold colours, none of them in the palette: '
            f'{describe_fractions(_named(group.fractions))} (red, green, '
            f'blue). The palette is {_show_palette(rules)}.')
    colours = [list(map(int, colour)) for colour in group.fractions]
    if max(map(max, colours)) > 255 or len(colours) > MAX_LINE:
        return what, f'Make class ids of them: {_convert()}'
    spare = len(colours) - len(rules.classes)
    more = (f'; {spare} more than classes: those without a label go to '
            'ignore_colors=[...]' if spare > 0 else '')
    metainfo = (write_argument('metainfo', f'{{"palette": {colours}}}', True)
                if rules.command_line else
                f'metainfo=dict(classes={tuple(rules.classes)}, '
                f'palette={colours}) {IN_CONFIG}')
    return what, (f'{metainfo}, the colours put in the order of the '
                  f'classes{more}; or {_convert()}')


def _show_palette(rules: Rules) -> str:
    return ', '.join(f'{name} {tuple(colour)}' for name, colour in zip(
        rules.classes, rules.palette))


def _colours(group: Group, rules: Rules) -> tuple[str, str]:
    colours = [list(map(int, colour)) for colour in group.fractions]
    what = (f'masks hold colours that are no class beside those that are: '
            f'{describe_fractions(_named(group.fractions))} (red, green, '
            f'blue). The palette is {_show_palette(rules)}.')
    if len(colours) > MAX_LINE:
        return what, f'Make class ids of them: {_convert()}'
    return what, ('If they have no label: '
                  f'{_argument(rules, "ignore_colors", colours)}; else name '
                  'their classes and colours in metainfo')


def _colour_mask(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'masks are pictures in colours, '
            f'{describe_fractions(_named(group.fractions))} (red, green, '
            'blue), but this loading expects numbers.',
            f'Make class ids of them: {_convert()}')


def _sizes_are(group: Group) -> str:
    first, *more = group.facts
    return f'{first}{" and others" if more else ""} pixels (width x height)'


def _rows(group: Group) -> str:
    low, high = min(group.facts), max(group.facts)
    return f'{low}' if low == high else f'{low} to {high}'


def _band(group: Group, rules: Rules) -> tuple[str, str]:
    what = (f'masks are as wide as their images and {_rows(group)} rows '
            "shorter, and those rows look like the microscope's information "
            'band: an even ground with text.')
    if rules.loader == 'sem':
        option = '--dataset-options info_band=mask'
        return what, (option if rules.command_line else
                      f"info_band='mask' {IN_CONFIG}, or on the command "
                      f'line: {option}')
    return what, ("type='SEMDataset' with info_band='mask' reads them; or "
                  'crop the images')


def _shorter(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'masks are as wide as their images and {_rows(group)} rows '
            'shorter, but those rows do not look like an information band.',
            'Look whether the mask belongs to the image. If only the lowest '
            f'rows have no mask: {_argument(rules, "info_band", "mask")} '
            '(SEMDataset)')


def _turned(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'image and mask are turned against each other: '
            f'{_sizes_are(group)}.', 'Turn one of the two by 90 degrees; '
            'cameras note a rotation that some programs apply.')


def _scaled(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'image and mask have one shape, but not one size: '
            f'{_sizes_are(group)}.', 'Scale the mask to the image by nearest '
            'neighbour, or take the image of the mask\'s size.')


def _sizes(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'image and mask differ in size: {_sizes_are(group)}.',
            'Replace one of the two files; they may not belong together.')


def _no_label(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'no pixel of the mask has a label (all are '
            f'{rules.ignore_index}): nothing is learnt from these images.',
            'Label them, or take them out.')


def _empty(group: Group, rules: Rules) -> tuple[str, str]:
    return (f'masks are empty: {rules.classes[0]!r} alone. That is right for '
            f'images without {rules.classes[1]!r}.',
            'Look whether all are drawn that should be.')


def _one_class(group: Group, rules: Rules) -> tuple[str, str]:
    names = ', '.join(f'{rules.classes[i]!r} ({count:.0f})'
                      for i, count in group.facts.most_common())
    return f'masks hold one class alone: {names}.', (
        'Look whether they are finished.')


def _oriented(group: Group, rules: Rules) -> tuple[str, str]:
    turns = ', '.join(f'{value}, {ORIENTATIONS[value]}'
                      for value in sorted(group.facts))
    return (f'the tag Orientation (EXIF, XMP or TIFF) is {turns}. Images and '
            'masks are read as it says, which not every program does.',
            'If a mask lies wrong on its image, it was drawn with a program '
            f'that ignores the tag. {command_for("convert_masks")} writes '
            'images upright.')


def _white_is_zero(group: Group, rules: Rules) -> tuple[str, str]:
    how = ('Masks are read as the numbers in the file; viewers show them '
           'inverted.' if group.first.detail == 'mask' else
           'Images are read as viewers show them, inverted.')
    return ('the tag PhotometricInterpretation is WhiteIsZero (an inverting '
            f'lookup table in ImageJ). {how}', '')


WORDS: dict[str, Callable[[Group, Rules], tuple[str, str]]] = dict(
    unreadable=_unreadable,
    refused=_refused,
    oriented=_oriented,
    white_is_zero=_white_is_zero,
    foreground_255=_foreground,
    values=_values,
    fractions=_fractions,
    smoothed=_smoothed,
    photograph=_photograph,
    negative=_negative,
    wrapped=_wrapped,
    wide=_wide,
    painted=_painted,
    palette=_palette,
    colours=_colours,
    colour_mask=_colour_mask,
    band=_band,
    shorter=_shorter,
    turned=_turned,
    scaled=_scaled,
    sizes=_sizes,
    no_label=_no_label,
    empty=_empty,
    one_class=_one_class)

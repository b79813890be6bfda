"""Write a plan as a config that can be read and edited."""
import os.path as osp
import textwrap
from collections.abc import Mapping, Sequence
from typing import Optional

from mmseg_ext.engine.budget import Schedule

from .choices import TILE, TILE_STRIDE, Choice, value_of
from .fingerprint import SetFacts
from .models import Start
from .parts import Parts
from .source import Source

BASE = 'mmseg_ext::_base_'


def micrograph_config(source: Source, facts: SetFacts, parts: Parts,
                      start: Start, choices: Sequence[Choice],
                      schedule: Schedule, seed: int, folder: str,
                      pretraining: Optional[Mapping] = None) -> str:
    """Return the text of a config.

    Args:
        source: The set.
        facts: What it is like.
        parts: Which images train and validate.
        start: The model, and the weights it starts from.
        choices: What was decided.
        schedule: How long to train.
        seed: Of the training.
        folder: Where lists of the parts are, if they were written.
        pretraining: Options of tools/pretrain.py, where that comes first.
    """
    lines = [
        f'# Made by mmseg-ext plan of {source.root}. Edit it as any config.',
        '_base_ = [',
        f"    '{BASE}/models/{start.base}.py',",
        f"    '{BASE}/datasets/sem_crops.py',",
        f"    '{BASE}/schedules/{start.schedule}.py',",
        f"    '{BASE}/default_runtime.py']",
        *reason_lines(choices, 'classes'),
        'sem = dict(',
        f'    data_root={osp.abspath(source.root)!r},',
        *_metainfo(facts),
        '    ' + ', '.join(f'{name}={value!r}'
                           for name, value in _reading(facts)) + ')',
        *_pipeline(choices, facts),
        *reason_lines(choices, 'parts'),
        *_loaders(source, parts, choices, folder),
        *_model(facts, start, choices, pretraining),
        *reason_lines(choices, 'steps'),
        f'train_cfg = dict(max_iters={schedule.steps}, '
        f'val_interval={schedule.interval})',
        f'default_hooks = dict(checkpoint=dict(interval={schedule.interval}))',
        f'randomness = dict(seed={seed})',
    ]
    return '\n'.join(lines) + '\n'


def reason_lines(choices: Sequence[Choice], *names: str,
                 indent: str = '') -> list[str]:
    """Return why something was chosen, as comments of 79 columns."""
    reasons = '; '.join(
        f'{choice.value}: {choice.reason}' if choice.name == 'start' else
        choice.reason for choice in choices if choice.name in names)
    return textwrap.wrap(
        reasons, 79, initial_indent=f'{indent}# ',
        subsequent_indent=f'{indent}# ', break_long_words=False,
        break_on_hyphens=False)


def _metainfo(facts: SetFacts) -> list[str]:
    start = f'    metainfo=dict(classes={facts.classes!r}'
    if facts.palette is None:
        return [f'{start}),']
    palette = textwrap.wrap(
        f'palette={facts.palette!r}),', 79, initial_indent=' ' * 8,
        subsequent_indent=' ' * 17)
    return [f'{start},', *palette]


def _reading(facts: SetFacts) -> list[tuple[str, object]]:
    # the base crops images to their masks
    return list({'info_band': None, **facts.reading}.items())


def _pipeline(choices: Sequence[Choice], facts: SetFacts) -> list[str]:
    side = value_of(choices, 'crop')
    light = value_of(choices, 'photometric')
    small = any(min(image.height, image.width) < side
                for image in facts.images)
    kind = dict(rare='RareClassCrop', random='RandomCrop')[
        value_of(choices, 'crops')]
    pad = (f"    dict(type='Pad', size=({side}, {side}), "
           'pad_val=dict(img=0, seg=255)),')
    return [
        'train_pipeline = [',
        "    dict(type='LoadSEMImageFromFile'),",
        "    dict(type='LoadSEMAnnotations'),",
        *reason_lines(choices, 'photometric', indent='    '),
        "    dict(type='RandomBrightnessContrastGamma', "
        f"brightness={light['brightness']}, contrast={light['contrast']}),",
        '    # a polished section has no upside',
        "    dict(type='RandomQuarterTurn'),",
        *([pad] if small else []),
        *reason_lines(choices, 'crops', indent='    '),
        f"    dict(type={kind!r}, crop_size=({side}, {side})),",
        "    dict(type='RandomFlip', prob=0.5, direction='horizontal'),",
        "    dict(type='RandomGaussianBlur'),",
        "    dict(type='PackSegInputs')]",
    ]


def _loaders(source: Source, parts: Parts, choices: Sequence[Choice],
             folder: str) -> list[str]:
    train, val, test = (_place(source, parts, part, folder) for part in (
        'train', 'val', 'test' if 'test' in parts.of else 'val'))
    return [
        f'train_dataloader = dict(batch_size={value_of(choices, "batch")}, '
        'dataset=dict(',
        *train,
        '    pipeline=train_pipeline, **sem))',
        'val_dataloader = dict(dataset=dict(',
        *val,
        '    **sem))',
        'test_dataloader = dict(dataset=dict(' + (
            '  # there is no test part' * ('test' not in parts.of)),
        *test,
        '    if_absent=None, **sem))',
    ]


def _place(source: Source, parts: Parts, part: str, folder: str
           ) -> list[str]:
    """Return the arguments that name the files of a part."""
    if parts.lists.get(part):
        prefix = parts.prefix or source.prefixes[part]
        file = osp.join(osp.abspath(folder), f'{part}.txt')
    else:
        prefix = source.prefixes.get(part) or source.prefixes['']
        file = source.lists.get(part, '')
    images, masks = prefix
    return [*([f'    ann_file={file!r},'] if file else []),
            f'    data_prefix=dict(img_path={images!r}, '
            f'seg_map_path={masks!r}),']


def _model(facts: SetFacts, start: Start, choices: Sequence[Choice],
           pretraining: Optional[Mapping]) -> list[str]:
    return [*reason_lines(choices, 'model', 'start'),
            *model_lines(start, choices, len(facts.classes),
                         "type='CrossEntropyDiceLoss'", pretraining),
            *window_lines(choices)]


def window_lines(choices: Sequence[Choice]) -> list[str]:
    """Return how to predict where that is not as a whole."""
    if value_of(choices, 'prediction') != 'slide':
        return []
    size, stride = value_of(choices, 'tile', (TILE, TILE_STRIDE))
    return [*reason_lines(choices, 'prediction'),
            f"model['test_cfg'] = dict(mode='slide', crop_size={size}, "
            f'stride={stride})']


def model_lines(start: Start, choices: Sequence[Choice], num_classes: int,
                loss: str, pretraining: Optional[Mapping] = None
                ) -> list[str]:
    """Return the model, its classes and loss set in all of its heads.

    Args:
        start: The model, and the weights it starts from.
        choices: What was decided.
        num_classes: Of the data.
        loss: Arguments of ``loss_decode``.
        pretraining: Options of tools/pretrain.py, where that comes first.
    """
    lines = [
        'from mmseg_ext.engine import set_in_heads  # noqa: E402',
        'model = set_in_heads(',
        f'    _base_.model, num_classes={num_classes},',
        f'    loss_decode=dict({loss}))',
    ]
    values = {place: repr(value) for place, value in start.changes.items()}
    if pretraining:
        rest = dict(pretraining)
        values['backbone', 'init_cfg', 'checkpoint'] = "pretraining['out']"
        lines += [
            *reason_lines(choices, 'pretraining'), 'pretraining = dict(',
            *(f'    {name}={rest.pop(name)!r},' for name in ('images', 'out')),
            '    ' + ', '.join(f'{name}={value!r}'
                               for name, value in rest.items()) + ')']
    for (*place, last), value in values.items():
        section = 'model' + ''.join(f'[{key!r}]' for key in place)
        line = f'{section}[{last!r}] = {value}'
        lines += [line] if len(line) < 80 else [
            f'{section}[', f'    {last!r}] = {value}']
    return lines

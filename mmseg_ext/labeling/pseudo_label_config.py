"""A config that trains on the source and on pseudo-labels."""
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config

from mmseg_ext.basics.intensity import MATCH
from mmseg_ext.basics.pseudo_labels import find_marked
from mmseg_ext.basics.sections import sections
from mmseg_ext.engine.intensity_hook import LOADING

from .phase_training import OTHERS, SAME, is_of_micrographs

TRAINING = '_base_.train_dataloader.dataset'
LOADERS = dict(Image='LoadSEMImageFromFile', Annotations='LoadSEMAnnotations')
REPLACED = ('data_root', 'data_prefix', 'metainfo', 'type', 'pipeline',
            'info_band', 'bit_depth', *OTHERS)


def source_sets(cfg: Config) -> list[tuple[str, dict]]:
    """Return the sets that a config trains on, without pseudo-labels.

    Returns:
        How a config that inherits from this one calls each, and the set.

    Raises:
        ValueError: If there is none, or it has no pipeline.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if dataset is None:
        raise ValueError('The config has no train_dataloader with a data '
                         'set: there is nothing to train on beside the '
                         'pseudo-labels.')
    if dataset['type'] != 'ConcatDataset':
        return [(TRAINING, dataset)]
    return [(f'{TRAINING}.datasets[{i}]', one)
            for i, one in enumerate(dataset['datasets'])
            if marked_root(one) is None]


def marked_root(dataset: Mapping) -> Optional[Path]:
    """Return the folder of pseudo-labels that a set is; None: it is none."""
    root = Path(dataset.get('data_root') or '.').absolute()
    return root if find_marked(root) == root else None


def both_config(cfg: Config, base: str, checkpoint: Path, root: Path,
                classes: Sequence[str], palette: Sequence,
                bit_depth: Optional[int]) -> tuple[str, list[str]]:
    """Return the text of a config that goes on with a model on both.

    Args:
        cfg: The model's.
        base: Its file, as the new one inherits from it.
        checkpoint: Weights that the training starts from.
        root: Folder with ``images/train`` and ``masks/train``.
        classes: Names of the classes, in the order of their ids.
        palette: Their colours.
        bit_depth: Significant bits of 16-bit images; None: all.

    Returns:
        The text, and what is to be said of it.

    Raises:
        ValueError: If the config has no training set, or none with a
            pipeline.
    """
    sources = source_sets(cfg)
    place, section = _described(sources)
    known = is_of_micrographs(section)
    rest = ({name: value for name, value in section.items()
             if name not in REPLACED} if known else {})
    lines = [
        '# Made by mmseg-ext pseudo_label, and again if that is run again:',
        '# inherit from it to change something.',
        f'_base_ = {base!r}',
        f'load_from = {str(checkpoint.resolve())!r}',
        'resume = False',
        'train_dataloader = dict(',
    ]
    notes = []
    if _needs_defective(cfg):
        notes.append('DefectBalancedSampler is replaced by InfiniteSampler: '
                     'pseudo-labels do not say which images are defective.')
        lines += ['    # pseudo-labels do not say which images are defective',
                  '    sampler=dict(',
                  "        _delete_=True, type='InfiniteSampler', "
                  'shuffle=True),']
    lines += [
        '    dataset=dict(',
        "        _delete_=True, type='ConcatDataset',",
        f'        ignore_keys={SAME!r},',
        '        datasets=[',
        *(f'            {name},' for name, _ in sources),
        '            dict(',
        "                type='SEMDataset',",
        f'                data_root={str(root.resolve())!r},',
        "                data_prefix=dict(",
        "                    img_path='images/train',",
        "                    seg_map_path='masks/train'),",
        '                metainfo=dict(',
        f'                    classes={tuple(classes)!r},',
        f'                    palette={[list(c) for c in palette]!r}),',
        "                info_band='mask',",
        f'                bit_depth={bit_depth!r},',
        *_meaning(classes),
        *(f'                {name}={value!r},'
          for name, value in rest.items()),
        *_pipeline(place, section['pipeline'], _match(cfg)),
        '            )]))',
    ]
    return '\n'.join(lines) + '\n', notes


def _meaning(classes: Sequence[str]) -> list[str]:
    """Say that 255 is no label where it would be taken for a foreground."""
    if len(classes) != 2:
        return []
    return ['                # 255 beside 0 alone is no foreground here',
            '                label_map={0: 0, 1: 1, 255: 255},']


def _described(sources: Sequence[tuple[str, dict]]) -> tuple[str, dict]:
    """Return the first set with a pipeline, and what it is called."""
    for name, dataset in sources:
        for place, section in _places(name, dataset):
            if section.get('pipeline') and 'type' in section:
                return place, section
    raise ValueError('No set that the config trains on has a pipeline: give '
                     'one to the first, which pseudo-labels take as well.')


def _places(name: str, node: Any) -> Iterator[tuple[str, dict]]:
    """Yield every dict in a config, and what it is called."""
    if isinstance(node, dict):
        yield name, node
        for key, child in node.items():
            yield from _places(f'{name}.{key}', child)
    elif isinstance(node, (list, tuple)):
        for i, child in enumerate(node):
            yield from _places(f'{name}[{i}]', child)


def _match(cfg: Config) -> Optional[Mapping]:
    """Return the step by which predictions match intensities, if they do."""
    tested = (cfg.get('test_dataloader') or {}).get('dataset')
    return next((step for section in sections(tested)
                 for step in section.get('pipeline') or ()
                 if _kind(step) == MATCH), None)


def _pipeline(place: str, steps: Sequence[Mapping],
              match: Optional[Mapping]) -> list[str]:
    """Return a pipeline that reads index masks, whatever the source's."""
    loaders = [_loader(step) for step in steps]
    if any(_kind(step) == MATCH for step in steps):
        match = None
    recoded = any(loader not in (None, step['type'])
                  for loader, step in zip(loaders, steps))
    if not recoded and match is None:
        return [f'                pipeline={place}.pipeline,']
    found = []
    if recoded:
        found += ['                # the source has masks of another coding']
    if match is not None:
        found += ['                # as predictions match intensities']
    found += ['                pipeline=[']
    start = next((i for i, step in enumerate(steps)
                  if not _kind(step).startswith(LOADING)), len(steps))
    for i, loader in enumerate([*loaders, None]):
        if i == start and match is not None:
            found.append(f'                    {dict(match)!r},')
        if i < len(steps):
            found.append(f'                    dict(type={loader!r}),'
                         if recoded and loader else
                         f'                    {place}.pipeline[{i}],')
    return [*found, '                ],']


def _loader(step: Mapping) -> Optional[str]:
    """Return the loader of micrographs in place of a step; None: it stays."""
    kind = _kind(step)
    if not kind.startswith('Load'):
        return None
    return LOADERS['Annotations' if 'Annotations' in kind else 'Image']


def _kind(step: Mapping) -> str:
    return getattr(step['type'], '__name__', str(step['type'])).split('.')[-1]


def _needs_defective(cfg: Config) -> bool:
    return any(str(section.get('type')).endswith('DefectBalancedSampler')
               for section in sections(cfg.train_dataloader))

"""From a config to the pairs of each split and their loading."""
from collections.abc import Iterator, Mapping
from typing import Optional

from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.basics import user_sentence
from mmseg_ext.datasets.absent_part import settle
from mmseg_ext.datasets.sem import SEMDataset

from .findings import ERROR, Finding
from .pair_check import Rules
from .pairing import list_pairs
from .splits import Split
from .transductive import note_transductive

LOADERS = dict(train='train_dataloader', val='val_dataloader',
               test='test_dataloader')
LOADERS_OF_MASKS = dict(LoadSEMAnnotations='sem',
                        LoadBinaryAnnotations='binary')


def splits_of_config(cfg: Mapping) -> list[Split]:
    """Return the splits of a config; equal ones once.

    A dataset that cannot be built is a split without pairs and with the
    reason among its findings.

    Raises:
        ValueError: If the config has no datasets.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    wanted: list[tuple[list[str], Mapping]] = []
    for name, loader in LOADERS.items():
        for dataset in _unwrap((cfg.get(loader) or {}).get('dataset')):
            dataset = settle(dataset)
            same = [names for names, other in wanted if other == dataset]
            if same:
                same[0].append(name)
            else:
                wanted.append(([name], dataset))
    if not wanted:
        raise ValueError('The config has no dataset in '
                         f'{", ".join(LOADERS.values())}: nothing to check.')
    splits = [_make_split('/'.join(dict.fromkeys(names)), dataset)
              for names, dataset in wanted]
    note_transductive(cfg, splits)
    return splits


def _unwrap(dataset: Optional[Mapping]) -> Iterator[Mapping]:
    """Yield the datasets in RepeatDataset, ConcatDataset and their like."""
    if dataset is None:
        return
    # of two domains one has masks
    inner = (dataset.get('datasets') or dataset.get('dataset')
             or dataset.get('source'))
    if inner is None:
        yield dataset
        return
    for child in inner if isinstance(inner, (list, tuple)) else [inner]:
        yield from _unwrap(child)


def _make_split(name: str, settings: Mapping) -> Split:
    loading = [step for step in settings.get('pipeline', ())
               if _name(step['type']).startswith('Load')]
    loaders = [LOADERS_OF_MASKS.get(_name(step['type']), 'other')
               for step in loading if 'Annotations' in _name(step['type'])]
    split = Split(name, Rules((), loader=loaders[0] if loaders else 'none'))
    kind = settings['type']
    if isinstance(kind, str):
        kind = DATASETS.get(kind)
    try:
        if kind is not None and issubclass(kind, SEMDataset):
            dataset = DATASETS.build(dict(settings, lazy_init=True))
            split.listing = list_pairs(
                dataset.data_prefix['img_path'],
                dataset.data_prefix.get('seg_map_path'), dataset.reading,
                dataset.ann_file, dataset.data_root,
                dataset.how_to_get())
        else:
            dataset = DATASETS.build(settings)
            split.listing.samples = [
                dataset.get_data_info(i) for i in range(len(dataset))]
        split.load = Compose(loading)
    # What a dataset raises stops training, whatever it is.
    except Exception as error:
        split.listing.samples = []
        split.listing.findings.append(Finding(
            ERROR, f'The {name} part of the data, {_name(settings["type"])}, '
            'cannot be built: '
            + (user_sentence(error) or str(error) or type(error).__name__),
            'Do what the sentence says; what is in this part has not been '
            'checked.'))
        return split
    meta = dataset.metainfo
    split.rules = Rules(
        classes=meta.get('classes') or (),
        palette=meta.get('palette') or (),
        loader=split.rules.loader,
        ignore_index=getattr(dataset, 'ignore_index', 255),
        label_map=getattr(dataset, 'mask_values', None),
        ignore_colors=getattr(dataset, 'ignore_colors', ()))
    if not split.listing.samples and not split.listing.findings:
        split.listing.say(ERROR, f'The {name} part of the data is empty.',
                          'Correct data_root, data_prefix and ann_file in '
                          'the dataset of the config.')
    return split


def _name(kind) -> str:
    """Return the name of what a config has as type, without its scope."""
    return getattr(kind, '__name__', str(kind)).split('.')[-1]

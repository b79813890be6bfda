"""From a config, or folders, to the pairs of each split and their loading."""
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from mmengine.config import ConfigDict
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.datasets.sem import SEMDataset

from .findings import ERROR, NOTE, WARNING, Finding
from .pair_check import Rules
from .pairing import Listing, list_pairs

LOADERS = dict(train='train_dataloader', val='val_dataloader',
               test='test_dataloader')
LOADERS_OF_MASKS = dict(LoadSEMAnnotations='sem',
                        LoadBinaryAnnotations='binary')
PIPELINE = [dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations')]


@dataclass
class Split:
    """The pairs of a split, and how they are loaded.

    Attributes:
        name: 'train', 'val', 'test', or 'val/test' if they are the same.
        rules: What the masks should hold.
        listing: The pairs, and what is wrong with their names.
        load: The config's loading, from a sample of the listing to one with
            ``img`` and ``gt_seg_map``; None if there are no pairs.
    """
    name: str
    rules: Rules
    listing: Listing = field(default_factory=Listing)
    load: Optional[Callable[[dict], dict]] = None


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
            same = [names for names, other in wanted if other == dataset]
            if same:
                same[0].append(name)
            else:
                wanted.append(([name], dataset))
    if not wanted:
        raise ValueError('The config has no dataset in '
                         f'{", ".join(LOADERS.values())}: nothing to check.')
    return [_make_split('/'.join(dict.fromkeys(names)), dataset)
            for names, dataset in wanted]


def splits_of_folders(images: str,
                      masks: str,
                      classes: Sequence[str],
                      val_images: Optional[str] = None,
                      val_masks: Optional[str] = None,
                      options: Optional[Mapping] = None) -> list[Split]:
    """Return the splits of folders, as SEMDataset reads them.

    Args:
        images: Folder of the training images.
        masks: Folder of their masks.
        classes: Names of the classes, in the order of their ids.
        val_images: Folder of the validation images; None: there are none.
        val_masks: Folder of their masks.
        options: Further arguments of SEMDataset.
    """
    init_default_scope('mmseg')
    folders = dict(train=(images, masks))
    if val_images is not None:
        folders['val'] = (val_images, val_masks)
    return [
        _make_split(name, ConfigDict(
            type='SEMDataset',
            data_prefix=dict(img_path=paths[0], seg_map_path=paths[1]),
            pipeline=PIPELINE,
            **{'metainfo': dict(classes=tuple(classes)), **(options or {})}))
        for name, paths in folders.items()
    ]


def _unwrap(dataset: Optional[Mapping]) -> Iterator[Mapping]:
    """Yield the datasets in RepeatDataset, ConcatDataset and their like."""
    if dataset is None:
        return
    inner = dataset.get('datasets') or dataset.get('dataset')
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
            split.listing = list_pairs(dataset)
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
            f'cannot be built: {str(error) or type(error).__name__}',
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


def check_heads(cfg: Mapping, splits: Sequence[Split]) -> list[Finding]:
    """Compare the number of classes of the data with the model's."""
    numbers = {len(split.rules.classes) for split in splits} - {0}
    model, findings = cfg.get('model') or {}, []
    heads = [(name, head) for name in ('decode_head', 'auxiliary_head', 'head')
             for head in _as_list(model.get(name))]
    for name, head in heads:
        outputs = head.get('num_classes')
        for number in sorted(numbers):
            if outputs in (None, number):
                continue
            findings.append(Finding(
                ERROR if outputs < number else WARNING,
                f'The model has {outputs} classes ({name}.num_classes), the '
                f'data have {number}.',
                f'model = dict({name}=dict(num_classes={number}))'))
    return findings


def _as_list(heads) -> list:
    if heads is None:
        return []
    return list(heads) if isinstance(heads, (list, tuple)) else [heads]


def find_unused(splits: Sequence[Split]) -> list[Finding]:
    """Say which images of the folders are in the list of no split."""
    used = {sample['img_path'] for split in splits
            for sample in split.listing.samples}
    unused = sorted(set().union(
        *(split.listing.unused for split in splits)) - used)
    if not unused:
        return []
    listing = Listing()
    listing.say(NOTE, 'Images are in the list (ann_file) of no split; they '
                'are not used.', 'List them, if that is not intended.', unused)
    return listing.findings

"""The images of a config that have masks and are not kept for a test."""
import copy
import os.path as osp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_ext.basics.duplicates import Fingerprint, take_fingerprint
from mmseg_ext.basics.files import output_stem
from mmseg_ext.basics.image_files import read_size
from mmseg_ext.basics.mask_files import read_binary_mask
from mmseg_ext.basics.pixel_size import known_um
from mmseg_ext.basics.sections import sections
from mmseg_ext.basics.sem_files import load_image, load_mask
from mmseg_ext.datasets import KSDD2Dataset, MVTecADDataset, SEMDataset
from mmseg_ext.datasets.source_target import domain_sections

PARTS = ('train', 'val')
SURFACES = (KSDD2Dataset, MVTecADDataset)


@dataclass(frozen=True)
class Pool:
    """Training and validation images of a config, together.

    Attributes:
        samples: Name of an image -> what its pipeline is handed. Names are
            paths below ``prefix``, without suffix; of surfaces, in the data
            folder.
        prefix: ``img_path`` and ``seg_map_path`` that hold all of them;
            None: of surfaces, whose layout says where masks are.
        classes: Names of the classes.
        palette: Colour of each, (red, green, blue), 0 to 255.
    """
    samples: Mapping[str, dict]
    prefix: Optional[tuple[str, str]]
    classes: tuple[str, ...]
    palette: list[list[int]]

    @property
    def names(self) -> list[str]:
        """All images, sorted."""
        return sorted(self.samples)

    def folders(self) -> list[Path]:
        """Folders of images and masks, sorted."""
        return sorted({Path(sample[kind]).parent
                       for sample in self.samples.values()
                       for kind in ('img_path', 'seg_map_path')
                       if sample.get(kind)})

    def image(self, name: str) -> np.ndarray:
        """Return an image, (H, W, 3) uint8, blue, green, red."""
        return load_image(self.samples[name])

    def truth(self, name: str) -> np.ndarray:
        """Return its class ids, (H, W) uint8, 255 where there is no label."""
        sample = self.samples[name]
        if self.prefix is not None:
            return load_mask(sample)
        if sample['seg_map_path'] is None:  # nothing but background
            return np.zeros(read_size(sample['img_path']), np.uint8)
        return read_binary_mask(sample['seg_map_path'])

    def um_per_pixel(self, name: str) -> Optional[float]:
        """Return the side of its pixels in micrometres, where it is known."""
        path = self.samples[name]['img_path']
        return known_um(Path(path), read_size(path))

    def look(self, progress: Callable[[int, int], None]
             ) -> tuple[np.ndarray, list[Fingerprint]]:
        """Return which classes each image has, and its fingerprint.

        Of surfaces, types of defects count as classes.

        Args:
            progress: Called with the number of images done, and of all.

        Returns:
            (num_images, num_classes) bool and a list, in the order of
            :attr:`names`.
        """
        held, prints = [], []
        types = [tuple(map(self.samples[name].get,
                           ('category', 'defect_type')))
                 for name in self.names]
        kinds = sorted({kind for kind in types if None not in kind})
        for i, name in enumerate(self.names):
            truth = self.truth(name)
            counts = np.bincount(truth.ravel(), minlength=256)
            held.append([*(counts[:len(self.classes)] > 0),
                         *(types[i] == kind for kind in kinds)])
            prints.append(take_fingerprint(self.image(name)))
            progress(i + 1, len(self.samples))
        return np.array(held), prints


def read_pool(cfg: Config) -> Pool:
    """Read the images that a config trains on and validates with.

    Args:
        cfg: Of an experiment with SEMDataset, MVTecADDataset or
            KSDD2Dataset.

    Raises:
        FileNotFoundError: If images or masks are missing.
        ValueError: If the data set is of another kind, or the two parts do
            not go together.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    found = {}
    for part in PARTS:
        section = dict(copy.deepcopy(_section(cfg, part)), pipeline=[])
        found[part] = DATASETS.build(section)
    train, val = found.values()
    if type(train) is not type(val):
        raise ValueError('Training reads a data set of another type than '
                         'validation, so that their images cannot be dealt '
                         'out anew: give both the same type')
    for what in ('classes', 'palette'):
        if train.metainfo[what] != val.metainfo[what]:
            raise ValueError(f'The {what} of training and of validation '
                             'differ: give both the same metainfo')
    root = _section(cfg, 'train').get('data_root') or ''
    prefix, folder = None, root
    if isinstance(train, SEMDataset):
        prefix = _common_prefix([
            _section(cfg, part).get('data_prefix') or dict(
                img_path='images/train', seg_map_path='masks/train')
            for part in PARTS])
        folder = osp.join(root, prefix[0])
    samples = {}
    for dataset in found.values():
        for i in range(len(dataset)):
            sample = dataset.get_data_info(i)
            samples[output_stem(sample['img_path'], [folder])] = sample
    classes = tuple(train.metainfo['classes'])
    return Pool(samples, prefix, classes, train.metainfo['palette'])


def check_target(cfg: Config) -> None:
    """Refuse a training on two domains whose target cannot be read.

    Each fold would find out by itself, and fail.

    Raises:
        FileNotFoundError: If the target has no images.
        ValueError: If there is none, or it does not go with the source.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    for section in domain_sections(cfg):
        DATASETS.build(copy.deepcopy(section))


def use_lists(cfg: Config, pool: Pool, train: str, held_out: str) -> None:
    """Let a config train on one list, and validate and test on another.

    Args:
        cfg: Changed in place.
        pool: Of its images.
        train: Path of the list to train on.
        held_out: Path of the other.
    """
    for part, path in (('train', train), ('val', held_out),
                       ('test', held_out)):
        if part == 'val' and cfg.get('val_dataloader') is None:
            continue  # it is not validated on the way
        section = _section(cfg, part)
        section.pop('if_absent', None)
        section.update(
            ann_file=path, data_root=_section(cfg, 'train').get('data_root'))
        if pool.prefix is not None:
            section.update(data_prefix=dict(
                zip(('img_path', 'seg_map_path'), pool.prefix)))
        elif issubclass(DATASETS.get(section['type']), KSDD2Dataset):
            # both parts are of train/; the ground truth judges
            section.update(split='train' if part == 'train' else 'val')
            if part == 'test':
                section.update(labels=None, mask_dir=None)


def _section(cfg: Config, part: str) -> dict:
    """Return the section of a part's data set, out of its wrappers."""
    loader = cfg.get(f'{part}_dataloader') or {}
    found = [section for section in sections(loader.get('dataset'))
             if 'type' in section  # not what if_absent says
             and ('data_root' in section or 'data_prefix' in section)]
    if not found:
        raise ValueError(f'The config has no {part}_dataloader with a data '
                         'set that has a data_root: name the config that a '
                         'training begins with, not one that a benchmark has '
                         'written')
    kind = DATASETS.get(found[0]['type'])
    if len(found) > 1 or kind is None or not issubclass(
            kind, (SEMDataset, *SURFACES)):
        names = ', '.join(str(section['type']) for section in found)
        raise ValueError(
            f'{part}_dataloader reads {names}: folds need one data set that '
            'takes a list of any images (ann_file), SEMDataset, '
            'MVTecADDataset or KSDD2Dataset'
            + ('; of several, such as with pseudo-labels, name the config '
               'with the first alone' if len(found) > 1 else ''))
    if found[0].get('protocol') == 'official':
        raise ValueError(
            "protocol='official' trains on good images alone and has no "
            "validation part, so there are no folds: take protocol='pooled'")
    return found[0]


def _common_prefix(prefixes: list[Mapping[str, str]]) -> tuple[str, str]:
    """Return folders in which images and masks have the same names."""
    pairs = {(prefix.get('img_path') or '', prefix.get('seg_map_path') or '')
             for prefix in prefixes}
    if len(pairs) == 1:
        return pairs.pop()
    homes = {tuple(map(osp.dirname, pair)) for pair in pairs}
    if len(homes) > 1 or any(osp.basename(images) != osp.basename(masks)
                             for images, masks in pairs):
        places = ' and '.join(' with '.join(pair) for pair in sorted(pairs))
        raise ValueError(
            f'The images of training and validation lie in {places}: folds '
            'need a folder of all images, and one of all masks with the same '
            'names in it, such as images/train and images/val with '
            'masks/train and masks/val')
    return homes.pop()

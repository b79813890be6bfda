"""Labelled images of one domain beside unlabelled ones of another."""
import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmseg.registry import DATASETS
from torch.utils.data import Dataset

from mmseg_ext.basics.domains import SOURCE, TARGET
from mmseg_ext.basics.image_files import DEEP, bytes_per_pixel, decode_file
from mmseg_ext.basics.intensity_statistics import is_coloured
from mmseg_ext.basics.printable import counted, name_some
from mmseg_ext.basics.sections import sections

from .picture import IMAGE_KEYS

OPTION = '--cfg-options train_dataloader.dataset.target=DIR'
LOOKED_AT = 20  # images of each domain, evenly drawn


@DATASETS.register_module()
class SourceTargetDataset(Dataset):
    """Labelled images of a source domain, then images of a target domain.

    Each sample says in ``domain`` of its metainfo which it is of. Those of
    the target carry a mask of ignored pixels alone, whatever labels there
    may be: any segmentor trains on the source by this data set, and
    SelfTrainingEncoderDecoder and AdversarialEncoderDecoder on both, with
    ``batch_sampler=dict(type='DomainBatchSampler')`` in the loader. Classes
    are the source's.

    What differs between the files of both is told at the start, and which
    are among both; 16 bits beside 8 are refused unless a ``bit_depth`` says
    how many of them are used.

    Args:
        source: Config of any of our data sets.
        target: Folder, file, or list of folders and files as of
            UnlabeledDataset; config of any data set; or, of a config
            without ``type``, what differs from the source's, such as
            ``dict(data_prefix=dict(img_path='images/new'))``. Its pipeline
            is the source's if it has none; what loads annotations is
            replaced by LoadNoAnnotations, and where ``info_band='mask'`` cuts
            the information band off the source, CropBottom finds it.

    Raises:
        FileNotFoundError: If one of both has no images.
        ValueError: If there is no target, the source has no pipeline that
            loads annotations, or nobody says how to read images of 16 bits
            beside those of 8.
    """

    def __init__(self,
                 source: Mapping,
                 target: Optional[str | Sequence[str] | Mapping] = None
                 ) -> None:
        if not target:
            raise ValueError(
                'There is no target: name the folder of images without '
                f'masks that the model has to adapt to, {OPTION}')
        self.source: BaseDataset = DATASETS.build(dict(source))
        settings = settings_of_target(target, source)
        self.target: BaseDataset = DATASETS.build(dict(
            settings, pipeline=unlabeled_pipeline(
                settings.get('pipeline') or source.get('pipeline') or (),
                self.source.ignore_index,
                dict(source, **settings).get('info_band') == 'mask')))
        for part in (self.source, self.target):
            part.full_init()
        if not len(self.target):
            raise FileNotFoundError(
                f'The target has no images: {target!r}. Name another '
                f'folder, {OPTION}')
        # how files are read belongs to the source as long as the target
        # says nothing of its own
        self._reading = {
            key: source[key] for key in IMAGE_KEYS
            if source.get(key) is not None and settings.get(key) is None}
        self.metainfo = self.source.metainfo
        self.ignore_index = self.source.ignore_index
        self._compare()

    @property
    def datasets(self) -> list[BaseDataset]:
        """Both, as torch's ConcatDataset names its own."""
        return [self.source, self.target]

    def __len__(self) -> int:
        return len(self.source) + len(self.target)

    def __getitem__(self, index: int) -> dict:
        sample = (self.source[index] if index < len(self.source) else
                  self.target.pipeline(self.get_data_info(index)))
        sample['data_samples'].set_metainfo(dict(domain=self._domain(index)))
        return sample

    def get_data_info(self, index: int) -> dict:
        """Return what the pipeline is handed, without a target's mask."""
        if self._domain(index) == SOURCE:
            return self.source.get_data_info(index)
        info = self.target.get_data_info(index - len(self.source))
        info.pop('seg_map_path', None)
        return dict(info, **self._reading)

    def _domain(self, index: int) -> str:
        return SOURCE if index < len(self.source) else TARGET

    def _compare(self) -> None:
        """Tell what files of both domains differ in, and have in common."""
        files = [[part.get_data_info(i)['img_path']
                  for i in range(len(part))]
                 for part in (self.source, self.target)]
        common = common_files(*files)
        if common:
            print_log(
                f'{len(common)} of {len(files[1])} images of the target are '
                f'images of the source, too: {name_some(common)}. The model '
                'knows their masks: name images of the other domain alone',
                logger='current', level=logging.WARNING)
        self._check_depths(files)
        images = [decode_file(paths[0]) for paths in files]
        depths = [image.dtype.itemsize for image in images]
        if depths[0] != depths[1] or len({*map(_shows_colours, images)}) > 1:
            source, target = map(_kind, images)
            print_log(
                f'The images of the source are {source} '
                f'({files[0][0]}), those of the target {target} '
                f'({files[1][0]}). Both are read as 8 bits in three '
                'channels', logger='current', level=logging.WARNING)

    def _check_depths(self, files: Sequence[Sequence[str]]) -> None:
        """Refuse 16 bits beside 8 where nobody says how many are used.

        Read in full, what a detector of 12 or 14 bits writes is darker to
        the model than it is.
        """
        drawn = [{int(i): bytes_per_pixel(paths[int(i)]) in DEEP
                  for i in np.linspace(0, len(paths) - 1,
                                       min(len(paths), LOOKED_AT))}
                 for paths in files]
        if len({deep for each in drawn for deep in each.values()}) < 2:
            return
        options = ('--dataset-options bit_depth=12', '--cfg-options '
                   '"train_dataloader.dataset.target=dict(type='
                   "'UnlabeledDataset',sources=['DIR'],bit_depth=12)\"")
        for part, each, paths, option in zip(
                self.datasets, drawn, files, options):
            domain = SOURCE if part is self.source else TARGET
            first = len(self.source) if domain == TARGET else 0
            # of the data set, or of what loads its files
            known = any(getattr(step, 'bit_depth', None) is not None for step
                        in getattr(part.pipeline, 'transforms', ()))
            unsaid = [] if known else [
                paths[i] for i, deep in each.items() if deep and
                self.get_data_info(first + i).get('bit_depth') is None]
            if unsaid:
                raise ValueError(
                    f'Images of the {domain} have 16 bits, such as '
                    f'{unsaid[0]}, beside others of 8 in the training, and '
                    'nobody says how many of the 16 are used: of 12 or 14, '
                    'read in full, all would be too dark to the model. Say '
                    f'so, {option}, or 16 for all')


def unlabeled_pipeline(pipeline: Sequence[Mapping], ignore_index: int,
                       crop: bool = False) -> list[dict]:
    """Return a pipeline that loads no annotations.

    Args:
        pipeline: Of a data set with masks.
        ignore_index: Label of pixels without one.
        crop: Whether to cut off the information band, where one is found.

    Raises:
        ValueError: If it loads none.
    """
    nothing = dict(type='LoadNoAnnotations', ignore_index=ignore_index)
    instead = [dict(type='CropBottom'), nothing] if crop else [nothing]
    steps = [new for step in pipeline for new in (
        instead if 'Annotations' in step['type'] else [dict(step)])]
    if nothing not in steps:
        raise ValueError(
            'The pipeline of SourceTargetDataset\'s source loads no '
            'annotations: it needs a step of a type such as '
            'LoadSEMAnnotations')
    return steps


def common_files(source: Sequence[str], target: Sequence[str]) -> list[str]:
    """Return which of the target's files are the source's, or copies.

    Only files of one size are read.
    """
    sizes = defaultdict(list)
    for path in map(Path, source):
        if path.is_file():
            sizes[path.stat().st_size].append(path)
    found = []
    for name in target:
        path = Path(name)
        near = sizes[path.stat().st_size] if path.is_file() else []
        if any(os.path.samefile(path, other) for other in near) or (
                near and _digest(path) in map(_digest, near)):
            found.append(name)
    return found


def domain_sections(cfg: Mapping) -> list[Mapping]:
    """Return the sections of a config that train on two domains."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    return [section for section in sections(dataset)
            if section.get('type') == 'SourceTargetDataset']


def settings_of_target(target: str | Sequence[str] | Mapping,
                       source: Mapping) -> dict:
    """Return the config of the target's data set, see SourceTargetDataset."""
    if isinstance(target, Mapping):
        own = dict(target)
        if 'type' in own:
            return own
        # a list names the source's images, a spare part its masks
        left_out = ('ann_file', 'if_absent', 'published', 'indices')
        return {**{key: value for key, value in source.items()
                   if key not in left_out}, **own}
    sources = [target] if isinstance(target, str) else list(target)
    return dict(type='UnlabeledDataset', sources=sources)


def _digest(path: Path) -> bytes:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).digest()


def _kind(image: np.ndarray) -> str:
    """Return channels and bits of an image, as it is stored."""
    channels = image.shape[2] if image.ndim == 3 else 1
    return (f'of {counted(channels, "channel")} and '
            f'{8 * image.dtype.itemsize} bits')


def _shows_colours(image: np.ndarray) -> bool:
    """Tell whether channels differ; three of a grey picture do not."""
    if image.ndim == 2 or image.shape[2] < 3:
        return False
    # whatever part of its bits a detector fills
    return is_coloured((image[..., :3] * (255 / max(image.max(), 1))
                        ).astype(np.uint8))

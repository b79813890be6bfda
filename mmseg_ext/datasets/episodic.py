"""Few-shot episodes of any data set of ours."""
import logging
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.logging import print_log
from mmengine.registry import FUNCTIONS
from mmseg.registry import DATASETS
from torch.utils.data import Dataset

from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.basics.listing import name_some

from .episodes import (
    PARTS,
    Episode,
    EpisodeClass,
    draw_training,
    list_testing,
    split_classes,
)

BY_MASK = 'class'
PRODUCT, DEFECT_TYPE = 'category', 'defect_type'  # keys of MVTec AD's samples
TRIES = 10  # of random crops, for one that shows the class


@DATASETS.register_module()
class EpisodicDataset(Dataset):
    """Episodes: a few labelled images, and others to find the same in.

    An item is a list of samples, K that show a class, others that do not,
    and then the queries. Their masks are binary, 1 where the class is, and
    they carry ``episode_class``, its name, and ``episode``, how many are
    labelled and how many queries. In a loader it wants
    ``collate_fn=dict(type='collate_episodes')``; its batch size counts
    episodes. No query is among its supports, and images without any defect
    are no class.

    In training a query shows the class with a probability, or a model would
    never learn to find nothing. With ``test_mode`` items are always the
    same, and each has one query: supports are drawn ``episodes`` times for
    each class, and searched for in what is left.

    Classes that have no more than ``shots`` images are left out, with a
    warning.

    Args:
        dataset: Any of ours, or its config.
        group_key: What the classes are. 'class': those of the masks, which
            are all read at the start; 'category' or 'defect_type': any
            defect of the product, or the defects of a kind and a product,
            in MVTec AD's layout; the others then are good images of the
            product.
        shots: K, supports that show the class.
        normal_shots: Supports that do not.
        queries: Of an episode; with ``test_mode`` of one draw of supports,
            at most so many that show the class and so many that do not,
            None: all.
        episodes: How many, or draws for each class with ``test_mode``.
        seed: Of the draws with ``test_mode``.
        presence: Probability that a query shows the class in training.
        part: 'base': to train on; 'novel': to test on, every ``folds``-th
            class in sorted order, from ``fold`` on; None: all classes.
            Where masks are of several classes, images that show a novel one
            have no part in 'base'.
        fold: 0 to ``folds`` - 1.
        folds: How many parts the classes are dealt into.
        test_mode: Make items that are always the same.

    Raises:
        ValueError: If an argument is not allowed, or no class has images
            enough; of an item, if a support shows nothing of the class
            after the pipeline, or images of a test differ in size.

    Reference:
        Vinyals et al., Matching Networks for One Shot Learning, 2016
        (episodes); Lang et al., Learning What Not to Segment, 2022 (folds).
    """

    METAINFO = dict(
        classes=('background', 'defect'), palette=[[0, 0, 0], [255, 0, 0]])

    def __init__(self,
                 dataset: BaseDataset | Mapping,
                 group_key: str = BY_MASK,
                 shots: int = 1,
                 normal_shots: int = 1,
                 queries: Optional[int] = 1,
                 episodes: int = 1000,
                 seed: int = 0,
                 presence: float = 0.7,
                 part: Optional[str] = None,
                 fold: int = 0,
                 folds: int = 3,
                 test_mode: bool = False) -> None:
        check_at_least(1, shots=shots, episodes=episodes, folds=folds)
        check_at_least(0, normal_shots=normal_shots, fold=fold)
        check_choice('part', part, PARTS)
        if fold >= folds:
            raise ValueError(f'fold={fold}: must be 0 to {folds - 1}, one '
                             f'less than folds={folds}')
        if not 0 <= presence <= 1:
            raise ValueError(f'presence={presence}: must be 0 to 1')
        if queries is not None:
            check_at_least(1, queries=queries)
        elif not test_mode:
            raise ValueError('queries=None: only with test_mode')
        self.dataset = (dataset if isinstance(dataset, Dataset) else
                        DATASETS.build(dataset))
        self.dataset.full_init()
        self.group_key = group_key
        self.shots = shots
        self.normal_shots = normal_shots
        self.queries = queries
        self.episodes = episodes
        self.presence = presence
        self.test_mode = test_mode
        self.metainfo = dict(self.METAINFO)
        self.targets = self._choose(part, fold, folds)
        self._items: Optional[list[Episode]] = None if not test_mode else [
            *list_testing(self.targets, shots, normal_shots, queries,
                          episodes, seed)]

    def __len__(self) -> int:
        return self.episodes if self._items is None else len(self._items)

    def __getitem__(self, index: int) -> list[dict]:
        if self._items is not None:
            episode = self._items[index]
        else:
            # numpy's own state, which a resumed training goes on with
            episode = draw_training(
                self.targets, self.shots, self.normal_shots, self.queries,
                self.presence,
                np.random.default_rng(np.random.randint(2**31)))
        samples = [
            *(self._support(i, episode, k < self.shots)
              for k, i in enumerate(episode.supports)),
            *(self._load(i, episode) for i in episode.queries)]
        sizes = {tuple(sample['inputs'].shape[1:]) for sample in samples}
        if self.test_mode and len(sizes) > 1:
            raise ValueError(
                f'The images of an episode have {len(sizes)} sizes, '
                f'{name_some([f"{h} x {w}" for h, w in sorted(sizes)])} '
                '(height x width): a test needs one, add Resize to the '
                'pipeline')
        return samples

    def draw(self, index: int) -> Episode:
        """Return which images a test's item has."""
        return self._items[index]

    def _support(self, index: int, episode: Episode,
                 shows: bool) -> dict:
        """Return a support; one that shows the class has to."""
        sample = self._load(index, episode)
        # a crop may have missed it
        for _ in range(TRIES):
            if not shows or _shows(sample):
                return sample
            sample = self._load(index, episode)
        if not self.test_mode:
            for other in np.random.permutation(
                    [i for i in episode.target.showing
                     if i not in {*episode.supports, *episode.queries}]):
                sample = self._load(int(other), episode)
                if _shows(sample):
                    return sample
        path = self.dataset.get_data_info(index)['img_path']
        raise ValueError(
            f'{path} shows nothing of {episode.target.name} after the '
            'pipeline: enlarge the crop or the size that images are resized '
            'to')

    def _load(self, index: int, episode: Episode) -> dict:
        sample = self.dataset[index]
        found = sample['data_samples']
        labels = found.gt_sem_seg.data
        ignored = labels == self.dataset.ignore_index
        value = episode.target.value
        shown = (labels != 0) if value is None else labels == value
        found.gt_sem_seg.data = shown.to(labels.dtype).masked_fill(
            ignored, self.dataset.ignore_index)
        found.set_metainfo(dict(
            episode_class=episode.target.name,
            episode=(len(episode.supports), len(episode.queries))))
        return sample

    def _choose(self, part: Optional[str], fold: int,
                folds: int) -> list[EpisodeClass]:
        """Return the classes of the part that suffice."""
        infos = [self.dataset.get_data_info(i)
                 for i in range(len(self.dataset))]
        shown = (self._read_masks(infos) if self.group_key == BY_MASK else
                 self._read_keys(infos))
        # class id of each name
        values = {name: i for i, name in enumerate(
            self.dataset.metainfo['classes']) if i} if (
                self.group_key == BY_MASK) else {}
        names = sorted(values or set().union(*shown))
        chosen, novel = split_classes(names, part, fold, folds)
        found, lacking = [], []
        for name in chosen:
            target = EpisodeClass(name, values.get(name), *self._deal(
                name, shown, infos, novel if part == 'base' else ()))
            if target.suffices(self.shots, self.normal_shots):
                found.append(target)
            else:
                lacking.append(f'{name} ({len(target.showing)} images show '
                               f'it, {len(target.others)} do not)')
        needed = (f'shots={self.shots}, normal_shots={self.normal_shots}: an '
                  f'episode needs {self.shots + 1} images that show a class '
                  f'and {self.normal_shots} that do not. ')
        if not found:
            raise ValueError(
                f'{needed}No class of {len(infos)} images has them'
                + (f': {name_some(lacking)}' if lacking else
                   f', part={part!r} of {", ".join(names) or "no classes"} '
                   'is empty'))
        if lacking:
            print_log(f'{needed}Left out: {name_some(lacking)}',
                      logger='current', level=logging.WARNING)
        return found

    def _deal(self, name: str, shown: Sequence[set], infos: Sequence[dict],
              excluded: Sequence[str]) -> tuple[tuple, tuple]:
        """Return which images show a class, and which are its others."""
        usable = [i for i, found in enumerate(shown)
                  if not found & {*excluded}]
        showing = tuple(i for i in usable if name in shown[i])
        if self.group_key == BY_MASK:
            clean = tuple(i for i in usable if not shown[i])
            # where none is without a defect, those with other ones
            return showing, clean or tuple(
                i for i in usable if name not in shown[i])
        products = {infos[i].get(PRODUCT) for i in showing}
        return showing, tuple(
            i for i in usable
            if not shown[i] and infos[i].get(PRODUCT) in products)

    def _read_keys(self, infos: Sequence[dict]) -> list[set[str]]:
        """Return the names of what each image shows, by its keys."""
        found = []
        for info in infos:
            if self.group_key not in info:
                known = sorted(key for key, value in info.items()
                               if isinstance(value, str)
                               and not key.endswith('_path'))
                raise ValueError(
                    f'group_key={self.group_key!r}: {info["img_path"]} has '
                    f'no such key; it must be {BY_MASK!r}, or one of '
                    f'{", ".join(known) or "none"}')
            name = info[self.group_key]
            if self.group_key == DEFECT_TYPE and PRODUCT in info:
                name = f'{info[PRODUCT]}/{name}'
            defective = info.get('defective',
                                 info.get('seg_map_path') is not None)
            found.append({name} if defective else set())
        return found

    def _read_masks(self, infos: Sequence[dict]) -> list[set[str]]:
        """Return the names of the classes in each mask."""
        classes = self.dataset.metainfo['classes']
        steps = [step for step in self.dataset.pipeline.transforms
                 if type(step).__name__.startswith('Load')]
        found = []
        for info in infos:
            for step in steps:
                info = step(info)
            values = np.unique(info['gt_seg_map'])
            found.append({classes[value] for value in values
                          if 0 < value < len(classes)})
        return found


def _shows(sample: dict) -> bool:
    return bool((sample['data_samples'].gt_sem_seg.data == 1).any())


@FUNCTIONS.register_module()
def collate_episodes(batch: Sequence[Sequence[dict]]) -> dict:
    """Return the samples of all episodes as mmseg's batches are."""
    return pseudo_collate([sample for episode in batch for sample in episode])

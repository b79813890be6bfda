"""A config that trains on what a person has corrected, too."""
import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_ext.basics.sections import sections
from mmseg_ext.datasets import SEMDataset

# Of the set that the model was trained on, and not of this one.
OTHERS = ('ann_file', 'if_absent', 'published', 'label_map', 'ignore_colors',
          'indices')
# Two sets are told to agree in these, which are the model's in both.
SAME = ['classes', 'palette', 'label_map', 'reduce_zero_label']


def find_micrographs(cfg: Config) -> Optional[dict]:
    """Return a config's set of training micrographs; None: it has none."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    for section in sections(dataset):
        if is_of_micrographs(section):
            return section
    return None


def is_of_micrographs(section: Mapping) -> bool:
    """Tell whether a part of a config is a set of micrographs."""
    kind = section.get('type')
    if isinstance(kind, str):
        kind = DATASETS.get(kind)
    return isinstance(kind, type) and issubclass(kind, SEMDataset)


def training_config(cfg: Config, checkpoint: Path, root: Path,
                    classes: Sequence[str], palette: Sequence,
                    reading: Mapping) -> Config:
    """Return a config that goes on with a model, and trains on more data.

    Args:
        cfg: The model's, with a set of micrographs.
        checkpoint: Weights that the training starts from.
        root: Folder with ``images/train`` and ``masks/train``.
        classes: Names of the phases, in the order of their ids.
        palette: Their colours.
        reading: Arguments of :class:`SEMDataset` that say how the images
            are read.
    """
    added = copy.deepcopy(dict(find_micrographs(cfg)))
    for name in OTHERS:
        added.pop(name, None)
    added.update(
        data_root=str(root.resolve()),
        data_prefix=dict(img_path='images/train', seg_map_path='masks/train'),
        metainfo=dict(classes=tuple(classes), palette=list(palette)),
        **reading)
    found = copy.deepcopy(cfg)
    old = found.train_dataloader.dataset
    others = (old.datasets if old.type == 'ConcatDataset' else [old])
    found.train_dataloader.dataset = dict(
        type='ConcatDataset', ignore_keys=SAME, datasets=[*others, added])
    found.load_from = str(checkpoint.resolve())
    found.resume = False
    found.pop('work_dir', None)
    return found

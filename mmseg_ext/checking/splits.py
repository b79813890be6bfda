"""The parts of a data set: their pairs, and how these are loaded."""
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Optional

from mmseg_ext.basics.class_counts import class_counts
from mmseg_ext.basics.sem_files import SEMReading, load_image, load_mask

from .findings import ERROR, NOTE, WARNING, Finding
from .pair_check import Rules
from .pairing import Listing, list_pairs

# Options beside those that name files, and classes and palette.
READING = tuple(field.name for field in fields(SEMReading))[2:]


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

    Raises:
        ValueError: If an option is none of SEMDataset's, or not allowed.
    """
    options = dict(options or {})
    root = options.pop('data_root', None) or ''
    ann_file = options.pop('ann_file', '')
    metainfo = dict(dict(classes=classes), **options.pop('metainfo', {}))
    unknown = sorted(set(options) - set(READING))
    if unknown:
        raise ValueError(
            f'{", ".join(unknown)}: of folders the options are data_root, '
            f'ann_file, metainfo, {", ".join(READING)}')
    reading = SEMReading(tuple(metainfo['classes']), metainfo.get('palette'),
                         **options)
    folders = dict(train=(images, masks))
    if val_images is not None:
        folders['val'] = (val_images, val_masks)
    return [
        _folder_split(
            name, *(osp.join(root, path) for path in paths), reading,
            ann_file and osp.join(root, ann_file), root)
        for name, paths in folders.items()
    ]


def _folder_split(name: str, images: str, masks: str, reading: SEMReading,
                  ann_file: str, root: str) -> Split:
    rules = Rules(reading.classes, reading.palette, 'sem',
                  reading.ignore_index, reading.label_map,
                  reading.ignore_colors, command_line=True)
    return Split(name, rules,
                 list_pairs(images, masks, reading, ann_file, root,
                            command_line=True), _load)


def _load(sample: dict) -> dict:
    return dict(img=load_image(sample), gt_seg_map=load_mask(sample))


def check_heads(cfg: Mapping, splits: Sequence[Split]) -> list[Finding]:
    """Compare the number of classes of the data with the model's."""
    numbers = {len(split.rules.classes) for split in splits} - {0}
    findings = []
    for place, outputs in class_counts(cfg.get('model') or {}):
        for number in sorted(numbers - {outputs}):
            findings.append(Finding(
                ERROR if outputs < number else WARNING,
                f'The model has {outputs} classes ({place}.num_classes), the '
                f'data have {number}.',
                f'--cfg-options model.{place}.num_classes={number}'
                if '.' in place else
                f'model = dict({place}=dict(num_classes={number}))'))
    return findings


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

"""Open one image and its mask, load them as training would, look at both."""
import copy
import os
import re
from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np

from mmseg_ext.basics.image_files import decode_file, read_facts
from mmseg_ext.basics.mask_files import decode_mask

from .findings import ERROR, WARNING, Symptom
from .pair_check import (
    check_colours,
    check_depth,
    check_labels,
    check_sizes,
    check_storage,
    check_tags,
    check_values,
    errors,
)
from .splits import Split


@dataclass
class Inspection:
    """What is known of a pair.

    Attributes:
        symptoms: What is unusual.
        image: As loaded, (H, W, 3) uint8, blue, green, red; if that failed,
            as in the file; None if unreadable.
        values: The mask as in the file; None if there is none or it is
            unreadable.
        labels: (H, W) uint8 as loaded; None if that failed or the config
            loads none.
        loaded: Whether the config's loading went through.
    """
    symptoms: list[Symptom] = field(default_factory=list)
    image: Optional[np.ndarray] = None
    values: Optional[np.ndarray] = None
    labels: Optional[np.ndarray] = None
    loaded: bool = False


def inspect_pair(sample: dict, split: Split) -> Inspection:
    """Load a pair as the config does; where that fails, find out why.

    The loading has the last word: what it refuses is an error, with its own
    sentence if nothing here explains it.
    """
    found, refusal = Inspection(), None
    path, mask_path = sample['img_path'], sample.get('seg_map_path')
    try:
        result = split.load(copy.deepcopy(sample))
        found.image = result['img']
        found.labels = result.get('gt_seg_map')
        found.loaded = True
    # Whatever it raises would stop training.
    except Exception as error:
        refusal = str(error) or type(error).__name__
    raw = _open_image(path, found)
    if raw is not None:
        _look_at_image(raw, sample, split, found)
    if mask_path is not None and split.rules.loader != 'none':
        _look_at_mask(mask_path, split, found)
    if found.loaded:
        _look_at_labels(mask_path, path, split, found)
    elif found.image is not None and found.values is not None:
        symptom = check_sizes(mask_path, found.image, found.values.shape[:2])
        cropped = sample.get('info_band') == 'mask'  # what the loading does
        if symptom and symptom.kind == 'band' and cropped:
            found.image = found.image[:found.values.shape[0]]
        elif symptom:
            found.symptoms.append(symptom)
            rows = found.values.shape[0]
            if symptom.kind == 'band':
                found.image = found.image[:rows]
    if refusal and not errors(found.symptoms):
        named = path in refusal and (mask_path or path) not in refusal
        found.symptoms.append(Symptom(
            'refused', path if named else mask_path or path,
            detail=_without_paths(refusal, path, mask_path)))
    return found


def _without_paths(sentence: str, *paths: Optional[str]) -> str:
    """Take the files' names out, so that equal sentences are one finding."""
    for path, word in zip(paths, ('the image', 'the mask')):
        if path:
            sentence = sentence.replace(path, word)
            if os.path.islink(path):
                sentence = sentence.replace(os.readlink(path), 'a file')
    return sentence


def _open_image(path: str, found: Inspection) -> Optional[np.ndarray]:
    try:
        raw = decode_file(path)
        found.symptoms += check_tags(path, read_facts(path), is_mask=False)
        return raw
    except (OSError, ValueError) as error:
        found.symptoms.append(Symptom(
            'unreadable', path, WARNING if found.loaded else ERROR,
            detail=_without_paths(str(error), path)))
        return None


def _look_at_image(raw: np.ndarray, sample: dict, split: Split,
                   found: Inspection) -> None:
    symptom = check_depth(sample['img_path'], raw, sample.get('bit_depth'))
    refused = split.rules.loader == 'sem' and not found.loaded
    if symptom and symptom.kind == 'few_bits' and refused:
        symptom = replace(symptom, severity=ERROR)
    if symptom:
        found.symptoms.append(symptom)
    if found.image is None:
        band = sample.get('info_band')
        rows = raw.shape[0] - (band if type(band) is int else 0)
        found.image = raw[:rows] if rows > 0 else raw


def _look_at_mask(path: str, split: Split, found: Inspection) -> None:
    """Compare what is in the file with the classes."""
    rules = split.rules
    try:
        values = decode_mask(path, rules.palette)
        found.symptoms += check_tags(path, read_facts(path), is_mask=True)
    except (OSError, ValueError) as error:
        found.symptoms.append(Symptom(
            'unreadable', path, WARNING if found.loaded else ERROR,
            detail=_without_paths(str(error), None, path)))
        return
    found.values = values
    if values.ndim == 3:
        symptom = check_colours(path, values, rules)
    elif rules.loader == 'other':
        # Its values may mean anything; the loaded labels are looked at.
        symptom = check_storage(path, values.dtype, values, found.labels,
                                rules)
    else:
        symptom = check_values(path, values, rules) or check_storage(
            path, values.dtype, values, found.labels, rules)
    if symptom:
        found.symptoms.append(symptom)


def _look_at_labels(mask_path: Optional[str], image_path: str, split: Split,
                    found: Inspection) -> None:
    """Look at what was loaded; stock loaders let everything pass."""
    labels, path = found.labels, mask_path or image_path
    if labels is None or split.rules.loader == 'none':
        return
    if labels.ndim != 2:
        found.labels = None
        return
    symptoms = [check_sizes(path, found.image, labels.shape)]
    if split.rules.loader == 'other' and not errors(found.symptoms):
        symptom = check_values(path, labels, split.rules)
        # With reduce_zero_label, 255 is of the loading's own making.
        own = found.values is not None and 255 not in found.values
        if symptom and not (symptom.kind == 'foreground_255' and own):
            symptoms.append(symptom)
    if mask_path is not None and not any(symptoms):
        symptoms.append(check_labels(path, labels, split.rules))
    found.symptoms += [symptom for symptom in symptoms if symptom]
    if errors(found.symptoms):
        found.labels = None


def same_but_numbers(sentence: str) -> str:
    """Return a sentence without its numbers, to compare it with others."""
    return re.sub(r'\d+', '#', sentence)

"""What tools/export.py writes beside a network, and whether it makes sense."""
import json
from collections.abc import Sequence
from typing import Any, Optional

from mmseg_ext.basics import command_for, name_fault
from mmseg_ext.basics.intensity import IntensityMatch
from mmseg_ext.basics.intensity_statistics import IntensityStatistics

KEY = 'mmseg_ext'
MAX_CLASSES = 256  # ids of 8 bits
MAX_SIDE = 2**16  # pixels


def read_metadata(found: dict[str, str], path: str) -> dict[str, Any]:
    """Return a file's metadata, complete and of the right kinds.

    Args:
        found: Key -> text, as onnxruntime returns them.
        path: The file, for errors.

    Raises:
        ValueError: If something is missing, of another kind, or contradicts
            itself; the file was not written by tools/export.py, or changed.
    """
    if KEY not in found:
        raise ValueError(
            f'{path} was not written by {command_for("export")}: it does not '
            'name its classes. Export the config and its checkpoint with it')
    try:
        metadata = json.loads(found[KEY])
    except (ValueError, RecursionError) as error:
        raise _bad(path, f'it is no JSON ({error})') from error
    if not isinstance(metadata, dict):
        raise _bad(path, 'it is no table of names and values')
    # older files lack these
    metadata = dict(dict(windows=None, match=None, intensity=None),
                    **metadata)
    if metadata['windows'] is None:
        metadata.setdefault('size_divisor', 1)
    for key, (fits, expected) in RULES.items():
        if key not in metadata:
            raise _bad(path, f'{key} is missing')
        if not fits(metadata[key]):
            raise _bad(path, f'{key} is {_short(metadata[key])}; expected '
                       f'is {expected}')
    classes, palette = metadata['classes'], metadata['palette']
    if len(classes) != len(palette):
        raise _bad(path, f'it names {len(classes)} classes and '
                   f'{len(palette)} colours')
    return metadata


def read_match(found: Any, path: str) -> Optional[IntensityMatch]:
    """Return how images are to be matched before the network sees them.

    Args:
        found: Arguments of the match, or None.
        path: The file, for errors.

    Raises:
        ValueError: If they are others.
    """
    if found is None:
        return None
    try:
        return IntensityMatch(**found)
    except (TypeError, ValueError) as error:
        raise _bad(path, f'match: {error}') from error


def read_intensities(found: Any, path: str) -> Optional[IntensityStatistics]:
    """Return the intensities of the training images, if the file has them.

    Raises:
        ValueError: If they are something else.
    """
    if found is None:
        return None
    try:
        return IntensityStatistics.read(found, 'intensity')
    except ValueError as error:
        raise _bad(path, str(error)) from error


def check_ports(inputs: Sequence, outputs: Sequence, num_classes: int,
                path: str) -> None:
    """Refuse a network that does not take images and return logits.

    Args:
        inputs: As onnxruntime describes them.
        outputs: The same.
        num_classes: That the metadata names.
        path: The file, for errors.

    Raises:
        ValueError: What does not fit.
    """
    ports = [(port.name, port.type, len(port.shape)) for port in
             (*inputs, *outputs)]
    if ports != [('image', 'tensor(uint8)', 4),
                 ('logits', 'tensor(float)', 4)]:
        raise _bad(path, f'the network has the inputs and outputs {ports}; '
                   "expected are 'image' of uint8 and 'logits' of float32, "
                   'four dimensions each')
    check_channels(outputs[0].shape[1], num_classes, path)


def check_channels(found: int | str | None, num_classes: int,
                   path: str) -> None:
    """Refuse logits of another number of classes than the metadata names.

    Args:
        found: Channels of the logits; a text or None: not known.
        num_classes: That the metadata names.
        path: The file, for errors.

    Raises:
        ValueError: If they differ.
    """
    if isinstance(found, int) and found != num_classes:
        raise _bad(path, f'it names {num_classes} classes, and the network '
                   f'returns {found} logits a pixel')


def _bad(path: str, what: str) -> ValueError:
    return ValueError(
        f'{path}: its metadata are not as {command_for("export")} writes '
        'them: '
        f'{what}. Export the config and its checkpoint anew')


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _is_whole(value: Any, low: int = 1, high: int = MAX_SIDE) -> bool:
    return type(value) is int and low <= value <= high


def _is_pair(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2
            and all(map(_is_whole, value)))


def _is_colour(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(
        _is_whole(part, 0, 255) for part in value)


def _are_classes(value: Any) -> bool:
    return (isinstance(value, list) and 1 <= len(value) <= MAX_CLASSES
            and all(isinstance(name, str) and 0 < len(name) <= 200
                    and not name_fault(name) for name in value)
            and len(set(value)) == len(value))


def _is_resize(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and set(value) - {'align_corners'} == {'scale', 'keep_ratio'}
        and _is_pair(value['scale']) and isinstance(value['keep_ratio'], bool)
        and isinstance(value.get('align_corners', False), bool))


def _is_tiling(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2 and _is_pair(value[0])
            and isinstance(value[1], list) and len(value[1]) == 2
            and all(_is_whole(side, 0) for side in value[1]))


def _are_windows(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict) and set(value) == {'size', 'stride'}
        and all(map(_is_pair, value.values())))


_TEXT = (lambda value: isinstance(value, str), 'a text')
# Key -> (whether a value fits, what is expected).
RULES = dict(
    classes=(_are_classes, f'a list of up to {MAX_CLASSES} different names'),
    palette=(lambda value: isinstance(value, list) and all(
        map(_is_colour, value)), 'a list of colours, 0 to 255'),
    bit_depth=(lambda value: value is None or _is_whole(value, 8, 16),
               'none, or 8 to 16'),
    crop_bottom=(lambda value: _is_whole(value, 0), 'a number of rows'),
    resize=(_is_resize, 'none, or scale, keep_ratio and align_corners'),
    tiling=(_is_tiling, 'the sides of a tile and of the overlap'),
    windows=(_are_windows, 'none, or size and stride'),
    size_divisor=(_is_whole, 'a number of pixels'),
    config=_TEXT,
    checkpoint=_TEXT,
    checkpoint_sha256=_TEXT)

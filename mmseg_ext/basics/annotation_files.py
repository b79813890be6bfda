"""JSON files of annotation programs: whose they are, and what to do then."""
import json
import os
from collections.abc import Mapping

from .files import read_bytes
from .stand_ins import describe_stand_in
from .text_files import read_text

MOST_DIGITS = 100
LABELME, COCO = 'labelme', 'COCO'
# What convert_masks.py reads none of: program -> how to get what it reads.
_EXPORT = dict(
    VIA='VGG Image Annotator: Annotation, Export Annotations (COCO format)',
    LabelStudio='Label Studio: Export, COCO, or "Brush labels to PNG"',
    Supervisely='Supervisely: download as "export to COCO" or as masks',
    Roboflow='Roboflow: export the dataset as COCO Segmentation; what a '
    'model has predicted is no ground truth',
    Geo='QuPath and other programs write GeoJSON: export the labelled image '
    'as PNG or TIFF instead',
    SA='Segment Anything: one COCO file of all images, with the category of '
    'every mask',
    V7='V7 Darwin: export as COCO or as semantic masks',
    Datumaro='Datumaro and CVAT: export as COCO 1.0 or as "Segmentation mask"',
    CVAT='CVAT: Export task dataset, COCO 1.0 or "Segmentation mask"',
    Labelbox='Labelbox: convert the export to COCO, or download the masks',
    Hasty='Hasty: export as COCO or as semantic masks',
    Dataloop='Dataloop: export as COCO, or download the masks',
    SuperAnnotate='SuperAnnotate: export as COCO, or the fused masks')
# Keys that no other program's files have together.
_MARKS = (('CVAT', {'shapes', 'tags', 'tracks'}),
          ('Labelbox', {'Labeled Data', 'Label'}),
          ('Labelbox', {'data_row', 'projects'}),
          ('Hasty', {'project_name', 'label_classes'}),
          ('Dataloop', {'itemMetadata', 'annotations'}),
          ('SuperAnnotate', {'metadata', 'instances'}))
_NAMES = dict(LabelStudio='Label Studio', Geo='GeoJSON',
              SA='the Segment Anything dataset', V7='V7 Darwin')


def read_annotations(path: str | os.PathLike) -> tuple[str, dict]:
    """Read a JSON file of labelme (and its like) or in COCO's format.

    Args:
        path: The file.

    Returns:
        :data:`LABELME` or :data:`COCO`, and what is in the file.

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is of another program, which is named with what to
            export there, or no such file at all.
    """
    try:
        content = json.loads(read_text(path), parse_int=_read_integer)
    except json.JSONDecodeError as error:
        known = describe_stand_in(read_bytes(path))
        raise ValueError(f'{path} is no JSON file of labelme or COCO: '
                         + (f'{known}.' if known else
                            f'{error}. Save or export it again.')) from error
    except LongNumber as error:
        raise ValueError(f'{path} holds a number of {error} digits, which is '
                         'none of an image. Save or export it again.'
                         ) from error
    except RecursionError as error:
        raise ValueError(f'{path} is no JSON file of labelme or COCO: it is '
                         'nested too deeply.') from error
    kind = _kind(content)
    if kind in (LABELME, COCO):
        return kind, content
    if kind:
        raise ValueError(
            f'{path} is a JSON file of {_NAMES.get(kind, kind)}, which is '
            f'not read. Export COCO or masks instead. {_EXPORT[kind]}.')
    holds = f'holds {", ".join(map(repr, list(content)[:4]))}' if isinstance(
        content, dict) and content else 'holds something else'
    raise ValueError(
        f'{path} is no JSON file of labelme (it would have "shapes") or COCO '
        f'("images", "annotations", "categories"): it {holds}. Save it in '
        'labelme, or export COCO or masks as PNG.')


class LongNumber(Exception):
    """A number of so many digits."""


def _read_integer(digits: str) -> int:
    """Read an integer; Python refuses those of 4300 digits and more."""
    if len(digits) > MOST_DIGITS:
        raise LongNumber(len(digits))
    return int(digits)


def _kind(content) -> str:
    """Return whose a file is; '' if it is unknown."""
    if isinstance(content, list):
        first = content[0] if content else None
        if not isinstance(first, dict):
            return ''
        tasks = ({'annotations', 'data'}, {'completions', 'data'},
                 {'image', 'tag'}, {'image', 'label'}, {'id', 'annotator'})
        if any(keys <= set(first) for keys in tasks):
            return 'LabelStudio'
        return _of_services(set(first))
    if not isinstance(content, dict):
        return ''
    keys = set(content)
    if _of_services(keys):
        return _of_services(keys)
    if isinstance(content.get('shapes'), list):
        return LABELME
    if '_via_img_metadata' in keys or _all_have(content, 'regions'):
        return 'VIA'
    if {'data', 'annotations'} <= keys or 'result' in keys:
        return 'LabelStudio'
    if {'objects', 'size'} <= keys:
        return 'Supervisely'
    if 'predictions' in keys:
        return 'Roboflow'
    if content.get('type') in ('FeatureCollection', 'Feature'):
        return 'Geo'
    if 'item' in keys and 'annotations' in keys:
        return 'V7'
    if {'image', 'annotations'} <= keys and 'images' not in keys:
        return 'SA'
    if {'items', 'categories'} <= keys:
        return 'Datumaro'
    if isinstance(content.get('images'), list) and 'annotations' in keys:
        return COCO
    return ''


def _of_services(keys: set[str]) -> str:
    """Return whose the object of a file is, by its keys; '' if unknown."""
    return next((name for name, marks in _MARKS if marks <= keys), '')


def _all_have(content: Mapping, key: str) -> bool:
    return bool(content) and all(
        isinstance(value, dict) and key in value
        for value in content.values())

"""Arguments of all data sets of a config, and what follows from them."""
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from mmengine.config import Config

from mmseg_ext.basics.class_counts import class_counts
from mmseg_ext.basics.sections import data_sets, sections

METAINFO = ('classes', 'palette')  # what mmseg's data sets read


def set_in_datasets(cfg: Config, options: Mapping) -> None:
    """Set arguments of every data set that has a folder.

    Other classes, ``metainfo.classes`` or ``metainfo``, also set every
    head's ``num_classes``.

    Args:
        cfg: Config, changed in place.
        options: Name -> value; a dot leads into a dict.

    Raises:
        ValueError: If there is no such data set, or the classes are no
            names.
    """
    found = data_sets(cfg)
    if not found:
        raise ValueError('This config has no data set with a data_root: '
                         f'{", ".join(options)} cannot be set')
    for name, value in options.items():
        if name.startswith('metainfo'):
            _check_metainfo(name, value, found)
        for section in found:
            _set(section, name.split('.'), value)
    if any(name in ('metainfo', 'metainfo.classes') for name in options):
        for section in found:
            _name_classes(section)
        classes = (found[0].get('metainfo') or {}).get('classes')
        if classes:
            _count_classes(cfg.model, len(classes))


def _check_metainfo(name: str, value, found: Sequence[dict]) -> None:
    """Refuse what mmseg would pass over, such as a slip of the pen."""
    named = {name.split('.')[1]} if '.' in name else (
        set(value) if isinstance(value, Mapping) else set())
    known = {*METAINFO}.union(
        *(section.get('metainfo') or {} for section in found))
    for key in sorted(map(str, named - known)):
        near = get_close_matches(key, METAINFO, n=1)
        raise ValueError(
            f'metainfo has no {key!r}. ' + (
                f'Did you mean {near[0]}?' if near else
                f'It has {" and ".join(METAINFO)}.'))


def check_class_weights(cfg: Config) -> None:
    """Refuse weights of classes that are not as many as a head's classes.

    Raises:
        ValueError: If there are some.
    """
    for place, count in class_counts(cfg.get('model') or {}):
        head = _head(cfg.model, place)
        for loss in sections(head):
            weights = loss.get('class_weight')
            # one more for 'no object' where a network predicts masks
            if (isinstance(weights, (list, tuple))
                    and len(weights) not in (count, count + 1)):
                raise ValueError(
                    f'{_name(head, loss, f"model.{place}")}.class_weight has '
                    f'{len(weights)} weights, and there are {count} classes. '
                    'Give one of each, or none: --cfg-options '
                    f'{_name(head, loss, f"model.{place}")}'
                    '.class_weight=None')


def _set(section: dict, keys: Sequence[str], value) -> None:
    first, *rest = keys
    if not rest:
        section[first] = value
        return
    if not isinstance(section.get(first), dict):
        section[first] = {}
    _set(section[first], rest, value)


def _name_classes(section: dict) -> None:
    """Make names of a data set's classes, and leave no other's colours."""
    metainfo = section.get('metainfo') or {}
    if not isinstance(metainfo, Mapping):
        raise ValueError(f'metainfo is {metainfo!r}: must be a dict, such as '
                         '"metainfo=dict(classes=(\'matrix\', \'carbide\'))"')
    if 'classes' not in metainfo:
        return
    classes = metainfo['classes']
    if isinstance(classes, str) or not isinstance(classes, (list, tuple)):
        classes = [classes]  # of one class the command line makes no list
    known = tuple(str(name) for name in classes if name is not None)
    if (not known or len(set(known)) < len(classes)
            or not all(map(str.strip, known))):
        raise ValueError(f'metainfo.classes is {list(classes)}: must be one '
                         'name of each class, such as metainfo.classes='
                         '[matrix,carbide]')
    metainfo['classes'] = known
    palette = metainfo.get('palette')
    if palette is not None and len(palette) != len(classes):
        del metainfo['palette']


def _count_classes(model: dict, count: int) -> None:
    for place, old in list(class_counts(model)):
        head = _head(model, place)
        head['num_classes'] = count
        if head.get('out_channels') == old and count > 1:
            head['out_channels'] = count


def _head(model: dict, place: str) -> dict:
    name, *number = place.split('.')
    return model[name][int(number[0])] if number else model[name]


def _name(node, wanted: dict, place: str) -> str:
    """Return the place of a section within another, as options name it."""
    if node is wanted:
        return place
    pairs = (node.items() if isinstance(node, dict) else
             enumerate(node) if isinstance(node, (list, tuple)) else ())
    for key, child in pairs:
        found = _name(child, wanted, f'{place}.{key}')
        if found:
            return found
    return ''

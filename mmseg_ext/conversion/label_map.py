"""What the labels of annotation programs mean."""
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from .class_rules import IGNORE, IGNORE_INDEX, UNPAINTED, ClassRules
from .drawings import read_drawing

LABEL = 'label:'
BACKGROUND = 'background'


class LabelMap(ClassRules):
    """Which class each label in JSON files stands for.

    Args:
        rules: 'CLASS=LABEL', in the order of the class ids. Every label is
            taken as it stands, numbers, 'grey' and '' too; but 'unpainted'
            is what no shape covers, and a label of that name is
            'label:unpainted'. A class may have several; the class 'ignore'
            has no id, but the value 255.
        classes: All classes in the order of their ids, if it is not that of
            the rules.

    Raises:
        ValueError: If the rules contradict each other.
    """
    empty_keys = signs_in_keys = True

    def __init__(self,
                 rules: Iterable[str],
                 classes: Sequence[str] = ()) -> None:
        super().__init__(
            [unicodedata.normalize('NFC', rule) for rule in rules],
            [unicodedata.normalize('NFC', name) for name in classes])
        self.labels = {key.removeprefix(LABEL): class_id
                       for key, class_id in self.keys.items()
                       if key != UNPAINTED}
        for key, class_id in self.keys.items():
            if key != UNPAINTED and (
                    self.labels[key.removeprefix(LABEL)] != class_id):
                raise ValueError(f'{key!r} is mapped to two classes')

    def draw(self, path: str, size: tuple[int, int],
             image: str = '') -> np.ndarray:
        """Draw the shapes of an image, the later over the earlier.

        Args:
            path: JSON file, see :func:`~.drawings.read_drawing`.
            size: (height, width) of the image in pixels.
            image: Its path.

        Returns:
            (H, W) uint8 class ids.

        Raises:
            ValueError: If the file belongs to another image, a shape has no
                area or a label that is not mapped, or pixels lie in no
                shape and 'unpainted' is not mapped.
        """
        drawing = read_drawing(path, image)
        found = drawing.size
        if any(said not in (None, real) for said, real in zip(found, size)):
            said = ' x '.join(str(one or 'any') for one in found[::-1])
            raise ValueError(
                f'{path} belongs to an image of {said} (width x height) '
                f'pixels; this one has {size[1]} x {size[0]}. Label the '
                'image that is there.')
        ids = np.full(size, self.keys.get(UNPAINTED, IGNORE_INDEX), np.uint8)
        covered = np.zeros(size, bool)
        for shape in drawing.shapes:
            if shape.label not in self.labels:
                raise ValueError(
                    f'{path}: {shape.name} is labelled {shape.label!r}, '
                    'which is not mapped. Map it, such as '
                    f'{self.classes[0]}={label_key(shape.label)}, or rename '
                    'it in the annotation program.')
            try:
                inside = shape.fill(size)
            except ValueError as error:
                raise ValueError(f'{path}: {shape.name} is {error}') from error
            ids[inside] = self.labels[shape.label]
            covered |= inside
        if UNPAINTED not in self.keys and not covered.all():
            raise ValueError(
                f'{path}: {100 * (~covered).mean():.3g} % of the pixels lie '
                'in no shape. Say what they are: CLASS=unpainted, or '
                'ignore=unpainted if they have no label.')
        return ids


def label_key(label: str) -> str:
    """Return how a label is written in a rule."""
    reserved = label == UNPAINTED or label.startswith(LABEL)
    return LABEL + label if reserved else label


def propose_label_rules(labels: Iterable[str],
                        classes: Sequence[str] = ()) -> list[str]:
    """Propose rules for :class:`LabelMap`.

    What no shape covers is the background, and what is labelled 'ignore' has
    no label.

    Args:
        labels: Those of all shapes.
        classes: Names, in the order of the ids; the labels themselves if
            there are none.

    Raises:
        ValueError: If there are not as many classes.
    """
    labels = sorted(set(labels))
    keys = [UNPAINTED, *(label_key(label) for label in labels
                         if label != IGNORE)]
    names = list(classes) or [BACKGROUND, *_names(
        label for label in labels if label != IGNORE)]
    if len(names) != len(keys):
        raise ValueError(
            f'{len(keys)} labels (one of them what no shape covers) are for '
            f'{len(names)} classes ({", ".join(names)}). Say what each means '
            'with --map CLASS=LABEL; a class may have several.')
    return [f'{name}={key}' for name, key in zip(names, keys)] + (
        [f'{IGNORE}={IGNORE}'] if IGNORE in labels else [])


def _names(labels: Iterable[str]) -> list[str]:
    """Make names of labels that a command line takes as they are meant."""
    names, taken = [], {IGNORE, BACKGROUND}
    for label in labels:
        # a '=' ends a name, a '-' begins an option
        name = ' '.join(label.replace('=', '_').split()).lstrip('-')
        name = name or ('unnamed' if not label.strip() else 'class')
        if label != BACKGROUND:  # which is what no shape covers, too
            stem, number = name, 1
            while name in taken:
                number += 1
                name = f'{stem}_{number}'
        taken.add(name)
        names.append(name)
    return names

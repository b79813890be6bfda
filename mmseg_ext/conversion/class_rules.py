"""Rules of the form CLASS=WHAT, whatever they are about."""
from collections.abc import Iterable, Sequence

IGNORE_INDEX = 255  # pixels without a label, in the masks that are written
IGNORE = 'ignore'  # the same as the name of a class
UNPAINTED = 'unpainted'
JSON = '.json'


class ClassRules:
    """Which class each key stands for.

    Args:
        rules: 'CLASS=KEY', in the order of the class ids. A class may have
            several; the class 'ignore' has no id, but the value 255.
        classes: All classes in the order of their ids, if it is not that of
            the rules.

    Attributes:
        classes: Names, in the order of their ids.
        keys: Key -> class id.

    Raises:
        ValueError: If the rules contradict each other.
    """
    empty_keys = False  # whether a key may be ''
    signs_in_keys = False  # whether a key may have a '='

    def __init__(self,
                 rules: Iterable[str],
                 classes: Sequence[str] = ()) -> None:
        pairs = [self._split(rule, classes) for rule in rules]
        named = dict.fromkeys(name for name, _ in pairs if name != IGNORE)
        self.classes = tuple(classes or named)
        self._check(named)
        self.keys = {}
        for name, key in pairs:
            class_id = self.id_of(name)
            if self.keys.setdefault(key, class_id) != class_id:
                raise ValueError(f'{key!r} is mapped to two classes')

    def id_of(self, name: str) -> int:
        """Return the id of a class or of 'ignore'.

        Raises:
            ValueError: If there is no such class.
        """
        if name == IGNORE:
            return IGNORE_INDEX
        if name not in self.classes:
            raise ValueError(f'{name!r} is no class; the classes are '
                             f'{", ".join(self.classes)}')
        return self.classes.index(name)

    def _split(self, rule: str, classes: Sequence[str]) -> tuple[str, str]:
        # names may have a '=', too
        name, sign, key = (rule.partition('=') if self.signs_in_keys else
                           rule.rpartition('='))
        for other in sorted(classes, key=len):
            if rule.startswith(f'{other}='):
                name, key = other, rule[len(other) + 1:]
        if not (name and sign and (key or self.empty_keys)):
            raise ValueError(f'{rule!r}: write CLASS=WHAT, such as crack=255 '
                             'or crack=255,0,0')
        return name, key

    def _check(self, named: Iterable[str]) -> None:
        if not self.classes:
            raise ValueError('no class is named')
        if IGNORE in self.classes:
            raise ValueError("'ignore' is no class: it means no label")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f'a class is named twice in {self.classes}')
        if len(self.classes) > IGNORE_INDEX:
            raise ValueError(f'{len(self.classes)} classes; class ids are 0 '
                             f'to {IGNORE_INDEX - 1}')
        unknown = [name for name in named if name not in self.classes]
        if unknown:
            raise ValueError(f'{unknown[0]!r} is mapped, but the classes are '
                             f'{", ".join(self.classes)}')

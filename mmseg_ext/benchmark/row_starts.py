"""What a row's run starts from: another row's run, and what is done to it."""
from dataclasses import dataclass, field

from mmseg_ext.adaptation import AdaptationSettings
from mmseg_ext.compression.pruning import PruningSettings

from .suite_values import check_section, check_text

IMAGES = 'images/target'  # as seen from the data folder


@dataclass(frozen=True)
class Pruned:
    """What another row's run of the same seed loses before it trains on.

    Attributes:
        row: It comes first.
        settings: Of :class:`mmseg_ext.compression.pruning.PruningSettings`,
            those that a suite may name; empty: it trains on as it is.
    """
    what = 'starts from'
    row: str
    settings: dict


@dataclass(frozen=True)
class Adapted:
    """How another row's run is adapted to other images, without training.

    Attributes:
        row: It comes first.
        images: Their folder, as seen from the data folder.
        settings: Of :class:`mmseg_ext.adaptation.AdaptationSettings`, but
            for the seed, which is the run's.
    """
    what = 'adapts'
    row: str
    images: str = IMAGES
    settings: dict = field(default_factory=dict)


@dataclass(frozen=True)
class PseudoLabelled:
    """Which images another row's run labels, before it trains on with them.

    Attributes:
        row: It comes first; one that is pseudo-labelled itself was the round
            before.
        images: Their folder, as seen from the data folder.
        settings: ``threshold`` and ``per_class`` of
            :class:`mmseg_ext.labeling.PseudoLabelJob`.
    """
    what = 'has pseudo-labels of'
    row: str
    images: str = IMAGES
    settings: dict = field(default_factory=dict)


def read_starts(where: str, values: dict) -> dict:
    """Return the options among a row's that say what it starts from.

    Args:
        where: The row, for errors.
        values: What it says.

    Raises:
        ValueError: If an option is none that it can be, or there is more
            than one.
    """
    found = {name: read(f'{where}.{name}', values[name])
             for name, read in READERS.items()
             if values.get(name) is not None}
    if len(found) > 1:
        raise ValueError(f'{where} has {" and ".join(found)}: must be one of '
                         'these')
    if 'adapted' in found and values.get('teacher') is not None:
        raise ValueError(f'{where} has adapted and teacher: what is adapted '
                         'is not trained')
    return found


def _read_pruned(where: str, section) -> Pruned:
    check_section(where, section, ('row', 'ratio'),
                  ('importance', 'round_to', 'after_norm'))
    row, ratio = (section[key] for key in ('row', 'ratio'))
    settings = {key: value for key, value in section.items() if key != 'row'}
    if ratio == 0 and len(settings) == 1:
        return Pruned(check_text(f'{where}.row', row), {})
    try:
        PruningSettings(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{where}: {error}') from error
    return Pruned(check_text(f'{where}.row', row), settings)


def _read_adapted(where: str, section) -> Adapted:
    row, images, settings = _of_images(where, section, (
        'method', 'alpha', 'crops'))
    try:
        AdaptationSettings(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{where}: {error}') from error
    return Adapted(row, images, settings)


def _read_pseudo_labelled(where: str, section) -> PseudoLabelled:
    row, images, settings = _of_images(where, section, (
        'threshold', 'per_class'))
    for key, value in settings.items():
        if not isinstance(value, float) or not 0 <= value <= 1:
            raise ValueError(f'{where}.{key} is {value!r}: must be a '
                             'fraction, from 0 to 1')
    return PseudoLabelled(row, images, settings)


def _of_images(where: str, section, names: tuple[str, ...]
               ) -> tuple[str, str, dict]:
    check_section(where, section, ('row', ), ('images', *names))
    return (check_text(f'{where}.row', section['row']),
            check_text(f'{where}.images', section.get('images', IMAGES)),
            {name: section[name] for name in names if name in section})


READERS = dict(pruned=_read_pruned, adapted=_read_adapted,
               pseudo_labels=_read_pseudo_labelled)

"""Numbers of each group of images: read the group, average, print."""
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Optional

import numpy as np
from prettytable import PrettyTable

Scores = dict[str, float]  # name of a measure -> percent, nan if undefined
POOLED = 'pooled'


def mean_name(group_key: str) -> str:
    """Name under which the mean over groups is returned."""
    return f'{group_key}_mean'


def group_of(data_sample: Mapping, group_key: str,
             reserved: Collection[str]) -> str:
    """Return the group of one sample.

    Args:
        data_sample: A SegDataSample as metrics get it.
        group_key: The key that holds the group's name.
        reserved: Names of the metric's own results, which no group may
            have.

    Raises:
        ValueError: If the key is missing, or its value is no name or a
            reserved one.
    """
    source = data_sample.get('img_path')
    if group_key not in data_sample:
        raise ValueError(
            f'The sample of {source} has no {group_key!r}: add it to '
            'meta_keys of PackSegInputs in the test pipeline, and let the '
            'data set put it into each sample.')
    group = data_sample[group_key]
    if not isinstance(group, (str, int)) or group == '':
        raise ValueError(f'{group_key}={group!r} of {source}: a group is '
                         'named by a non-empty string or an integer.')
    group = str(group)
    if group in {*reserved, mean_name(group_key), POOLED}:
        raise ValueError(
            f'{group_key}={group!r} of {source}: a group cannot have the '
            "name of one of the metric's own results; rename it in the data "
            'set.')
    return group


def nan_mean(values: np.ndarray) -> float:
    """Mean of what is not nan; nan, without a warning, of nothing."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float('nan')


def mean_over_groups(groups: Mapping[str, Scores]) -> dict:
    """Average each measure over the groups where it is defined.

    Args:
        groups: Group -> its scores; every group has the same names.

    Returns:
        Name -> (unweighted mean, number of groups that count); the mean is
        nan if no group counts.
    """
    means = {}
    for name in next(iter(groups.values())):
        values = np.array([scores[name] for scores in groups.values()])
        means[name] = (nan_mean(values), int((~np.isnan(values)).sum()))
    return means


def flatten_groups(groups: Mapping[str, Scores], group_key: str) -> Scores:
    """Name the groups' scores and their means as a metric returns them.

    Returns:
        ``<group>.<name>`` and ``<group_key>_mean.<name>`` -> percent.

    Raises:
        ValueError: If two of them have the same name.
    """
    means = {
        name: mean
        for name, (mean, _) in mean_over_groups(groups).items()
    }
    flat: Scores = {}
    for group, scores in {**groups, mean_name(group_key): means}.items():
        for name, value in scores.items():
            key = f'{group}.{name}'
            if key in flat:
                raise ValueError(f'Two results would be named {key!r}: '
                                 'rename the group or the class.')
            flat[key] = float(value)
    return flat


def _cell(value: float) -> str:
    return '-' if np.isnan(value) else f'{value:.2f}'


def group_table(title: str, group_key: Optional[str], members: Sequence[str],
                groups: Mapping[str, Scores], pooled: Scores) -> str:
    """Draw the groups in sorted order, their mean, and the pooled numbers.

    A mean in which not all groups count says how many do.

    Args:
        title: Line above the table.
        group_key: What the groups are; None if there are none.
        members: Each image's group.
        groups: Group -> its scores; may be empty.
        pooled: Scores of the whole set; its names are the columns.
    """
    images = Counter(members)
    table = PrettyTable(['group', 'images', *pooled])
    table.align = 'r'
    table.align['group'] = 'l'
    for group in sorted(groups):
        cells = [_cell(groups[group][name]) for name in pooled]
        table.add_row([group, images[group], *cells])
    if groups:
        means = mean_over_groups(groups)
        cells = []
        for name in pooled:
            mean, counted = means[name]
            of = f' ({counted} of {len(groups)})'
            cells.append(_cell(mean) + (of if counted < len(groups) else ''))
        table.add_row([mean_name(group_key), '', *cells], divider=True)
    table.add_row([POOLED, len(members), *map(_cell, pooled.values())])
    return table.get_string(title=title)

"""Whether the tables of predictions fit each other."""
from collections.abc import Sequence
from typing import Optional

from mmseg_ext.basics.csv_files import GrowingTable

# Not there where the size of a pixel is not known.
LACKING = ('um_per_pixel', 'area_um2', 'diameter_um')
ADVICE = ('Was it changed by hand, or by two commands at once? Put it back, '
          'or predict all anew with --overwrite.')


def check_tables(images: GrowingTable, phases: GrowingTable,
                 features: Optional[GrowingTable],
                 classes: Sequence[str]) -> None:
    """Refuse tables in which lines are doubled, missing or no numbers.

    Lines of images that are not among ``images`` are what an interruption
    leaves, and are let pass; so are images without any line.

    Args:
        images: A line an image.
        phases: A line for each class of each image, in their order.
        features: Those of an image numbered from 1; None: there are none.
        classes: Names of the classes.

    Raises:
        ValueError: Which file does not fit, and where.
    """
    names = set()
    for row in images.rows():
        if row['image'] in names:
            raise _misfit(images, f'{row["image"]} stands there twice')
        names.add(row['image'])
        _check_numbers(images, row, ('height', 'width', 'band_rows'), int)
        _check_numbers(images, row, ('um_per_pixel', ))
    found: dict[str, list[str]] = {}
    for row in phases.rows():
        if row['image'] in names:
            _check_numbers(phases, row, phases.columns[2:])
            found.setdefault(row['image'], []).append(row['phase'])
    for name, given in found.items():
        if given != list(classes):
            raise _misfit(
                phases, f'{name} has the {len(given)} lines '
                f'{", ".join(given)}; one line for each of '
                f'{", ".join(classes)} is expected')
    if features is None:
        return
    counts = dict.fromkeys(names, 0)
    for row in features.rows():
        name = row['image']
        if name not in names:
            continue
        counts[name] += 1
        if row['feature'] != str(counts[name]):
            raise _misfit(
                features, f'{name} has the feature {row["feature"]} where '
                f'{counts[name]} is expected')
        if row['phase'] not in classes:
            raise _misfit(features, f'{name} has a feature of '
                          f'{row["phase"]}, which is no phase')
        _check_numbers(features, row, features.columns[3:])


def _check_numbers(table: GrowingTable, row: dict[str, str],
                   columns: Sequence[str], kind: type = float) -> None:
    for column in columns:
        if column in LACKING and not row[column]:
            continue
        try:
            kind(row[column])
        except ValueError:
            raise _misfit(
                table, f'{row["image"]} has {row[column]!r} for {column}, '
                'which is no number') from None


def _misfit(table: GrowingTable, what: str) -> ValueError:
    return ValueError(f'{table.path}: {what}. {ADVICE}')

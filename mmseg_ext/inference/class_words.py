"""What a page calls things: phases of a material, or defects of a product."""
from collections.abc import Sequence

from mmseg_ext.basics.phase_fractions import describe_limits

from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary
from .pictures import background_of

# Parts of the name of the second class of two, beside a background.
DEFECTS = ('defect', 'anomal', 'flaw', 'crack', 'scratch', 'damage', 'fault')


class PhaseWords:
    """Of a material: every class is a phase."""
    title = 'Phase fractions of'
    heading = 'Phase fractions'
    column = 'Phase'

    def shown(self, classes: Sequence[object]) -> range:
        """Return the ids of the classes that numbers are told of."""
        return range(len(classes))

    def limits(self, rows: Sequence[PhaseSummary | PhaseUncertainty]
               ) -> list[str]:
        """Say in words what the numbers of some classes do not tell."""
        return describe_limits(rows[0].n if rows else 0, {
            row.phase: row.relative_accuracy_percent for row in rows})

    def count(self, classes: Sequence[str],
              percents: Sequence[Sequence[float]]) -> str:
        """Say what was found, beside the number of images.

        Args:
            classes: Names of the classes.
            percents: Of each image, fraction of each class, 0 to 100.
        """
        return f'{len(classes)} phases'

    def describe(self, names: Sequence[str],
                 percents: Sequence[Sequence[float]]) -> list[str]:
        """Return sentences to begin with.

        Args:
            names: Of the images.
            percents: As of :meth:`count`.
        """
        return []


class DefectWords(PhaseWords):
    """Of a product: what is not background is a defect."""
    title = 'Defects in'
    heading = 'Area fraction of defects'
    column = 'Class'

    def shown(self, classes: Sequence[object]) -> range:
        """Return the id of the defects."""
        return range(1, 2)

    def limits(self, rows: Sequence[PhaseSummary | PhaseUncertainty]
               ) -> list[str]:
        """Say nothing: products are no fields of a material."""
        return []

    def count(self, classes: Sequence[str],
              percents: Sequence[Sequence[float]]) -> str:
        """Say how many images have a defect."""
        return f'{_defective(percents)} defective'

    def describe(self, names: Sequence[str],
                 percents: Sequence[Sequence[float]]) -> list[str]:
        """Say how many images have a defect, and which most of it."""
        found, number = _defective(percents), len(names)
        lines = [f'Defective images: {found} of {number} '
                 f'({100 * found / number:.1f} %). An image counts as '
                 'defective from one pixel on.']
        if found:
            area, name = max((percent[1], name)
                             for percent, name in zip(percents, names))
            lines.append(f'Most of it: {area:.2f} % of {name}.')
        return lines


def words_of(classes: Sequence[str]) -> PhaseWords:
    """Return the words for a model of such classes."""
    if len(classes) == 2 and background_of(classes) == classes[0] and any(
            word in classes[1].casefold() for word in DEFECTS):
        return DefectWords()
    return PhaseWords()


def _defective(percents: Sequence[Sequence[float]]) -> int:
    return sum(percent[1] > 0 for percent in percents)

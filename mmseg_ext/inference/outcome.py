"""How a run of predictions went, in words."""
from dataclasses import dataclass, field
from pathlib import Path

from mmseg_ext.basics import printable
from mmseg_ext.basics.fonts import missing_letters
from mmseg_ext.basics.printable import counted, name_some

from .fraction_table import describe_fractions
from .phase_uncertainty import PhaseUncertainty
from .phases import PhaseSummary
from .pictures import describe_base
from .run_record import RunRecord
from .scales import describe_scales


@dataclass
class Outcome:
    """How a run went.

    Attributes:
        record: What it was made with, and which images failed.
        before: Number of images that had been predicted before.
        others: Files among the inputs that are no images.
        phases: Of all images; none if none could be read.
        grains: What is to be said of the size of grains.
        fractions: Name of an image -> fraction of each class, 0 to 1.
        uncertainties: Of the phases; none without a validation.
        outliers: What is to be said of images unlike those of the training.
    """
    record: RunRecord
    before: int
    others: tuple[Path, ...] = ()
    phases: list[PhaseSummary] = field(default_factory=list)
    grains: str = ''
    fractions: dict[str, list[float]] = field(default_factory=dict)
    uncertainties: list[PhaseUncertainty] = field(default_factory=list)
    outliers: str = ''

    def describe(self) -> str:
        """Return the phases as a table, and what went wrong."""
        lines = describe_fractions(
            self.fractions, self.phases, self.uncertainties,
            self.record.validation.get('remarks') or [])
        lines += [text for text in (
            describe_base(self.record.classes, self.record.base_phase,
                          [phase.mean_percent for phase in self.phases]),
            missing_letters(self.record.classes)) if text]
        lines += describe_scales(self.record.scales)
        lines += [self.grains] * bool(self.grains)
        if self.others:
            others = [printable(path.name) for path in self.others]
            lines += [
                counted(len(others), 'file is no image and was',
                        'files are no images and were')
                + f' left out: {name_some(others)}']
        if self.record.bands:
            bands = [printable(name) for name in self.record.bands]
            lines += [
                counted(len(bands), 'image seems', 'images seem')
                + ' to end in an information band, which was taken for '
                f'material ({name_some(bands)}). To cut it off: '
                '--crop-bottom auto']
        lines += [self.outliers] * bool(self.outliers)
        if self.record.failures:
            lines += [counted(len(self.record.failures), 'image has',
                              'images have') + ' no prediction:']
            lines += [f'  {name}: {reason}'
                      for name, reason in self.record.failures.items()]
        return '\n'.join(lines)

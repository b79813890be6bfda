"""What adapting a model has changed, in words."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from mmseg_ext.basics.intensity_statistics import IntensityStatistics
from mmseg_ext.basics.printable import counted

from .norms import NormChange
from .settings import BATCH_NORM, AdaptationSettings

HOW = dict(intensity='brightness and contrast are moved into its range',
           histogram='all get its histogram')


@dataclass(frozen=True)
class AdaptationReport:
    """What tools/adapt.py prints.

    Attributes:
        settings: What was asked.
        known: Intensities of the training images; None: not known.
        before: Those of the images.
        after: Those that the map makes of them.
        norms: What 'batch-norm' has changed; None: by other methods.
        notes: Sentences on what may be wrong.
        config, checkpoint: Files that were written.
    """
    settings: AdaptationSettings
    known: Optional[IntensityStatistics]
    before: IntensityStatistics
    after: IntensityStatistics
    norms: Optional[NormChange]
    config: Path
    checkpoint: Path
    notes: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """Return it in lines to print."""
        number = self.before.images
        lines = [f'{counted(number, "image")}: {self.before.describe()}']
        if self.known is not None:
            lines.append(
                f'{self.known.images} of {self.known.total} training images: '
                f'{self.known.describe()}')
        if self.settings.method == BATCH_NORM:
            norms = self.norms
            lines.append(
                f'Statistics of {norms.count} batch norms taken anew from '
                f'{self.settings.crops} crops ({norms.pixels / 1e6:.1f} '
                f'million pixels), alpha {self.settings.alpha:g}: means moved '
                f'by {norms.moved:.2f} old standard deviations on average')
        else:
            lines.append(
                f'Each image is matched to training by {self.settings.method}'
                f' ({HOW[self.settings.method]}): mean '
                f'{self.before.mean:.0f} -> {self.after.mean:.0f}, deviation '
                f'{self.before.std:.0f} -> {self.after.std:.0f} on average')
        return '\n'.join([*lines, *(f'Note: {note}' for note in self.notes)])

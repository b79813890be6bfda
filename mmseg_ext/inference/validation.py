"""What a cross-validation says of the error of phase fractions."""
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmseg_ext.basics.files import sha256
from mmseg_ext.basics.out_of_fold import (
    CONFUSIONS,
    OutOfFold,
    read_out_of_fold,
)
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.uncertainty import (
    Combined,
    Term,
    combine,
    mean_term,
    reallocate,
    reallocation_terms,
)
from mmseg_ext.basics.units import mean_units, sum_units

from .phase_uncertainty import PhaseUncertainty
from .predictor import LogitModel

CORRECTIONS = ('none', 'bias', 'confusion')


@dataclass(frozen=True)
class Validation:
    """Out-of-fold errors, for the uncertainty of fractions of new images.

    Attributes:
        folder: Of ``tools/cross_validate.py``.
        found: What is in it.
        correction: 'none': fractions stay as predicted; 'bias': the mean
            error is taken off; 'confusion': see
            :func:`~mmseg_ext.basics.uncertainty.reallocate`.
    """
    folder: Path
    found: OutOfFold
    correction: str = 'none'

    @classmethod
    def read(cls, folder: Path, classes: Sequence[str],
             correction: str = 'none') -> 'Validation':
        """Read a cross-validation for a model of such classes.

        Raises:
            FileNotFoundError: If the folder holds none, or none of which a
                fold is finished.
            ValueError: If a fold is not finished, there are fewer than two
                images or groups, or the classes are others.
        """
        if correction not in CORRECTIONS:
            raise ValueError(f'correction={correction!r}: must be one of '
                             f'{", ".join(CORRECTIONS)}')
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder} is no folder: --validation wants one that '
                'cross_validate has filled, such as work_dirs/folds_NAME')
        found = read_out_of_fold(folder)
        if found.unfinished:
            missing = ', '.join(str(fold + 1) for fold in found.unfinished)
            raise ValueError(
                f'{folder} is not finished: fold {missing} has no results. '
                'The same cross_validate command goes on there')
        if found.classes != tuple(classes):
            raise ValueError(
                f'{folder} was cross-validated with the classes '
                f'{", ".join(found.classes)}; the model predicts '
                f'{", ".join(classes)}: names and order must be the same')
        if len({*found.groups}) < 2:
            raise ValueError(
                f'{folder} has {counted(len(found.names), "image")}, and all '
                'belong together: how much the error differs cannot be told '
                'from fewer than two')
        return cls(folder, found, correction)

    def record(self) -> dict[str, str]:
        """Return what ``run.json`` keeps of it."""
        return dict(folder=str(self.folder), config=self.found.config,
                    correction=self.correction,
                    confusions_sha256=sha256(self.folder / CONFUSIONS))

    def assess(self, fractions: np.ndarray) -> list[PhaseUncertainty]:
        """Return the fraction of each phase with its whole uncertainty.

        u^2 = s^2 / n + u_b^2, with s the standard deviation of the (predicted
        or, by the confusion, corrected) fractions of the n new images, and
        u_b what is not known of the correction: s_e / sqrt(m) of the mean
        error of m validated images (groups count once), or the bootstrap's.
        Fractions as predicted have the same u: that they are not biased is
        known no better.

        s is larger than the spread of the true fractions by the model's error
        from image to image, s_e. The two terms that are told part them:
        s_fields^2 / n with s_fields^2 = s^2 - s_e^2 (0 if it were less), and
        the rest, s_e^2 (1 / n + 1 / m) for single images.

        Args:
            fractions: (n, num_classes) predicted, 0 to 1.

        Reference:
            JCGM 100:2008 (GUM), 5.1.2.
        """
        percent = 100 * np.asarray(fractions, float)
        groups = self.found.groups
        shown, errors = percent, 100 * self.found.errors  # (m, seeds, C)
        of_units = mean_units(errors, groups)
        biases = [
            combine(float(one.mean()), [_over_seeds(map(mean_term, one.T))])
            for one in np.moveaxis(of_units, -1, 0)]
        unknown = [Term(bias.u, len(of_units) - 1) for bias in biases]
        if self.correction == 'confusion':
            shown, errors, unknown = self._reallocated(percent)
        values = shown.mean(0)
        if self.correction == 'bias':
            values = values - [bias.value for bias in biases]
        # of one model, as one model predicts
        deviations = np.sqrt(errors.var(0, ddof=1).mean(0))
        rows = []
        for i, (phase, bias) in enumerate(zip(self.found.classes, biases)):
            whole = combine(float(np.clip(values[i], 0, 100)),
                            [mean_term(shown[:, i]), unknown[i]])
            parts = _part(shown[:, i], deviations[i], unknown[i], whole)
            rows.append(PhaseUncertainty(
                phase, len(percent), len(of_units),
                float(percent[:, i].mean()), bias.value,
                bias.value - bias.half, bias.value + bias.half,
                self.correction, whole.value, *parts, whole.u, whole.dof,
                whole.factor, *whole.interval, _relative(whole)))
        return rows

    def _reallocated(self, percent: np.ndarray
                     ) -> tuple[np.ndarray, np.ndarray, list[Term]]:
        """Return corrected fractions, errors that are left, their terms."""
        confusion = self.found.confusion
        pooled = confusion.sum((0, 1))
        shown = reallocate(percent, pooled)
        pixels = np.maximum(confusion.sum((-1, -2)), 1)[..., None]
        true = 100 * confusion.sum(-1) / pixels
        predicted = 100 * confusion.sum(-2) / pixels
        of_seeds = [reallocation_terms(percent.mean(0), sum_units(
            confusion[:, seed], self.found.groups))
            for seed in range(confusion.shape[1])]
        return shown, reallocate(predicted, pooled) - true, [
            _over_seeds(terms) for terms in zip(*of_seeds)]

    def remarks(self, names: Sequence[str], model: LogitModel) -> list[str]:
        """Say what speaks against this validation for this run.

        Args:
            names: Of the images that were predicted.
            model: What predicted them.
        """
        lines = list(self.found.notes)
        config = model.details.get('config')
        own = Path(model.weights).resolve().is_relative_to(
            self.folder.resolve())
        validated = self.found.file or self.found.config
        if isinstance(config, str) and not own and (
                Path(config).name != Path(validated).name):
            lines.append(
                f'{self.folder} cross-validated {validated}, and '
                f'{Path(config).name} predicts: the errors are those of '
                'another model.')
        judged = {_last(name) for name in self.found.names}
        seen = [name for name in names if _last(name) in judged]
        if seen:
            lines.append(
                counted(len(seen), 'image has', 'images have')
                + ' the name of a validated image, '
                f'such as {seen[0]}. If they are the same, the model has '
                'learnt from them: its error on them is smaller than the '
                'uncertainty says, and they are no new fields.')
        if self.correction == 'confusion':
            never = [name for name, number in zip(
                self.found.classes, self.found.confusion.sum((0, 1, 2)))
                if not number]
            if never:
                lines.append(
                    f'{", ".join(never)}: never predicted in the validation, '
                    'so that the confusion matrix corrects nothing of it.')
        return lines


def _part(shown: np.ndarray, deviation: float, unknown: Term,
          whole: Combined) -> tuple[float, float]:
    """Part an uncertainty into that of the images and that of the model."""
    n = len(shown)
    if n < 2:
        return math.nan, math.hypot(deviation, unknown.u)
    fields = math.sqrt(max(0.0, np.var(shown, ddof=1) - deviation**2) / n)
    return fields, math.sqrt(max(0.0, whole.u**2 - fields**2))


def _over_seeds(terms: Iterable[Term]) -> Term:
    """Return the term of one seed, as all of them together know it."""
    terms = list(terms)
    mean = sum(term.u**2 for term in terms) / len(terms)
    return Term(math.sqrt(mean), terms[0].dof)


def _relative(whole: Combined) -> float:
    return 100 * whole.half / whole.value if whole.value > 0 else math.nan


def _last(name: str) -> str:
    return name.rsplit('/', 1)[-1]

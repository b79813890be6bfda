"""What a round of pseudo-labels has come to, and the commands that follow."""
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import numpy as np
from mmengine.config import Config

from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.pseudo_labels import SHEET, PseudoLabels
from mmseg_ext.inference.probabilities import STEPS

from .confidence import level_of
from .pseudo_label_store import BASE, CONFIG, Confidence

if TYPE_CHECKING:
    from .pseudo_label_job import PseudoLabelJob


@dataclass(frozen=True)
class PseudoLabelReport:
    """What is to be said.

    Attributes:
        job: What was asked for.
        mark: What was made.
        previous: The last round; None: this is the first.
        counts: (C, 65536), see :func:`~.confidence.count_confidences`.
        found: Name -> how sure the model is of an image.
        failures: Name -> why an image is left out.
        warnings: What else is to be said.
    """
    job: 'PseudoLabelJob'
    mark: PseudoLabels
    previous: Optional[PseudoLabels]
    counts: np.ndarray
    found: Mapping[str, Confidence]
    failures: Mapping[str, str]
    warnings: Sequence[str]

    def text(self) -> str:
        """Return all of it; the last lines are the commands."""
        mark = self.mark
        empty = [name for name, one in self.found.items()
                 if not one.kept.any()]
        lines = [
            f'Round {mark.round}: '
            f'{counted(len(self.found) - len(empty), "image")} with '
            f'pseudo-labels, {sum(mark.kept) / sum(mark.pixels):.1%} of '
            f'{sum(mark.pixels)} pixels.', '', *self._table(), '']
        lines += [f'warning: {line}' for line in (
            *self._classes(), *self._falls(), *self.warnings)]
        if empty:
            lines += [counted(
                len(empty), 'image has no confident pixel and is',
                'images have no confident pixel and are') + ' left out:',
                *(f'  {name}' for name in empty)]
        if self.failures:
            lines += [counted(len(self.failures), 'image is', 'images are')
                      + ' left out:', *(
                f'  {name}: {why}' for name, why in self.failures.items())]
        return '\n'.join([*lines, f'Wrote all to {self.job.out}; look at '
                          f'{SHEET} first.', *self._commands()])

    def _table(self) -> Iterator[str]:
        mark, total = self.mark, sum(self.mark.pixels)
        width = max(5, *map(len, mark.classes))
        yield (f'{"class":{width}}  predicted  threshold     kept  kept of '
               'the class')
        for name, least, pixels, kept in zip(
                mark.classes, mark.thresholds, mark.pixels, mark.kept):
            yield (f'{name:{width}}  {pixels / total:9.2%}  '
                   + (f'{least:9.4f}' if least is not None else ' ' * 9)
                   + f'  {kept / total:7.2%}  '
                   + (f'{kept / pixels:17.1%}' if pixels else ''))

    def _classes(self) -> Iterator[str]:
        """Say which classes the threshold alone would have erased."""
        mark = self.mark
        cap = level_of(mark.threshold)
        for name, row, pixels, kept, least in zip(
                mark.classes, self.counts, mark.pixels, mark.kept,
                mark.thresholds):
            if not pixels:
                yield (f'{name} is predicted at none of {sum(mark.pixels)} '
                       'pixels, and has no pseudo-label.')
            elif not row[cap:].any():
                yield (f'No pixel of {name} reaches {mark.threshold:g}: the '
                       f'highest of {pixels} is '
                       f'{np.flatnonzero(row)[-1] / STEPS:.4f}. Kept are '
                       f'{kept} from {least:.4f} on.')

    def _falls(self) -> Iterator[str]:
        """Say which classes the last round had, and this one has not."""
        if self.previous is None:
            return
        old = dict(zip(self.previous.classes, zip(
            self.previous.pixels, self.previous.kept)))
        for name, pixels, kept in zip(
                self.mark.classes, self.mark.pixels, self.mark.kept):
            before, kept_before = old.get(name, (0, 0))
            if kept_before and not kept:
                yield (f'{name} fell to no pseudo-label: round '
                       f'{self.previous.round} had {kept_before} of {before} '
                       f'pixels that were predicted as it, round '
                       f'{self.mark.round} has {kept} of {pixels}. The '
                       'rounds drift; go back to the last model, or lower '
                       '--per-class.')

    def _commands(self) -> list[str]:
        job, number = self.job, self.mark.round
        work_dir = Path('work_dirs') / f'{job.out.name}_round_{number}'
        config = job.base or str(job.out / BASE)
        further = job.out.with_name(_next_name(job.out.name, number))
        options = ['--threshold', f'{job.threshold:g}', '--per-class',
                   f'{job.per_class:g}', '--previous', str(job.out)]
        for name in ('tta', 'bit_depth', 'crop_bottom', 'device'):
            value = getattr(job, name)
            if value is not None and (name, value) != ('tta', 'flips'):
                options += [f'--{name.replace("_", "-")}', str(value)]
        return [
            'To train on the source and on these:',
            f'{command_for("train")} ' + quote_command([
                str(job.out / CONFIG), '--work-dir', str(work_dir)]),
            'and then the next round:',
            f'{command_for("pseudo_label")} ' + quote_command([
                config, str(work_dir / _last_checkpoint(job.cfg)),
                str(job.images), str(further), *options]),
        ]


def _next_name(name: str, number: int) -> str:
    start = name.removesuffix(f'_{number}')
    return f'{start}_{number + 1}'


def _last_checkpoint(cfg: Config) -> str:
    """Return the name of the checkpoint that a training ends with."""
    loop = cfg.get('train_cfg') or {}
    if loop.get('max_iters') is not None:
        return f'iter_{loop["max_iters"]}.pth'
    return f'epoch_{loop.get("max_epochs", "LAST")}.pth'

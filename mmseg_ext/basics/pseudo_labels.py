"""The file that tells pseudo-labels from what people have drawn."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from .command_line import command_for
from .files import write_atomically

MARK = 'pseudo_labels.json'
SHEET = 'contact_sheet.png'  # beside it
KINDS = dict(model=str, round=int, threshold=float)


@dataclass(frozen=True)
class PseudoLabels:
    """What the masks of a folder were made by.

    Attributes:
        model: File of the weights.
        weights_sha256: Of that file.
        config: Config file of the model.
        round: 1 for the labels of a model that was trained without any.
        threshold: Greatest confidence that is asked for.
        per_class: Quantile of the confidences of a class that is asked for,
            if that is less.
        classes: Names of the classes, in the order of their ids.
        thresholds: Confidence that was asked for of each class; None: it
            was predicted nowhere.
        pixels: Number of pixels that were predicted as each class.
        kept: Number of those that have a pseudo-label.
    """
    model: str
    weights_sha256: str
    config: str
    round: int
    threshold: float
    per_class: float
    classes: list[str]
    thresholds: list[Optional[float]]
    pixels: list[int]
    kept: list[int]

    def describe(self) -> str:
        """Return who has made the labels, in words."""
        said = (f'by {self.model}, round {self.round}, threshold '
                f'{self.threshold:g}')
        lower = {name: least for name, least in zip(
            self.classes, self.thresholds)
            if least is not None and least < self.threshold}
        return said + ''.join(
            f', of {name} {least:.2f}' for name, least in lower.items())

    def write(self, folder: Path) -> None:
        """Mark a folder."""
        write_atomically(folder / MARK, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, folder: Path) -> 'PseudoLabels':
        """Read the mark of a folder.

        Raises:
            FileNotFoundError: If it has none.
            ValueError: If the file is no such mark.
        """
        path = folder / MARK
        if not path.is_file():
            raise FileNotFoundError(
                f'{folder} has no {MARK}: it is no folder of pseudo-labels '
                'that were finished')
        try:
            found = cls(**json.loads(path.read_text(encoding='utf-8')))
        except (TypeError, ValueError) as error:
            raise _no_mark(path, str(error)) from error
        for name, kind in KINDS.items():
            if not isinstance(getattr(found, name), kind):
                raise _no_mark(path, f'{name} is {getattr(found, name)!r}')
        return found


def _no_mark(path: Path, why: str) -> ValueError:
    return ValueError(f'{path} is no mark of pseudo-labels: {why}. Make them '
                      f'anew with {command_for("pseudo_label")} --overwrite')


def find_marked(path: str | Path) -> Optional[Path]:
    """Return the marked folder that a mask lies in; None: there is none.

    Args:
        path: The mask's folder.
    """
    folder = Path(path).absolute()
    return next((place for place in (folder, *folder.parents)
                 if (place / MARK).is_file()), None)

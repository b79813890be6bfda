"""What a run of predictions was made with, and how it went."""
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

from mmseg_ext.basics import write_atomically
from mmseg_ext.version import __version__

from .windows import Windows

RECORD = 'run.json'
# Modules of the packages that a prediction passes through, if it does.
MODULES = ('numpy', 'cv2', 'scipy', 'torch', 'mmengine', 'mmseg',
           'onnxruntime')
KINDS = dict(settings=dict, weights=str, classes=list, palette=list,
             versions=dict, failures=dict, bands=dict, scales=dict,
             base_phase=str, validation=dict)


@dataclass
class RunRecord:
    """A run of predictions, as ``run.json`` holds it.

    Attributes:
        settings: What the results depend on; a run with others does not go
            on in the same folder.
        weights: File of the model.
        classes: Names of the classes, in the order of their ids.
        palette: Colour of each class, (red, green, blue), 0 to 255.
        versions: Of Python, this package and those that it used.
        failures: Name of an image -> why it has no prediction.
        bands: Name of an image -> rows at its lower edge that look like an
            information band and were predicted all the same.
        scales: Name of an image -> ``um_per_pixel``, the side of its pixels
            in micrometres or None, and ``source``, who says so; empty if
            nothing is measured.
        base_phase: Class that overlays leave uncoloured; '' before the first
            image.
        validation: Cross-validation whose errors are in the uncertainty: its
            ``folder``, ``config``, ``confusions_sha256``, the ``correction``
            and ``remarks``, sentences on it; empty if there is none.
    """
    settings: dict
    weights: str
    classes: list[str]
    palette: list[list[int]]
    versions: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)
    scales: dict[str, dict] = field(default_factory=dict)
    base_phase: str = ''
    validation: dict = field(default_factory=dict)

    def write(self, out: Path) -> None:
        """Write it to ``run.json`` in a folder, with today's versions."""
        self.versions = loaded_versions()
        write_atomically(out / RECORD, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, out: Path) -> 'RunRecord':
        """Read it from a folder.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If the file is no such record.
        """
        path = out / RECORD
        try:
            record = cls(**json.loads(path.read_text(encoding='utf-8')))
        except (TypeError, ValueError) as error:
            raise ValueError(f'{path} is no record of predictions: '
                             f'{error}') from error
        for name, kind in KINDS.items():
            if not isinstance(getattr(record, name), kind):
                raise ValueError(f'{path} is no record of predictions: '
                                 f'{name} is {getattr(record, name)!r}')
        return record


def describe_preparation(transforms: list[dict],
                         windows: Optional[Windows]) -> dict:
    """Return how images get to the network, as settings of a record.

    Args:
        transforms: Those of the test pipeline that change images.
        windows: In which the config tests; None: it tests whole images.
    """
    lines = []
    for step in transforms:
        # lists and tuples are the same to a transform, and one in a record
        arguments = ', '.join(
            f'{key}={tuple(value) if isinstance(value, list) else value!r}'
            for key, value in step.items() if key != 'type')
        lines.append(f'{step["type"]}({arguments})')
    return dict(transforms=lines or ['none, images keep their size'],
                test_mode=windows.describe() if windows else 'whole images')


def loaded_versions() -> dict[str, str]:
    """Return the versions of Python and of what it has loaded."""
    return {
        'python': sys.version.split()[0],
        'mmseg_ext': __version__,
        **{name: sys.modules[name].__version__ for name in MODULES
           if name in sys.modules},
    }

"""From a folder to a config, with a reason for each choice."""
import json
from dataclasses import dataclass
from pathlib import Path

from mmseg_ext.basics.files import write_atomically
from mmseg_ext.basics.splits import write_split

from .choices import Choice


@dataclass(frozen=True)
class Plan:
    """What was decided, and where it stands.

    Attributes:
        config: Path of the config.
        choices: The decisions, in the order of the config.
        facts: What the data are like, as in ``plan.json``.
    """
    config: Path
    choices: list[Choice]
    facts: dict

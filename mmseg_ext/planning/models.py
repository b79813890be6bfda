"""Models and encoders that can be planned, and what they start from."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """A model, and the weights that it starts from.

    Attributes:
        base: Name of its config in configs/_base_/models.
        delta: Lines of the config that change it.
        reason: Why.
    """
    base: str
    delta: tuple[str, ...]
    reason: str

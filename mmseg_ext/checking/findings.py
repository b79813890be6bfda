"""What a check finds: symptoms of single files, findings in words."""
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

ERROR, WARNING, NOTE = SEVERITIES = ('error', 'warning', 'note')
MAX_NAMES = 5  # files named in a finding
MAX_PICTURES = 3  # files drawn for a finding
MAX_FACTS = 256  # values or colours remembered of all files together


@dataclass(frozen=True)
class Symptom:
    """One thing that is noticed about one file.

    Attributes:
        kind: Name of the thing; files of one kind become one finding.
        path: The file.
        severity: 'error' if training would go wrong, 'warning' if its
            result may be, 'note' if it is only worth knowing.
        facts: What was found -> how much of it, such as value -> fraction of
            the pixels.
        detail: Tells symptoms of one kind apart, or is the loader's own
            sentence.
    """
    kind: str
    path: str
    severity: str = ERROR
    facts: Mapping[Hashable, float] = field(default_factory=dict)
    detail: str = ''


@dataclass(frozen=True)
class Picture:
    """An image and its mask, or two pairs, small, as JPEG files."""
    name: str
    image: bytes
    mask: bytes = b''


@dataclass
class Group:
    """The same symptom of many files, of which few are remembered."""
    first: Symptom
    count: int = 0
    severity: str = NOTE
    names: list[str] = field(default_factory=list)
    facts: Counter = field(default_factory=Counter)
    splits: Counter = field(default_factory=Counter)
    pictures: list[Picture] = field(default_factory=list)

    def add(self, symptom: Symptom, split: str) -> None:
        self.count += 1
        self.splits[split] += 1
        self.severity = min(
            self.severity, symptom.severity, key=SEVERITIES.index)
        if len(self.names) < MAX_NAMES:
            self.names.append(symptom.path)
        self.facts.update(symptom.facts)
        if len(self.facts) > 2 * MAX_FACTS:
            self.facts = Counter(dict(self.facts.most_common(MAX_FACTS)))

    @property
    def fractions(self) -> dict:
        """Return what was found -> mean over the files, largest first."""
        return {key: total / self.count
                for key, total in self.facts.most_common()}


@dataclass(frozen=True)
class Finding:
    """A finding in words.

    Attributes:
        severity: 'error', 'warning' or 'note'.
        what: Sentences that say what was found.
        fix: What to do: sentences, a line of the config or a command.
        names: The first files that it concerns.
        count: How many files there are.
        pictures: Some of them.
    """
    severity: str
    what: str
    fix: str = ''
    names: tuple[str, ...] = ()
    count: int = 0
    pictures: tuple[Picture, ...] = ()

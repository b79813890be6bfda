"""A look at some pairs of a config's data before a training begins."""
import time
from collections.abc import Mapping

from .config_splits import LOADERS, splits_of_config
from .findings import ERROR, MAX_NAMES, Finding, Group
from .inspection import inspect_pair, same_but_numbers
from .splits import Split, check_heads
from .wording import describe_group

PAIRS = 12  # of each part, spread over all of it
SECONDS = 4.0  # for all parts together; one pair of each is looked at anyway


def check_quickly(cfg: Mapping,
                  pairs: int = PAIRS,
                  seconds: float = SECONDS) -> list[Finding]:
    """Return what would make a training on these data go wrong.

    Of the parts for training and validation: heads with fewer classes than
    the data, and what some of the pairs hold. Data sets that cannot be
    built are passed over: the training says so itself.

    Args:
        cfg: The config.
        pairs: So many of each part.
        seconds: After which no more pairs are opened.
    """
    splits = splits_of_config({
        name: cfg.get(name)
        for name in ('default_scope', LOADERS['train'], LOADERS['val'])
        if cfg.get(name)})
    findings = [finding for finding in check_heads(cfg, splits)
                if finding.severity == ERROR]
    end = time.monotonic() + seconds
    groups: dict[tuple, tuple[Group, Split]] = {}
    for split in splits:
        samples = split.listing.samples
        count = min(pairs, len(samples))
        for i in range(count):
            if i and time.monotonic() > end:
                break
            sample = samples[i * len(samples) // count]
            for symptom in inspect_pair(sample, split).symptoms:
                if symptom.severity == ERROR:
                    key = (symptom.kind, same_but_numbers(symptom.detail),
                           split.rules.loader)
                    group, _ = groups.setdefault(key, (Group(symptom), split))
                    group.add(symptom, split.name)
    every = {key: group for key, (group, _) in groups.items()}
    return findings + [describe_group(group, split.rules, every)
                       for group, split in groups.values()]


def refuse_unfit(cfg: Mapping, command: str) -> None:
    """Stop before a training that would go wrong.

    Args:
        cfg: The config.
        command: That checks all pairs.

    Raises:
        ValueError: If :func:`check_quickly` finds something; says what to
            write.
    """
    findings = check_quickly(cfg)
    if not findings:
        return
    lines = []
    for finding in findings:
        lines.append(finding.what + (f' {finding.fix}' if finding.fix else '')
                     )
        lines += [f'  {name}' for name in finding.names[:MAX_NAMES]]
    raise ValueError('\n'.join([
        'Training on these data would go wrong.', *lines,
        f'All pairs are checked by: {command}',
        'Without this look at some of them: --no-check']))

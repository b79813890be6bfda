"""What of a batch is of which part of the training data."""
from collections.abc import Mapping, Sequence

from mmseg.structures import SegDataSample


def split_batch(samples: Sequence[SegDataSample], key: str,
                parts: Mapping[str, str],
                advice: str) -> tuple[list[int], list[int]]:
    """Return the places of the samples of either of two parts.

    Args:
        samples: With ``key`` in their metainfo.
        key: What tells of which part a sample is.
        parts: Value of it -> the part in words; two.
        advice: Which sections of a config make such batches, for an error.

    Raises:
        ValueError: If some do not say which they are of, or one of both is
            missing.
    """
    found = [sample.metainfo.get(key) for sample in samples]
    first, second = ([i for i, part in enumerate(found) if part == wanted]
                     for wanted in parts)
    if not first or not second or len(first) + len(second) < len(samples):
        one, other = parts.values()
        raise ValueError(
            f'Of a batch of {len(samples)} images {len(first)} are of {one} '
            f'and {len(second)} of {other}: both are needed. {advice}')
    return first, second

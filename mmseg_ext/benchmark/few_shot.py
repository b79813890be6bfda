"""Few-shot segmentation of what was never shown before, by a protocol.

For every kind of defect K images are drawn, outlined, and as many good ones;
the remaining images of the kind and the remaining good ones are queries.
Pixels are summed over all queries of a kind before IoU and AP are taken (not
averaged over images), kinds are averaged, and draws give the interval.
"""
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from prettytable import PrettyTable

from mmseg_ext.basics import confidence_interval
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.csv_files import GrowingTable, number
from mmseg_ext.evaluation.anomaly_score import auroc, average_precision
from mmseg_ext.inference.few_shot import (
    MATCHERS,
    TRAINED,
    FrozenEncoder,
    Labelled,
    Matching,
    candidates,
    choose_matching,
)

from .few_shot_products import Product

# of the clock, per fit and per query
TIMES = ('fit s', 'image s')
MEASURES = ('IoU', 'best IoU', 'pixel AP', 'image AUROC', 'left-out IoU')
VALUES = (*MEASURES, *TIMES)
COLUMNS = ('row', 'shots', 'draw', 'kind', *VALUES)
TABLE, SUMMARY = 'few_shot.csv', 'few_shot_summary.csv'
ONE_CLASS, AUTO = 'one-class', 'auto'
ROWS = (AUTO, *MATCHERS, ONE_CLASS)  # TRAINED needs an encoder with a head
# What was shown, outlined and good, to (margin of pixels of an image, IoU of
# what was left out): above 0 is a defect.
Learner = Callable[[Sequence[Labelled], Sequence[Labelled]],
                   tuple[Callable[[np.ndarray], np.ndarray], float]]


def matcher_rows(encoder: FrozenEncoder,
                 matchers: Sequence[str] = ROWS,
                 scale: float = 1.0,
                 remember: bool = True) -> dict[str, Learner]:
    """Return a row for each matcher; all see the same features.

    Args:
        encoder: Of all images.
        matchers: Of ``MATCHERS``; :data:`AUTO`, the one that they choose;
            :data:`TRAINED`, the encoder's head; or :data:`ONE_CLASS`, which
            is shown the good images alone.
        scale: Images are enlarged by this.
        remember: Encode an image once; times then are those of matching.

    Raises:
        ValueError: If the encoder has no head to match by.
    """
    if TRAINED in matchers and encoder.head is None:
        raise ValueError(f'{encoder.name} has no head that matches')
    if remember:
        encoder = _Remembering(encoder)
    return {name: _match(encoder, name, scale) for name in matchers}


def _match(encoder: FrozenEncoder, name: str, scale: float) -> Learner:
    def learn(outlined, good):
        outlined = () if name == ONE_CLASS else outlined
        names = (candidates(len(outlined)) if name in (AUTO, ONE_CLASS)
                 else (name, ))
        matching, found = choose_matching(
            [Matching(encoder, each, 1, scale) for each in names],
            outlined, good)

        def margins(image: np.ndarray) -> np.ndarray:
            scores = matching.score(matching.look(image), found.bank)
            pixels = matching.at_pixels(scores, image.shape[:2])[0]
            return (pixels - found.thresholds[0]).cpu().numpy()

        return margins, found.iou
    return learn


class _Remembering:
    """An encoder that sees each image once; they have to stay in memory."""

    def __init__(self, encoder: FrozenEncoder) -> None:
        self._encoder = encoder
        self._seen = {}
        self.stride = encoder.stride
        self.head = encoder.head

    def features(self, image: np.ndarray, scale: float = 1.0):
        key = image.ctypes.data, image.shape, scale
        if key not in self._seen:
            # beside the image: its address must not be another's one day
            self._seen[key] = self._encoder.features(image, scale), image
        return self._seen[key][0]


def run_protocol(product: Product, rows: Mapping[str, Learner],
                 shots: Sequence[int] = (1, 5), draws: int = 5,
                 normal_shots: int | None = None) -> Iterator[dict]:
    """Yield measures in percent and times, a dict for a row, draw and kind.

    The draws of all rows are the same. Kinds that have no more than
    ``shots`` images are left out.

    Args:
        product: Its images.
        rows: Name -> what learns from the images that are drawn.
        shots: K.
        draws: Of supports.
        normal_shots: Good images that are shown; None: K.

    Raises:
        ValueError: If too few images are there for any K.
    """
    check_at_least(1, draws=draws, **{f'shots[{i}]': one
                                      for i, one in enumerate(shots)})
    for count in shots:
        good_count = count if normal_shots is None else normal_shots
        kinds = {kind: images for kind, images in product.kinds.items()
                 if len(images) > count}
        if not kinds or len(product.good) <= good_count:
            there = ', '.join(f'{len(images)} of {kind}' for kind, images
                              in product.kinds.items())
            raise ValueError(
                f'shots={count}: more images are needed of a kind, and of '
                f'good ones; there are {there}, {len(product.good)} good')
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            for kind, images in kinds.items():
                order = rng.permutation(len(images))
                good_order = rng.permutation(len(product.good))
                chosen, queries = _split(images, order, count)
                good, others = _split(product.good, good_order, good_count)
                for name, learn in rows.items():
                    begun = time.perf_counter()
                    margins, left_out = learn(chosen, good)
                    learned = time.perf_counter()
                    asked = [*queries, *others]
                    measures = measure(margins, asked)
                    taken = (time.perf_counter() - learned) / len(asked)
                    yield dict(
                        row=name, shots=count, draw=draw, kind=kind,
                        **measures, **{MEASURES[-1]: 100 * left_out},
                        **dict(zip(TIMES, (learned - begun, taken))))


def _split(images: Sequence[Labelled], order: np.ndarray, count: int
           ) -> tuple[list[Labelled], list[Labelled]]:
    return ([images[i] for i in order[:count]],
            [images[i] for i in order[count:]])


def measure(margins: Callable[[np.ndarray], np.ndarray],
            queries: Sequence[Labelled]) -> dict[str, float]:
    """Return the measures of queries, pixels summed over all, in percent.

    Args:
        margins: (H, W, 3) uint8 -> (H, W), above 0 where a defect is found.
        queries: Images with masks, and good ones.
    """
    scores, truths, peaks = [], [], []
    for query in queries:
        found = margins(query.image)
        truth = (np.zeros(found.shape, bool) if query.mask is None else
                 query.mask == 1)
        scores.append(found.ravel())
        truths.append(truth.ravel())
        peaks.append(found.max())
    flat, truth = np.concatenate(scores), np.concatenate(truths)
    taken = flat > 0
    iou = (taken & truth).sum() / max((taken | truth).sum(), 1)
    # only where a pixel of the defect is met do recall and best IoU rise
    levels, hits = np.unique(flat[truth], return_counts=True)
    misses = np.diff(np.searchsorted(np.sort(flat[~truth]), levels),
                     append=(~truth).sum())
    above = hits[::-1].cumsum()
    best = (above / (truth.sum() + misses[::-1].cumsum())).max()
    labels = np.array([query.mask is not None for query in queries])
    values = (iou, best, average_precision(hits, misses),
              auroc(np.array(peaks), labels))
    return {name: 100 * float(value)
            for name, value in zip(MEASURES, values)}


def summarize(results: Sequence[Mapping]) -> list[dict]:
    """Return mean over kinds and draws, and 95 % interval over draws.

    Args:
        results: Of :func:`run_protocol`.

    Returns:
        A dict for each row and K: ``row``, ``shots``, and of each value
        (mean, half width of the interval, by Student's t).
    """
    summary = []
    pairs = dict.fromkeys((one['row'], one['shots']) for one in results)
    for row, count in pairs:
        found = [one for one in results
                 if (one['row'], one['shots']) == (row, count)]
        draws = np.array([
            np.mean([[one[name] for name in VALUES] for one in found
                     if one['draw'] == draw], axis=0)
            for draw in dict.fromkeys(one['draw'] for one in found)])
        halves = confidence_interval(draws)
        summary.append(dict(row=row, shots=count, **{
            name: (float(mean), float(half)) for name, mean, half in zip(
                VALUES, draws.mean(0), halves)}))
    return summary


def write_results(out: Path, results: Sequence[Mapping]) -> str:
    """Write ``few_shot.csv`` and its summary, and return it as a table."""
    GrowingTable(out / TABLE, COLUMNS).write(
        [*(one[name] for name in COLUMNS[:4]),
         *(number(one[name], 3) for name in VALUES)] for one in results)
    summary = summarize(results)
    GrowingTable(out / SUMMARY, ('row', 'shots', *(
        f'{name}{part}' for name in VALUES for part in ('', ' ci95')
    ))).write([one['row'], one['shots'], *(
        number(value, 3) for name in VALUES for value in one[name])]
        for one in summary)
    table = PrettyTable(['row', 'K', *VALUES])
    for one in summary:
        table.add_row([
            one['row'], one['shots'],
            *(_interval(*one[name]) for name in MEASURES),
            *(number(one[name][0], 3) for name in TIMES)])
    return table.get_string(
        title='percent and seconds, mean over kinds, ± 95 % interval over '
        'draws')


def _interval(mean: float, half: float) -> str:
    return ('' if np.isnan(mean) else
            f'{number(mean, 1)} ± {number(half, 1)}')

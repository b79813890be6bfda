"""Dealing with counts that go along, against the plain formula."""
import time

import numpy as np
import pytest

from mmseg_ext.basics.dealer import Dealer


class PlainDealer(Dealer):
    """The same, with everything counted anew for each group."""

    def deal(self):
        left = np.arange(len(self.held))
        while len(left):
            counts = self.held[left].sum(axis=0)
            if not counts.any():
                for group in left:
                    self._give(group, int(np.argmax(self.room)))
                break
            rarest = int(np.argmin(np.where(counts > 0, counts, np.inf)))
            candidates = left[self.held[left, rarest]]
            part = self._part_for(rarest)
            news = self.held[candidates] & (self.has[part] == 0)
            group = candidates[np.argmax(news.sum(axis=1))]
            if self.sizes[group] > max(self.room[part], 1):
                part = int(np.argmax(self.room))
            self._give(group, part)
            left = left[left != group]


def groups(rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return classes, sizes and goals of any kind."""
    number, classes = rng.integers(1, 60), rng.integers(1, 9)
    # some classes rare, some seldom together, some that no group has
    held = rng.random((number, classes)) < rng.choice(
        [0, 0.02, 0.1, 0.5, 1], classes)
    if rng.random() < 0.3:
        held &= np.arange(classes) == rng.integers(0, classes, (number, 1))
    sizes = rng.choice([1, 1, 1, 2, 7], number)
    total = sizes.sum()
    cuts = np.sort(rng.integers(0, total + 1, 2))
    return held, sizes, np.diff([0, *cuts, total])


@pytest.mark.parametrize('seed', range(100))
def test_the_same_parts_as_the_plain_formula(seed):
    held, sizes, goals = groups(np.random.default_rng(seed))
    parts = []
    for kind in (PlainDealer, Dealer):
        dealer = kind(held, sizes, goals, (1.02, 1.01, 1.0))
        dealer.deal()
        parts.append(dealer.parts.copy())
        dealer.close_gaps(seed)
        parts.append(dealer.parts)
    assert (parts[0] == parts[2]).all() and (parts[1] == parts[3]).all()


def test_time_grows_with_the_number_of_groups():
    """Counted anew, ten times the groups take a hundred times as long."""
    seconds = []
    for number in (2000, 20000):
        held = np.random.default_rng(0).random(
            (number, 6)) < np.geomspace(1, 1e-2, 6)
        dealer = Dealer(held, np.ones(number, int),
                        np.array([6, 2, 2]) * number // 10)
        start = time.process_time()
        dealer.deal()
        seconds.append(time.process_time() - start)
    assert seconds[1] < 35 * seconds[0]

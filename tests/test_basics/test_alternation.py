"""Times in turn: what is slow for all of them tells nothing."""
from mmseg_ext.basics.alternation import REPEATS, WARM_UPS, alternate


def test_ratios_are_of_the_same_turn():
    """The machine is twice as slow from turn to turn; the ratio is not."""
    calls = []

    def seconds(work):
        work()
        return calls[-1] * 2.0**((len(calls) - 1) // 2)

    def work(cost):
        return lambda: calls.append(cost)

    times, ratios = alternate(work(3), work(6), seconds=seconds)
    assert len(calls) == 2 * (WARM_UPS + REPEATS)
    assert ratios == [1, 2]
    assert times[1] == 2 * times[0]


def test_wall_time_counts():
    times, ratios = alternate(lambda: None, lambda: sum(range(20000)))
    assert 0 < times[0] < times[1] and ratios[1] > 1

"""Time left, from times that are known."""
import pytest

from mmseg_ext.engine.console.pace import Pace, count_validations, seconds_left


def test_the_first_step_counts_for_nothing():
    times = iter([0, 30, 32, 34, 100, 104])
    pace = Pace(clock=lambda: next(times))
    pace.step()  # 30 s, in which processes start
    assert pace.seconds is None
    pace.step()
    pace.step()
    assert pace.seconds == 2
    pace.start()  # after a validation
    pace.step()
    assert pace.seconds == pytest.approx((2 + 2 + 4) / 3)


def test_the_latest_steps_count():
    times = iter(range(0, 1000, 5))
    pace = Pace(window=3, clock=lambda: next(times))
    for _ in range(20):
        pace.step()
    assert pace.seconds == 5


def by_loop(done, end, interval, begin):
    """Count as mmengine's loops decide, step by step."""
    return sum(step >= begin and (step % interval == 0 or step == end)
               for step in range(done + 1, end + 1))


@pytest.mark.parametrize('end', [1, 7, 12])
@pytest.mark.parametrize('interval', [1, 3, 4, 20])
@pytest.mark.parametrize('begin', [1, 5, 8])
def test_validations_to_come(end, interval, begin):
    for done in range(end + 1):
        assert count_validations(done, end, interval, begin) == by_loop(
            done, end, interval, begin)


def test_seconds_left():
    # 120 steps of 1.02 s and one validation of 14 s
    assert seconds_left(120, 1.02, 1, 14) == pytest.approx(136.4)
    assert seconds_left(120, 1.0, 3, None) == 120
    assert seconds_left(120, None, 3, 14) is None

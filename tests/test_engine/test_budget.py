import pytest
from tiny import tiny_quickstart

from mmseg_ext.engine.budget import (
    Timing,
    fill_minutes,
    take_steps,
    time_training,
)


def seconds(schedule, timing, num_val):
    times = schedule.steps // schedule.interval
    return schedule.steps * timing.step + times * (
        num_val * timing.image + 1)


@pytest.mark.parametrize('minutes', [5, 30, 600])
@pytest.mark.parametrize('timing', [Timing(0.4, 0.5), Timing(2.0, 8.0)])
@pytest.mark.parametrize('num_val', [1, 4, 30])
def test_a_time_is_filled_and_not_passed(minutes, timing, num_val):
    if (timing.image * num_val + 1) * 2 > 30 * minutes:
        return
    schedule = fill_minutes(minutes, timing, num_val)
    took = seconds(schedule, timing, num_val)
    assert took <= 60 * minutes
    assert took > 0.75 * 60 * minutes
    assert schedule.steps % schedule.interval == 0
    assert 2 <= schedule.steps // schedule.interval <= 11
    assert 'as timed on this machine' in schedule.reason


def test_validation_takes_little_of_it():
    timing = Timing(0.5, 10.0)
    schedule = fill_minutes(30, timing, 3)
    validating = schedule.steps // schedule.interval * 30
    assert validating <= 0.16 * 30 * 60 + 31


def test_too_little_time_says_how_much_is_needed():
    with pytest.raises(ValueError, match='give 3 minutes'):
        fill_minutes(1, Timing(2.0, 5.0), 4)
    fill_minutes(3, Timing(2.0, 5.0), 4)


@pytest.mark.parametrize('steps', [1, 7, 99, 1000])
def test_given_steps_end_with_a_validation(steps):
    schedule = take_steps(steps)
    assert schedule.steps % schedule.interval == 0
    assert 0.9 * steps <= schedule.steps <= steps


def test_real_steps_are_timed(sem_root, config_path, tmp_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'), tmp_path,
                          sem_root)
    before = cfg.pretty_text
    done = []
    timing = time_training(cfg, lambda *numbers: done.append(numbers))
    assert done[-1] == (12, 12)
    assert 0 < timing.step < 60
    assert 0 < timing.image < 60
    assert cfg.pretty_text == before

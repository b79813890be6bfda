"""Durations in words."""
import pytest

from mmseg_ext.basics import format_duration


@pytest.mark.parametrize(('seconds', 'text'), [
    (0.2, '0 s'), (59.4, '59 s'), (59.6, '1 min 00 s'), (125, '2 min 05 s'),
    (3600, '1 h 00 min'), (12345, '3 h 25 min')])
def test_durations(seconds, text):
    assert format_duration(seconds) == text

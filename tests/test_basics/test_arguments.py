"""Checks of arguments name what was given and what is allowed."""
import math

import pytest

from mmseg_ext.basics.arguments import (
    arguments_of,
    check_at_least,
    check_channels,
    check_choice,
)


def test_choice():
    check_choice('kind', None, (None, 'a'))
    with pytest.raises(
            ValueError, match=r"kind='c': must be one of \('a', 'b'\)"):
        check_choice('kind', 'c', dict(a=1, b=2))


@pytest.mark.parametrize('value', [1, math.nan])
def test_at_least(value):
    check_at_least(2, first=2, second=2.5)
    with pytest.raises(
            ValueError, match=f'second={value}: must be at least 2'):
        check_at_least(2, first=2, second=value)


@pytest.mark.parametrize('value', [(64, ), [], 64, [64, 0], [64, 1.5],
                                   [64, 'a'], None])
def test_channels(value):
    check_channels('widths', (4, 8), 2, 'one for each stage')
    with pytest.raises(ValueError, match=r'widths=.*: must be 2 or more '
                       'positive integers, one for each stage'):
        check_channels('widths', value, 2, 'one for each stage')


class Base:

    def __init__(self, a, *, b=1):
        pass


class HandsOn(Base):

    def __init__(self, c, **kwargs):
        super().__init__(**kwargs)


class Complete(Base):

    def __init__(self, c, *rest):
        super().__init__(1)


def test_arguments_of_a_class_and_its_bases():
    assert arguments_of(HandsOn) == ['c', 'a', 'b']
    assert arguments_of(type('Bare', (HandsOn, ), {})) == ['c', 'a', 'b']
    assert arguments_of(Complete) == ['c']
    assert arguments_of(check_choice) == ['name', 'value', 'allowed']

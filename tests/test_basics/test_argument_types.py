"""Ranges of options, told by the parser."""
import pytest

from mmseg_ext.basics.argument_types import (
    crop_rows,
    expression,
    number,
    pixel_size,
)
from mmseg_ext.basics.command_line import new_parser


def parse(kind, text):
    parser = new_parser('')
    parser.add_argument('--x', type=kind)
    return parser.parse_args([f'--x={text}']).x


@pytest.mark.parametrize(('kind', 'text', 'value'), [
    (number(float, low=0, high=1), '1', 1.0),
    (number(float, above=0, high=0.95), '0.95', 0.95),
    (number(int, low=2), '2', 2),
    (number(int), '-7', -7),
    (crop_rows, 'auto', 'auto'), (crop_rows, '0', 0),
    (pixel_size, 'auto', 'auto'), (pixel_size, 'none', None),
    (pixel_size, '0.5', 0.5), (expression, '^(.+)_', '^(.+)_')])
def test_what_is_allowed(kind, text, value):
    found = parse(kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(('kind', 'text', 'sentence'), [
    (number(float, low=0, high=1), '1.5', '1.5: must be from 0 to 1'),
    (number(float, low=0, high=1), 'nan', 'nan: must be from 0 to 1'),
    (number(float, above=0, high=0.95), '0', '0: must be above 0 and 0.95'),
    (number(float, above=0), 'inf', 'inf: must be above 0'),
    (number(float), 'inf', 'inf: must be a finite number'),
    (number(int, low=2), '1', '1: must be at least 2'),
    (number(int, low=2), '2.5', "invalid int value: '2.5'"),
    (crop_rows, '-1', '-1: must be at least 0'),
    (crop_rows, 'x', "'x': must be a number of rows or 'auto'"),
    (pixel_size, '0', '0: must be above 0'),
    (pixel_size, 'nm', "'nm': must be a number of micrometres"),
    (expression, '(', "'(' is no regular expression")])
def test_what_is_refused(capsys, kind, text, sentence):
    with pytest.raises(SystemExit) as end:
        parse(kind, text)
    assert end.value.code == 2
    assert f'argument --x: {sentence}' in capsys.readouterr().err

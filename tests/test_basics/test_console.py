"""Lines that stay, and one that is written over."""
import io

import pytest

from mmseg_ext.basics.console import Console, Progress


class Terminal(io.StringIO):

    def isatty(self):
        return True


class Clock:

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def screen(text: str) -> list[str]:
    """Return what a terminal shows in the end."""
    lines = []
    for line in text.split('\n'):
        shown = ''
        for state in line.split('\r'):
            shown = state + shown[len(state):]
        lines.append(shown.rstrip())
    return lines


def test_the_line_in_place_makes_room():
    stream = Terminal()
    console = Console(stream)
    console.draw('iter 1/10  loss 12.5')
    console.draw('iter 2/10')
    assert screen(stream.getvalue()) == ['iter 2/10']
    console.write('Warning: hot\n')  # as a logging handler does
    console.draw('iter 3/10')
    assert screen(stream.getvalue()) == ['Warning: hot', 'iter 3/10']
    console.clear()
    assert screen(stream.getvalue()) == ['Warning: hot', '']


def test_a_line_in_place_does_not_wrap(monkeypatch):
    monkeypatch.setenv('COLUMNS', '40')
    stream = Terminal()
    Console(stream).draw('x' * 100)
    assert stream.getvalue() == '\r' + 'x' * 39


@pytest.mark.parametrize(('line', 'shown'), [
    ('裂' * 30, '裂' * 19),  # 38 columns; the next would be the 40th
    ('e\u0301' * 50, 'e\u0301' * 39),
    ('\udcfc' * 10, '\\udcfc' * 6 + '\\ud'),  # of a Latin-1 file name
])
def test_letters_of_other_widths_do_not_wrap_either(monkeypatch, line, shown):
    monkeypatch.setenv('COLUMNS', '40')
    stream = Terminal()
    console = Console(stream)
    console.draw(line)
    assert stream.getvalue() == '\r' + shown
    stream.truncate(0)
    console.clear()
    columns = 38 if line[0] == '裂' else 39
    assert stream.getvalue().strip('\0') == f'\r{" " * columns}\r'


def test_a_stream_that_is_no_terminal_gets_whole_lines():
    stream = io.StringIO()
    console = Console(stream)
    console.draw('iter 1/10')
    console.print('done')
    assert stream.getvalue() == 'iter 1/10\ndone\n'


def test_a_class_name_that_the_encoding_lacks():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding='ascii')
    Console(stream).print('Gefüge β')
    assert raw.getvalue() == b'Gef\\xfcge \\u03b2\n'


@pytest.mark.parametrize(('seconds', 'lines'), [
    (1, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
    (0.01, []),  # over before there is a word to lose
    (0.5, [20, 40, 60, 80, 100]),
    # ten minutes without a line are the most
    (150, [1, 5, 9, 10, 14, 18, 20, 24, 28, 30, 34, 38, 40]),
])
def test_lines_that_stay_are_few(seconds, lines):
    stream, clock = io.StringIO(), Clock()
    progress = Progress(Console(stream), 100, clock=clock)
    for i in range(1, 101):
        clock.now += seconds
        progress.show(i, lambda i=i: str(i))
    drawn = [int(line) for line in stream.getvalue().split()]
    assert drawn[:len(lines)] == lines
    assert len(drawn) <= len(lines) or seconds == 150


def test_a_resumed_work_counts_its_own_tenths():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(Console(stream), 1000, done=500, clock=clock)
    for i in range(501, 701):
        clock.now += 1
        progress.show(i, lambda i=i: str(i))
    assert stream.getvalue().split() == ['510', '600', '700']


def test_a_terminal_is_redrawn_five_times_a_second():
    stream, clock = Terminal(), Clock()
    progress = Progress(Console(stream), 100, clock=clock)
    for i in range(1, 101):
        clock.now += 0.0625  # exact in binary
        progress.show(i, lambda i=i: str(i))
    # the first at once, then each fourth step
    assert stream.getvalue().count('\r') == 25


def test_it_is_closed_with_its_stream():
    stream = io.StringIO()
    console = Console(stream)
    assert not console.closed
    stream.close()
    assert console.closed

"""The table comes back as it was written, also after an interruption."""
import pytest

from mmseg_ext.labeling.label_table import (
    LabelRow,
    append_row,
    read_table,
    write_table,
)
from mmseg_ext.labeling.points import Point

ROWS = [
    LabelRow('b', 1, 'review', 'unreadable: "b", truncated or so'),
    LabelRow('a/1', 1, 'accepted', probability=0.75,
             points=(Point(3, 4), Point(50, 6)), quality=0.5, area=0.0125,
             iou=0.0),
    LabelRow('c', 0, 'clean'),
]


def test_comes_back_sorted(tmp_path):
    path = tmp_path / 'labels.csv'
    write_table(path, ROWS[:2])
    append_row(path, ROWS[2])
    assert read_table(path) == {row.image: row for row in ROWS}
    assert list(read_table(path)) == ['a/1', 'b', 'c']


def test_one_line_a_row(tmp_path):
    path = tmp_path / 'labels.csv'
    write_table(path, [LabelRow('a', 1, 'review', 'unreadable:\nwhy')])
    assert len(path.read_text().splitlines()) == 2
    assert read_table(path)['a'].reason == 'unreadable: why'


def test_half_a_line_does_not_count(tmp_path):
    path = tmp_path / 'labels.csv'
    write_table(path, ROWS[1:2])
    append_row(path, ROWS[2])
    whole = path.read_text()
    for cut in range(1, len('c,0,clean,,,,,,\n') + 1):
        path.write_text(whole[:-cut])
        assert list(read_table(path)) == ['a/1']


@pytest.mark.parametrize(('line', 'found'), [
    ('a,1,fine,,,,,,,', "line 2: 'fine' is none of"),
    ('a,1', 'line 2: it has 2 cells in place of 10'),
    ('a,x,clean,,,,,,,', 'line 2: invalid literal'),
])
def test_wrong_lines_are_named(line, found, tmp_path):
    path = tmp_path / 'labels.csv'
    write_table(path, [])
    path.write_text(path.read_text() + line + '\n')
    with pytest.raises(ValueError, match=found):
        read_table(path)


def test_other_tables(tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text('image,label\n')
    with pytest.raises(ValueError, match="first line is 'image,label'"):
        read_table(path)

"""Tables that spreadsheets show and do not run, and that come back."""
import csv
import io

import pytest

from mmseg_ext.basics import CsvWriter, read_rows
from mmseg_ext.basics.csv_files import GrowingTable, read_table

FORMULAS = ['=1+2', '=HYPERLINK("http://x","y")', '+A1', '-A1', '@SUM(1)',
            '\uff1d1', '--2', '-', '=']
TEXTS = ['a', "'", "'a", 'a=b', 'a,"b"', '', 'Gefüge', "'=1", "''-x"]
NUMBERS = ['-1.5', '+3', '-1e-5', '-.5', '0']


def write(*rows) -> str:
    text = io.StringIO()
    CsvWriter(text).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize('text', FORMULAS)
def test_formulas_are_text(text):
    (cell, ), = csv.reader([write([text])])
    assert cell == f"'{text}"


@pytest.mark.parametrize('text', [*FORMULAS, *TEXTS, *NUMBERS])
def test_all_comes_back(text):
    rows = read_rows(io.StringIO(write(['x', 'y'], [text, 'end'])),
                     ('x', 'y'), 'it')
    assert list(rows) == [dict(x=text, y='end')]


def test_numbers_stay_numbers():
    assert write([-1.5, None, 3], NUMBERS[:3]) == (
        '-1.5,,3\n-1.5,+3,-1e-5\n')


def test_one_line_a_row():
    assert write(['a\nb\rc\td', 'x']) == 'a\\nb\\rc\\td,x\n'


@pytest.mark.parametrize(('content', 'found'), [
    (b'x,z\n1,2\n', r"table\.csv must have the columns x,y; .*'x,z'"),
    (b'', 'must have the columns x,y'),
    (b'x,y\n1,2\n1\n', r'table\.csv, line 3: it has 1 cells in place of 2'),
    (b'x,y\n1,2,3\n', 'line 2: it has 3 cells'),
    (b'x,y\n\xff,2\n', r'table\.csv is not UTF-8'),
])
def test_other_files_are_named(content, found, tmp_path):
    (tmp_path / 'table.csv').write_bytes(content)
    with (open(tmp_path / 'table.csv', encoding='utf-8', newline='') as file,
          pytest.raises(ValueError, match=found)):
        list(read_rows(file, ('x', 'y'), 'table.csv'))


@pytest.fixture
def table(tmp_path):
    table = GrowingTable(tmp_path / 't.csv', ('x', 'y', 'z'), ['z'])
    table.write([('=1', 2, 3)])
    return table


def test_a_table_that_grows(table):
    table.append([('a', 'b', 'c')])
    assert list(table.rows()) == [dict(x='=1', y='2', z='3'),
                                  dict(x='a', y='b', z='c')]
    table.keep(lambda row: row['x'] == 'a')
    assert table.path.read_text() == 'x,y,z\na,b,c\n'


@pytest.mark.parametrize('lost', range(1, len('Gefüge,1,2\n'.encode()) + 1))
def test_a_line_that_was_cut_off(table, lost):
    table.append([('Gefüge', 1, 2)])
    table.path.write_bytes(table.path.read_bytes()[:-lost])
    assert [row['x'] for row in table.rows()] == ['=1']


@pytest.mark.parametrize('content', [
    b'z,y,x\n3,2,1\n', b'\xef\xbb\xbfx,y,z\r\n1,2,3\r\n',
    b'\xef\xbb\xbf"x","y","z"\n1,"2",3\n'])
def test_what_a_spreadsheet_has_saved(table, content):
    table.path.write_bytes(content)
    table.keep(lambda row: True)
    assert table.path.read_text() == 'x,y,z\n1,2,3\n'


def test_a_column_that_earlier_versions_lack(table):
    table.path.write_text('x,y\n1,2\n')
    assert list(table.rows()) == [dict(x='1', y='2', z='')]
    for heads in ('x,z', 'x,y,y', 'x,y,z,q', ''):
        table.path.write_text(f'{heads}\n')
        with pytest.raises(ValueError, match='must have the columns x,y,z'):
            list(table.rows())


def test_a_whole_file(tmp_path):
    (tmp_path / 't.csv').write_text(write(['x', 'y'], ['=1', 2]))
    assert read_table(tmp_path / 't.csv') == [dict(x='=1', y='2')]

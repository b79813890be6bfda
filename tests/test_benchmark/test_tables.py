"""Tables against numpy, and every form of them read back."""
import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from mmseg_ext.benchmark.suite import Column, Groups, Published, Row, Suite
from mmseg_ext.benchmark.table_files import to_csv, to_latex, to_markdown
from mmseg_ext.benchmark.tables import (
    Cell,
    group_tables,
    main_table,
    mark_best,
    published_tables,
)

MIOU = Column('mIoU', 'mIoU', '%')
ERROR = Column('ClassRatioError', 'error', '%p', 3, 'lower')
# seeds 0 to 2 of two rows; one run of the second is missing
NUMBERS = dict(
    plain=dict(mIoU=[80.0, 81.5, 79.25], ClassRatioError=[3.0, 2.0, 2.5]),
    ours=dict(mIoU=[85.125, 84.5], ClassRatioError=[2.25, float('nan')]))
COSTS = dict(
    plain=dict(parameters=3716000, flops=1.5e9, cio=2.5e6, milliseconds=12.34),
    ours=dict(error='RuntimeError: no room'))
PUBLISHED = Published(
    'A 50% & more paper_1', True, 'why',
    dict(plain='plain', ours='ours_2 & b'), dict(plain=dict(mIoU='79.0')), {})


@pytest.fixture
def suite():
    return Suite(
        name='s', runs='s', title='Two models', budget='b', data_root='d',
        data_help='h', input_size=(64, 64), seeds=(0, 1, 2),
        columns=(MIOU, ERROR),
        rows=(Row('plain', 'plain', 'p.py'), Row('ours', 'ours_2 & b',
                                                 'o.py')),
        cfg_options={}, from_scratch=False, equal_time=None, groups=None,
        published=None)


@pytest.fixture
def results():
    return {
        row: {seed: dict(metrics={key: values[seed] for key, values in
                                  numbers.items()})
              for seed in range(len(numbers['mIoU']))}
        for row, numbers in NUMBERS.items()
    }


def test_main_table(suite, results):
    table = main_table(suite, results, COSTS)
    assert table.headings == [
        'mIoU (%)', 'error (%p)', 'parameters (M)', 'GFLOPs', 'CIO (M)',
        'time per image (ms)']
    plain, ours = table.rows['plain'], table.rows['ours_2 & b']
    assert plain[0].value == pytest.approx(np.mean([80.0, 81.5, 79.25]))
    assert plain[0].spread == pytest.approx(
        np.std([80.0, 81.5, 79.25], ddof=1))
    assert (plain[0].runs, ours[0].runs, ours[0].expected) == (3, 2, 3)
    # nan counts in no mean, and one number has no spread
    assert (ours[1].value, ours[1].spread, ours[1].runs) == (2.25, None, 1)
    assert [cell.value for cell in plain[2:]] == pytest.approx(
        [3.716, 1.5, 2.5, 12.34])
    assert [cell.value for cell in ours[2:]] == [None] * 4
    # 84.81 +- 0.44 lies above 80.25 +- 1.15
    assert ours[0].best
    assert not any(cell.best for cell in plain)


def test_markdown_reads_back(suite, results):
    text = to_markdown(main_table(suite, results, COSTS))
    assert text == '''### Two models

| model | mIoU (%) | error (%p) | parameters (M) | GFLOPs | CIO (M) | time per image (ms) |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| plain | 80.25 ± 1.15 | 2.500 ± 0.500 | 3.716 | 1.50 | 2.50 | 12.3 |
| ours_2 & b | **84.81 ± 0.44** (n=2 of 3) | 2.250 (n=1 of 3) | - | - | - | - |
'''  # noqa: E501


def test_quartiles_and_memory_are_shown_where_they_are_known(suite, results):
    costs = dict(plain=dict(COSTS['plain'], memory=3 * 2**20,
                            quartiles=[12.0, 13.25]), ours=COSTS['ours'])
    table = main_table(suite, results, costs)
    assert table.headings[-2:] == ['memory (MB)', 'time per image (ms)']
    assert '| 3 | 12.3 (12.0 to 13.2) |' in to_markdown(table)
    assert '$3$ & $12.3$ (12.0 to 13.2)' in to_latex(table)
    plain, ours = csv.DictReader(io.StringIO(to_csv(table)))
    names = [f'time per image (ms) {end} quartile'
             for end in ('lower', 'upper')]
    assert [plain[name] for name in names] == ['12.0', '13.25']
    assert [ours[name] for name in names] == ['', '']


def test_latex_reads_back(suite, results):
    table = main_table(suite, results, COSTS)
    lines = to_latex(table).splitlines()
    assert lines[1] == r'\begin{tabular}{lrrrrrr}'
    assert lines[-1] == r'\end{tabular}'
    assert r'mIoU (\%)' in lines[3]
    body = [re.split(r'(?<!\\)&', line.removesuffix(r' \\'))
            for line in lines[5:-2]]
    assert [line[0].strip() for line in body] == ['plain', r'ours\_2 \& b']
    for line, cells in zip(body, table.rows.values()):
        for text, cell in zip(line[1:], cells):
            if cell.value is None:
                assert text.strip() == '-'
                continue
            number = text.split('$')[1]
            assert number.startswith(r'\mathbf{') == cell.best
            value, *spread = number.removeprefix(r'\mathbf{').removesuffix(
                '}').split(r' \pm ')
            assert float(value) == round(cell.value, cell.digits)
            assert [float(x) for x in spread] == (
                [] if cell.spread is None else [round(cell.spread,
                                                      cell.digits)])
    # every bracket is closed, and nothing is special that should not be
    assert to_latex(table).count('{') == to_latex(table).count('}')


def test_csv_is_exact(suite, results):
    table = main_table(suite, results, COSTS)
    plain, ours = csv.DictReader(io.StringIO(to_csv(table)))
    assert ours['model'] == 'ours_2 & b'
    assert float(plain['mIoU (%)']) == np.mean(NUMBERS['plain']['mIoU'])
    assert float(ours['mIoU (%) std']) == pytest.approx(
        np.std(NUMBERS['ours']['mIoU'], ddof=1), rel=1e-15)
    assert ours['error (%p) std'] == ''
    assert (plain['mIoU (%) n'], ours['error (%p) n']) == ('3', '1')
    assert plain['GFLOPs'] == '1.5'
    assert ours['GFLOPs'] == ''


@pytest.mark.parametrize('title', ['a_b', '50% & #1 {x}', r'\x ~ ^ $5'])
def test_latex_escapes(title, suite, results):
    suite = replace(suite, rows=(Row('plain', title, 'p.py'), ))
    line = to_latex(main_table(suite, results, {})).splitlines()[5]
    text = line[:line.index(' & $')]
    for sign, name in (('\\textbackslash{}', '\\'), ('\\textasciitilde{}',
                                                      '~'),
                       ('\\textasciicircum{}', '^')):
        text = text.replace(sign, f'<{name}>')
    assert not re.search(r'(?<!\\)[&%$#_{}~^](?!>)', text)
    assert re.sub(r'\\([&%$#_{}])|<(.)>', r'\1\2', text) == title


def cells(*numbers):
    return [Cell(value, 2, spread, 3, 3) for value, spread in numbers]


@pytest.mark.parametrize(('numbers', 'better', 'best'), [
    (cells((80, 1), (83, 1)), 'higher', 1),
    (cells((80, 1), (83, 1)), 'lower', 0),
    (cells((80, 1), (82, 1)), 'higher', None),  # 81 and 81 touch
    (cells((80, 1), (83, 1), (82.5, .1)), 'higher', None),
    (cells((80, 1), (83, None)), 'higher', None),  # one run
    (cells((83, 1)), 'higher', None),  # alone
    ([*cells((80, 1), (83, 1)), Cell()], 'higher', 1),  # failed
])
def test_bold_is_earned(numbers, better, best):
    marked = mark_best(numbers, better)
    assert [i for i, cell in enumerate(marked) if cell.best] == (
        [] if best is None else [best])


def test_comparable_numbers_stand_beside_ours(suite, results):
    suite = replace(suite, published=PUBLISHED)
    table = main_table(suite, results, COSTS)
    assert table.headings[:3] == ['mIoU (%)', 'mIoU, published', 'error (%p)']
    assert '| plain | 80.25 ± 1.15 | 79.0 | 2.500' in to_markdown(table)
    assert '| ours_2 & b | **84.81 ± 0.44** (n=2 of 3) | - |' in to_markdown(
        table)
    assert 'plain & $80.25 \\pm 1.15$ & $79.0$ &' in to_latex(table)
    assert published_tables(suite) == []


def test_other_numbers_have_a_table_of_their_own(suite, results):
    suite = replace(
        suite,
        groups=Groups('category', (MIOU, )),
        published=replace(
            PUBLISHED, comparable=False,
            groups=dict(nut=dict(plain='91.20'), zip=dict(ours='9.00'))))
    assert 'mIoU, published' not in main_table(suite, results, {}).headings
    values, groups = published_tables(suite)
    assert to_csv(values) == 'model,mIoU (%)\nplain,79.0\n'
    assert groups.headings == ['plain', 'ours_2 & b']
    assert to_csv(groups) == (
        'category,plain,ours_2 & b\nnut,91.20,\nzip,,9.00\n')
    assert '| nut | 91.20 | - |' in to_markdown(groups)


def test_groups(suite):
    results = {
        'plain': {
            seed: dict(metrics={
                'mIoU': 1.0, 'bottle.mIoU': 70.0 + seed, 'nut.mIoU': 60.0,
                'category_mean.mIoU': 65.0 + seed / 2, 'nut.IoU.x': 5.0})
            for seed in range(3)},
        'ours': {
            0: dict(metrics={'mIoU': 1.0, 'bottle.mIoU': 90.0,
                             'category_mean.mIoU': 90.0}),
            1: dict(metrics={'mIoU': 1.0, 'bottle.mIoU': 92.0,
                             'category_mean.mIoU': 92.0})}}
    suite = replace(suite, groups=Groups('category', (MIOU, )))
    table, = group_tables(suite, results)
    assert [*table.rows] == ['bottle', 'nut', 'category_mean']
    assert to_markdown(table) == '''### mIoU (%) by category

| category | plain | ours_2 & b |
| --- | ---: | ---: |
| bottle | 71.00 ± 1.00 | **91.00 ± 1.41** (n=2 of 3) |
| nut | 60.00 ± 0.00 | - (n=0 of 3) |
| category_mean | 65.50 ± 0.50 | **91.00 ± 1.41** (n=2 of 3) |
'''


def test_a_number_that_no_test_gives(suite, results):
    suite = replace(suite, columns=(Column('mIou', 'mIoU'), ))
    with pytest.raises(ValueError, match=r"no number 'mIou'; it has mIoU, C"):
        main_table(suite, results, {})

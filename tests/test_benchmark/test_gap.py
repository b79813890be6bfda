"""The gap that is closed, against numbers that are easy to follow."""
from types import SimpleNamespace

import pytest

from mmseg_ext.benchmark.gap import HEADING, gap_column
from mmseg_ext.benchmark.row_options import Row
from mmseg_ext.benchmark.suite import Column, Gap

GAP = Gap('source', 'oracle')


def suite(better='higher', gap=GAP):
    return SimpleNamespace(
        columns=(Column('mIoU', 'mIoU', '%', better=better), ), gap=gap,
        rows=tuple(Row(name, name.title(), '')
                   for name in ('source', 'level', 'oracle')),
        num_runs=3, row=lambda name: SimpleNamespace(title=name.title()))


def results(**values):
    return {row: {(seed, None): dict(metrics=dict(mIoU=value))
                  for seed, value in enumerate(found) if value is not None}
            for row, found in values.items()}


def test_it_is_the_quotient_of_the_means():
    found = results(source=[20, 30, 10], level=[50, 60, 40],
                    oracle=[60, 80, 70])
    closed = gap_column(suite(), found)
    cells = closed.columns[HEADING]
    assert [*cells] == ['level']
    # gaps of 40, 50 and 60; of each, 30 are closed
    assert cells['level'].value == pytest.approx(60)
    assert cells['level'].spread == pytest.approx(0)
    assert 'the mean gap, 50.0 %, to Oracle' in closed.notes[0]


def test_seeds_that_are_missing_do_not_count():
    found = results(source=[20, 30], level=[50, None, 40],
                    oracle=[60, None, 70])
    cell = gap_column(suite(), found).columns[HEADING]['level']
    assert (cell.value, cell.runs, cell.expected) == (75, 1, 3)


def test_errors_close_a_gap_downwards():
    found = results(source=[9], level=[12], oracle=[3])
    cell = gap_column(suite('lower'), found).columns[HEADING]['level']
    assert cell.value == pytest.approx(-50)


@pytest.mark.parametrize(('values', 'sentence'), [
    (dict(source=[50], level=[60], oracle=[50]), 'no gap to close'),
    (dict(source=[50], level=[60], oracle=[]), 'without a run of Source'),
])
def test_without_a_gap_there_is_no_column(values, sentence):
    closed = gap_column(suite(), results(**values))
    assert not closed.columns
    assert sentence in closed.notes[0]
    assert gap_column(suite(gap=None), {}).notes == []

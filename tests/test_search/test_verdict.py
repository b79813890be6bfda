"""What is said of a lead, by fresh seeds."""
import pytest
from mmengine.config import Config

from mmseg_ext.search import Score
from mmseg_ext.search.final import Entry
from mmseg_ext.search.records import FINISHED, Record
from mmseg_ext.search.verdict import final_verdict


def entry(title, accuracies, latency=1.0):
    record = Record(3, FINISHED, {}, accuracy=70.0, latency=latency,
                    parameters=1.0, terms=Score().terms(70, latency, 1))
    return Entry(title, record, Config(), (), accuracies)


@pytest.mark.parametrize('accuracies, latency, words', [
    ((64.0, 66.0, 68.0), 1.0, 'more than the seeds\' spread of 2.00'),
    ((60.0, 61.0, 65.0), 1.0, 'within the seeds\' spread of 2.65'),
    ((61.0, 62.0, 63.0), 1.5, 'Nothing better than the base'),  # it is slower
    ((66.0, ), 1.0, 'Of one seed there is no spread'),
])
def test_lead_against_spread(accuracies, latency, words):
    base = entry('base', (59.0, 60.0, 61.0)[:len(accuracies)])
    best = entry('trial 3', accuracies, latency)
    text = final_verdict(Score(), 'mIoU', [base, best])
    assert words in text[-1]


def test_without_a_base():
    assert 'nothing to compare' in final_verdict(
        Score(), 'mIoU', [entry('trial 3', (1.0, 2.0))])[0]

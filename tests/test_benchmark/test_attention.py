"""The claim in configs/benchmarks/README.md, measured on a small crop."""
import sys

import pytest

from mmseg_ext.benchmark import compare_attention


@pytest.mark.skipif(
    sys.platform != 'linux', reason='peak memory is read from /proc')
@pytest.mark.usefixtures('warm_python')
def test_ours_is_faster_and_smaller():
    costs = compare_attention(crop=256, repeats=3)
    literal, ours = costs['literal'], costs['ours']
    assert ours.total < literal.total
    # the literal form holds 4096 x 4096 scores of 4 bytes more than once
    assert literal.memory > 64
    assert ours.memory < literal.memory / 4


@pytest.mark.parametrize('kwargs', [dict(crop=4), dict(crop=100),
                                    dict(repeats=0)])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        compare_attention(**kwargs)

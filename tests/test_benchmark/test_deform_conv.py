"""The backends' costs, on a small map."""
import sys

import pytest

from mmseg_ext.benchmark.deform_conv import compare_deform_conv
from mmseg_ext.ops.deform_conv import available_backends


@pytest.mark.skipif(
    sys.platform != 'linux', reason='peak memory is read from /proc')
@pytest.mark.usefixtures('warm_python')
def test_every_installed_backend_is_measured():
    costs = compare_deform_conv(channels=32, size=64, batch=1, repeats=1)
    assert tuple(costs) == available_backends()
    for cost in costs.values():
        assert min(cost.forward, cost.backward) > 0
        assert cost.total == cost.forward + cost.backward
    # all the samples: 9 taps x 32 channels x 64 x 64 pixels x 4 bytes
    assert costs['torch'].memory > 4.5


@pytest.mark.skipif(
    sys.platform != 'linux', reason='peak memory is read from /proc')
@pytest.mark.usefixtures('warm_python')
def test_a_layer_has_a_form_of_its_own():
    costs = compare_deform_conv(
        channels=64, size=64, batch=1, block=True, repeats=1)
    assert tuple(costs) == ('auto', *available_backends())
    # no samples of 9 taps x 32 channels, twice
    assert costs['auto'].memory < costs['torch'].memory


@pytest.mark.parametrize('name', ['channels', 'size', 'batch', 'repeats'])
def test_bad_arguments(name):
    with pytest.raises(ValueError, match=f'{name}=0: must be at least 1'):
        compare_deform_conv(**{name: 0})

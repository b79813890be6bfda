"""Free memory is a number that a machine can have."""
from mmseg_ext.basics.free_memory import free_memory


def test_is_more_than_this_needs():
    assert free_memory() > 2**20

"""Free memory is a number that a machine can have."""
from mmseg_ext.basics.available_memory import available_memory


def test_is_more_than_this_needs():
    assert available_memory() > 2**20

"""Available memory is a number that a machine can have."""
import resource

from alone import alone

from mmseg_ext.basics.available_memory import available_memory


def test_is_more_than_this_needs():
    assert available_memory() > 2**20


def test_a_limit_of_the_shell_counts():
    """ulimit -v, less than is in use."""
    def limited() -> float:
        resource.setrlimit(resource.RLIMIT_AS, (2**26, 2**34))
        return available_memory()

    assert alone(limited) < 2**26

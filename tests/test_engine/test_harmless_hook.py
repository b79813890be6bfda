"""What fails in such a hook is told once, and goes no further."""
import logging

import pytest
from mmengine.logging import MMLogger

from mmseg_ext.engine.harmless_hook import HarmlessHook


class Drawing(HarmlessHook):
    what = 'a.png cannot be drawn'


@pytest.fixture
def told():
    """Return what the logger of this moment is told, from now on."""
    logger, told = MMLogger.get_current_instance(), []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logger.addHandler(handler)
    yield told
    logger.removeHandler(handler)


def test_a_failure_is_told_once(told):
    hook, done = Drawing(), []
    hook.attempt(done.append, 1)
    for _ in range(2):
        hook.attempt(done.index, 2)
    hook.attempt(done.append, 3)
    assert done == [1, 3]
    assert told == ['a.png cannot be drawn, the training goes on without: '
                    'ValueError: 2 is not in list']

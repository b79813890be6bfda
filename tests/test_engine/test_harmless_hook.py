"""What fails in such a hook is told once, and goes no further."""
from mmseg_ext.engine.harmless_hook import HarmlessHook


class Drawing(HarmlessHook):
    what = 'a.png cannot be drawn'


def test_a_failure_is_told_once(capsys):
    hook, done = Drawing(), []
    hook.attempt(done.append, 1)
    for _ in range(2):
        hook.attempt(done.index, 2)
    hook.attempt(done.append, 3)
    assert done == [1, 3]
    printed = capsys.readouterr().out
    assert printed.count('a.png cannot be drawn, the training goes on') == 1
    assert 'ValueError: 2 is not in list' in printed

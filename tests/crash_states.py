"""Every state in which a killed process can leave a folder."""
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

# Before each of these a process can have been killed; what it has written
# and not flushed is lost then, as it is here.
CHANGES = ('os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.truncate',
           'os.link', 'os.symlink')
Tree = dict[str, bytes | None]

_look: Callable[[], None] | None = None
_hooked = False


def read_tree(root: Path) -> Tree:
    """Return path -> content of what is in a folder; None: a folder."""
    return {
        path.relative_to(root).as_posix():
        None if path.is_dir() else path.read_bytes()
        for path in sorted(root.rglob('*'))
    }


def write_tree(root: Path, tree: Tree) -> None:
    """Put a folder into a state."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name, content in tree.items():
        if content is None:
            (root / name).mkdir()
        else:
            (root / name).write_bytes(content)


def crash_states(root: Path, job: Callable[[], object]) -> list[Tree]:
    """Do a job, and return what its folder was before each file event.

    Args:
        root: The folder, which is there.
        job: What writes to it.
    """
    states: list[Tree] = []

    def look() -> None:
        global _look
        _look = None  # not at what is done here
        state = read_tree(root)
        if state not in states:
            states.append(state)
        _look = look

    _watch(look, job)
    return states


def killed_at(event: int, job: Callable[[], object]) -> bool:
    """Do a job in a process that is killed before a file event (SIGKILL).

    Args:
        event: Its number, from 0.
        job: What writes files.

    Returns:
        Whether it was killed; else it had done the job by then.
    """
    left = event

    def look() -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    child = os.fork()
    if not child:
        try:
            _watch(look, job)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def _watch(look: Callable[[], None], job: Callable[[], object]) -> None:
    global _look, _hooked
    if not _hooked:  # for ever: a hook cannot be taken off
        sys.addaudithook(_audit)
        _hooked = True
    _look = look
    try:
        job()
    finally:
        _look = None


def _audit(event: str, args: tuple) -> None:
    if _look is None:
        return
    writes = event == 'open' and isinstance(args[2], int) and (
        args[2] & (os.O_WRONLY | os.O_RDWR))
    if writes or event in CHANGES:
        _look()

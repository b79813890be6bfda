"""Call a function where no other thread runs, as in a tool's process."""
import os
import pickle
import traceback
from collections.abc import Callable


def alone(call: Callable):
    """Return what it returns in a forked process, or raise what it raises.

    The processes of pytest-xdist have threads of their own; of a forked one
    the calling thread alone goes on.
    """
    return begin_alone(call)()


def begin_alone(call: Callable) -> Callable:
    """Begin the same, and return the function that waits for its end."""
    ears, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                outcome = call(), None
            except Exception as error:
                outcome = None, error
            with os.fdopen(mouth, 'wb') as pipe:
                pickle.dump(outcome, pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(mouth)

    def wait():
        with os.fdopen(ears, 'rb') as pipe:
            value, error = pickle.load(pipe)
        os.waitpid(child, 0)
        if error is not None:
            raise error
        return value

    return wait

"""torchrun, which does not say again what a tool has said.

Takes torchrun's arguments. Where one of the processes ends with an error,
torchrun logs that, and ends with a traceback of its own: above those, the
tool's sentence is hard to find.
"""
import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main


def run() -> None:
    """Run a script in several processes, and end as the first that failed."""
    logging.getLogger('torch.distributed.elastic').setLevel(logging.CRITICAL)
    try:
        main()
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        code = failure.exitcode
        if code < 0:  # it had no chance to say why
            name = signal.Signals(-code).name
            print(f'Process {rank} was ended by {name}.',
                  file=sys.stderr)
        sys.exit(code if code > 0 else 128 - code)


if __name__ == '__main__':
    run()

"""A process as executors start it: python -m cluster_work FOLDER.

It fails if another one is at work in the folder.
"""
import fcntl
import json
import os
import sys
import threading
import time
from pathlib import Path


def end():
    os.read(0, 1)
    os.killpg(os.getpid(), 9)


if __name__ == '__main__':
    threading.Thread(target=end, daemon=True).start()
    folder = Path(sys.argv[1])
    alone = os.open(folder / 'alone', os.O_CREAT | os.O_WRONLY)
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(folder / 'pids', 'a') as file:
        print(os.getpid(), file=file)
    print('at work', flush=True)
    while (folder / 'hold').exists():
        time.sleep(0.05)
    if (folder / 'broken').exists():
        sys.exit(3)
    (folder / 'result.json').write_text(
        json.dumps(dict(seconds=1, folder=str(folder))))

"""A Dask cluster of processes on this machine, for tests that end some."""
import json
import subprocess
import sys
import time


class LoopbackCluster:
    """A scheduler, and workers of one thread each.

    Args:
        folder: For the scheduler file and what the processes print.
        python: Interpreter of the workers, and so of their jobs.
    """

    def __init__(self, folder, python=sys.executable):
        self.folder, self.python = folder, python
        self.file = folder / 'scheduler.json'
        self.workers = []
        self.scheduler = self._start(
            sys.executable, 'distributed.cli.dask_scheduler', '--host',
            '127.0.0.1', '--port', '0', '--dashboard-address', ':0',
            '--scheduler-file', str(self.file))
        while not self.file.exists():
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())['address']

    def _start(self, python, module, *options):
        with open(self.folder / f'{module}.txt', 'ab') as log:
            return subprocess.Popen(
                [python, '-m', module, *options], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=self.folder)

    def add(self):
        """Start a worker."""
        self.workers.append(self._start(
            self.python, 'distributed.cli.dask_worker', self.address,
            '--nthreads', '1', '--no-nanny', '--no-dashboard',
            '--local-directory', str(self.folder)))

    def close(self):
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(30)
        self.scheduler.kill()
        self.scheduler.wait()

"""The program of warm_python.py is started, told and ended as a Python is."""
import os
import select
import signal
import subprocess
from multiprocessing import get_context

import pytest

TICK = '''
import time
while True:
    print(1, flush=True)
    time.sleep(0.02)
'''


@pytest.fixture
def run(warm_python):
    def run(*arguments, **options) -> subprocess.CompletedProcess:
        return subprocess.run([warm_python, *arguments], text=True,
                              capture_output=True, **options)
    return run


def test_arguments_folder_and_streams(run, tmp_path):
    done = run('-c', 'import os, sys; print(sys.argv, os.getcwd(), '
               'os.environ["OWN"], input()); sys.exit("a reason")', 'x',
               cwd=tmp_path, input='in', env=dict(os.environ, OWN='mine'))
    assert done.returncode == 1
    assert done.stdout == f"['-c', 'x'] {tmp_path} mine in\n"
    assert done.stderr == 'a reason\n'
    assert run('-W', 'ignore', '-u', '-m', 'json.tool', input='{}'
               ).stdout == '{}\n'
    (tmp_path / 'a.py').write_text('import b')
    (tmp_path / 'b.py').write_text('raise ValueError(__name__)')
    done = run(tmp_path / 'a.py')
    assert done.returncode == 1 and done.stderr.endswith('ValueError: b\n')
    assert 'no_site=1' in run('-S', '-c', 'import sys; print(sys.flags)'
                              ).stdout  # by the interpreter


@pytest.mark.parametrize('number', [
    signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ends_by_what_it_is_sent(warm_python, number):
    with subprocess.Popen([warm_python, '-c', TICK], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as program:
        program.stdout.read(1)
        program.send_signal(number)
        program.communicate()  # both streams are closed: it has ended
    assert program.returncode == -number


def test_is_stopped_and_goes_on(warm_python):
    with subprocess.Popen([warm_python, '-c', TICK],
                          stdout=subprocess.PIPE) as program:

        def says_something(seconds: float) -> bool:
            ready, *_ = select.select([program.stdout], [], [], seconds)
            return bool(ready and os.read(program.stdout.fileno(), 2**16))

        assert says_something(60)
        program.send_signal(signal.SIGSTOP)
        assert any(not says_something(0.5) for _ in range(3000))
        program.send_signal(signal.SIGCONT)
        assert says_something(60)
        program.kill()


def test_is_what_multiprocessing_spawns(warm_python):
    context = get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=sender.send, args=(5, ))
    process.start()
    sender.close()
    assert receiver.recv() == 5
    process.join()
    assert process.exitcode == 0

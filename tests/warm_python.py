"""A ``python`` that has imported already, for tests of what tools start.

A new interpreter takes seconds to import torch and OpenMMLab, and a torchrun
of two processes three of them. Here a server is forked from the process of
the tests, once all test modules are imported and before the first test runs.
``python`` is a program that hands its arguments, folder, environment and open
files to the server, which forks a process for them; what is sent to the
program is passed on, and it ends as that process does. What depends on the
imports themselves needs ``sys.executable`` or ``programs.run_program``.

Linux alone: elsewhere, the interpreter takes its place.
"""
import atexit
import faulthandler
import fcntl
import json
import logging
import multiprocessing.spawn
import os
import random
import runpy
import selectors
import shlex
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Optional

INTERPRETER = sys.executable
CLIENT = Path(__file__).with_name('warm_python_client.py')
PAUSE = 0.2  # seconds between looks for stopped programs
HIGH = 500  # above the descriptors of a test


class WarmPython:
    """The server and its program.

    Attributes:
        python: The program; its folder's parent serves as VIRTUAL_ENV.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix='warm'))
        self.python = self.folder / 'bin/python'
        self.python.parent.mkdir()
        address = self.folder / 'socket'
        self.python.write_text('#!/bin/sh\nexec ' + shlex.join(map(str, (
            sys.executable, '-I', '-S', CLIENT, self.python, address,
            sys.executable))) + ' "$@"\n')
        self.python.chmod(0o755)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        listener.listen(64)
        ears, self.alive = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.alive)
                _serve(listener, ears)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        listener.close()
        os.close(ears)

    def close(self) -> None:
        os.close(self.alive)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.folder)


def start() -> Optional[WarmPython]:
    """Start the server where the system has what it needs."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return None
    return WarmPython()


def _serve(listener: socket.socket, ears: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(ears, selectors.EVENT_READ)
    running = {}  # client -> its process
    stopped = set()
    while True:
        ready = selector.select(PAUSE if running else None)
        for client, pid in running.items():
            if _is_stopped(client) is not (pid in stopped):
                stopped ^= {pid}
                os.kill(pid, signal.SIGSTOP if pid in stopped
                        else signal.SIGCONT)
        for key, _ in ready:
            if key.fileobj == ears:
                for pid in running.values():
                    os.kill(pid, signal.SIGKILL)
                return
            if key.fileobj is listener:
                client = listener.accept()[0]
                pid = _begin(client)
                running[client] = pid
                selector.register(client, selectors.EVENT_READ, 'client')
                selector.register(
                    os.pidfd_open(pid), selectors.EVENT_READ, (pid, client))
                with suppress(BrokenPipeError):  # killed since
                    client.sendall(f'{pid}\n'.encode())
            elif key.data == 'client':
                if key.fileobj in running:  # it was killed
                    os.kill(running[key.fileobj], signal.SIGKILL)
                    selector.unregister(key.fileobj)
            else:
                pid, client = key.data
                status = os.waitpid(pid, 0)[1]
                selector.unregister(key.fileobj)
                os.close(key.fileobj)
                with suppress(KeyError, BrokenPipeError):  # it was killed
                    selector.unregister(client)
                    client.sendall(f'{status}\n'.encode())
                del running[client]
                client.close()


def _is_stopped(client: socket.socket) -> bool:
    """Return whether the program got a SIGSTOP, which none can pass on."""
    pid, *_ = struct.unpack('3i', client.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        stat = Path(f'/proc/{pid}/stat').read_text()
    except OSError:  # it has ended
        return False
    return stat.rpartition(')')[2].split()[0] == 'T'


def _begin(client: socket.socket) -> int:
    """Read what a client asks for, and fork the process that does it."""
    head, fds, *_ = socket.recv_fds(client, 8, 250)
    size, text = int.from_bytes(head, 'little'), b''
    while len(text) < size and (more := client.recv(size - len(text))):
        text += more
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        return pid
    try:
        _become(json.loads(text), fds)
    finally:
        os._exit(1)


def _become(request: dict, fds: list[int]) -> None:
    (os.setsid if request['session'] else os.setpgrp)()
    faulthandler.disable()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in fds]
    os.closerange(0, HIGH)
    for fd, number in zip(high, request['fds']):
        os.dup2(fd, number, inheritable=True)
        os.close(fd)
    sys.stdin, sys.stdout, sys.stderr = map(_stream, range(3))
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request['ignored']:
        signal.signal(number, signal.SIG_IGN)
    os.chdir(request['folder'])
    before = os.environ.get('PYTHONPATH', '').split(os.pathsep)
    os.environ.clear()
    os.environ.update(request['environment'])
    now = os.environ.get('PYTHONPATH', '').split(os.pathsep)
    sys.path[:] = [*filter(None, now),
                   *(path for path in sys.path if path not in before)]
    sys.executable = request['python']
    multiprocessing.spawn.set_executable(sys.executable)
    logging.root.handlers.clear()
    warnings.resetwarnings()
    if os.environ.get('PYTHONWARNINGS', 'ignore') == 'ignore':
        warnings.simplefilter('ignore')
    if 'torch' in sys.modules:  # OpenMP's other threads were not forked
        sys.modules['torch'].set_num_threads(1)
    _seed()
    code = 1
    try:
        _run(request['arguments'])
        code = 0
    except SystemExit as end:
        code = end.code
        if code is None:
            code = 0
        elif not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 255)


def _stream(fd: int):
    return open(fd, 'w' if fd else 'r', buffering=1, closefd=False)


def _seed() -> None:
    """Draw other numbers than the process of the tests will."""
    random.seed()
    for name, draw in (('numpy', 'random.seed'), ('torch', 'seed')):
        module = sys.modules.get(name)
        for part in draw.split('.') if module else ():
            module = getattr(module, part)
        if module:
            module()


def _run(arguments: list[str]) -> None:
    what, *rest = arguments
    if what == '-c':
        sys.argv = ['-c', *rest[1:]]
        sys.path.insert(0, '')
        sys.modules['__main__'] = main = ModuleType('__main__')
        exec(compile(rest[0], '<string>', 'exec'), vars(main))
    elif what == '-m':
        sys.argv = ['-m', *rest[1:]]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[0], run_name='__main__', alter_sys=True)
    else:
        sys.argv = [what, *rest]
        sys.path.insert(0, str(Path(what).resolve().parent))
        runpy.run_path(what, run_name='__main__')

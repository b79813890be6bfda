"""What stands in for the interpreter: see warm_python.py.

Arguments: this program, the server's socket, the interpreter, and the
interpreter's own.
"""
import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
             signal.SIGUSR1, signal.SIGUSR2)


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def main() -> None:
    python, address, interpreter, *arguments = sys.argv[1:]
    fds = [fd for fd in map(int, os.listdir('/proc/self/fd')) if is_open(fd)]
    own = arguments
    while own and (own[0] in ('-u', '-B') or own[0][:2] == '-W'):
        own = own[2 if own[0] == '-W' else 1:]
    if not own or (own[0].startswith('-') and own[0] not in ('-c', '-m')):
        os.execv(interpreter, [interpreter, *arguments])
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    text = json.dumps(dict(
        arguments=own, fds=fds, folder=os.getcwd(),
        environment=dict(os.environ), python=python,
        session=os.getsid(0) == os.getpid(),
        ignored=[number for number in PASSED_ON
                 if signal.getsignal(number) is signal.SIG_IGN])).encode()
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    socket.send_fds(server, [len(text).to_bytes(8, 'little')], fds)
    server.sendall(text)
    answers = server.makefile()
    pid = int(answers.readline())
    for number in PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: os.kill(pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = int(answers.readline() or 1 << 8)  # the tests are over
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == '__main__':
    main()

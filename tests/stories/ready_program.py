"""How is `ltl` typed fifty times without fifty times a second of imports?"""

# A process imports the command line once and divides for every command. What is typed is a small program that hands
# over its arguments, environment, folder and streams, and ends as the command did. That a program of its own starts
# and answers is shown where one is started: see `tests/stories/test_ball_and_tier.py`.

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WANTED = ("bootstrap.local_door", "bootstrap.api_client", "readiness.commands", "rich.console", "rich.table")
_LONGEST = 1_000_000

_PROGRAM = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    socket.send_fds(line, [b"."], [0, 1, 2])
    line.sendall(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode())
    line.shutdown(socket.SHUT_WR)
    status = line.recv(16)
os._exit(int(status or b"1"))
"""


@contextmanager
def ready_program(folder: Path) -> Iterator[Path]:
    """Yield the folder of a program `ltl` that starts in a blink."""
    address = str(folder / "ltl.socket")
    program = folder / "ltl"
    program.write_text(_PROGRAM.format(python=sys.executable, address=address), encoding="utf-8")
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        process = subprocess.Popen(
            (sys.executable, "-m", __name__, str(listening.fileno())), pass_fds=(listening.fileno(),)
        )
    try:
        yield folder
    finally:
        process.terminate()
        process.wait()


def main(descriptor: int) -> None:
    """Divide for everyone who calls, until ended."""
    package = importlib.import_module("bootstrap.cli")
    inside = (module.name for module in pkgutil.iter_modules(package.__path__, "bootstrap.cli."))
    for name in (*inside, *_WANTED):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as listening:
        while True:
            called, _ = listening.accept()
            with called:
                if os.fork() == 0:
                    listening.close()
                    _answer(called)


def _answer(called: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(called, 1, 3)
    said = b"".join(iter(lambda: called.recv(_LONGEST), b""))
    arguments, environment, folder = json.loads(said)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["ltl", *arguments]
    status = 1
    try:
        importlib.import_module("bootstrap.cli").main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        called.sendall(str(status).encode())
        os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""How does a process of the product start in a blink, with everything imported already?"""

# A test that starts some thousand processes cannot wait for each to import. This one imports once and then divides:
# a line of JSON on standard input is a wish for a process, a line on standard output tells of its birth or its end.

import ctypes
import json
import os
import selectors
import signal
import sys
from pathlib import Path
from typing import Any

from tests.torture.doomed import ROLES

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Divide until standard input closes."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    watched = selectors.DefaultSelector()
    watched.register(sys.stdin.fileno(), selectors.EVENT_READ)
    watched.register(woken, selectors.EVENT_READ)
    unread = b""
    while True:
        for key, _ in watched.select():
            piece = os.read(key.fd, 65_536)
            if key.fd == woken:
                _bury()
                continue
            if not piece:
                return
            *lines, unread = (unread + piece).split(b"\n")
            for line in lines:
                wish = json.loads(line)
                _say(wish=wish["number"], pid=_divide(wish))


def _divide(wish: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _become(wish)
        status = 0
    finally:
        os._exit(status)
    return 0


def _become(wish: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    log = os.open(wish["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in ((0, nothing), (1, log), (2, log)):
        os.dup2(descriptor, number)
    ROLES[wish["role"]](Path(wish["directory"]), wish["settings"])


def _bury() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say(pid=pid, status=os.waitstatus_to_exitcode(status))


def _say(**told: int) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

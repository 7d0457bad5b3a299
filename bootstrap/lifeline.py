"""How does a process die with the one that started it, however that one dies?"""

# Run as `python -m bootstrap.lifeline PARENT COMMAND…`. On Linux the kernel is asked for it and the command then
# takes this very process over. Elsewhere this process stays beside the command and watches its own standard input, a
# pipe that nobody but the parent holds open.

import ctypes
import os
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1
_ORPHANED = 1


def tied(command: tuple[str, ...], *, parent: int) -> tuple[str, ...]:
    """Return the command that runs `command` for as long as the process `parent` lives."""
    return (sys.executable, "-m", "bootstrap.lifeline", str(parent), *command)


def become(command: list[str], *, parent: int) -> None:
    """Turn this process into `command`, to be killed by the kernel with `parent` (Linux); never returns."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # A parent that died before the request was made would never be noticed.
    if os.getppid() != parent:
        sys.exit(_ORPHANED)
    os.execvp(command[0], command)  # noqa: S606 - the command is the supervisor's own.


def accompany(command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; return its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the command is the supervisor's own.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: child.send_signal(received))

    def watch() -> None:
        while os.read(0, 1024):
            pass
        child.kill()

    threading.Thread(target=watch, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def main() -> None:
    """Run the command that the arguments name."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        become(command, parent=parent)
    # The interpreter's own end would wait for the watching thread's read.
    os._exit(accompany(command))


if __name__ == "__main__":
    main()

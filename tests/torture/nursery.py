"""Who brings processes up for a test, and how does it hear of their end?"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootstrap.lifeline import tied

PATIENCE_SECONDS = 120.0


class Child:
    """A process that was brought up."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None
        self.ended = threading.Event()

    @property
    def is_alive(self) -> bool:
        """True until its end was heard of."""
        return not self.ended.is_set()

    def kill(self) -> None:
        """Kill it, and return once it is gone."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            assert self.ended.wait(PATIENCE_SECONDS), f"process {self.pid} does not end"


class Nursery:
    """Asks the zygote for processes; may be used by many threads."""

    def __init__(self) -> None:
        self._zygote = subprocess.Popen(
            tied((sys.executable, "-m", "tests.torture.zygote"), parent=os.getpid()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._heard = threading.Condition()
        self._asked = 0
        self._born: dict[int, Child] = {}
        self._children: dict[int, Child] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        for child in list(self._children.values()):
            child.kill()
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(PATIENCE_SECONDS)
        self._listener.join(PATIENCE_SECONDS)
        self._zygote.stdout.close()

    def bring_up(self, role: str, directory: Path, settings: Mapping[str, Any]) -> Child:
        """Return a new process of this role on this data directory."""
        with self._heard:
            self._asked += 1
            number = self._asked
            log = directory / f"{role}.log"
            wish = {"number": number, "role": role, "directory": f"{directory}", "settings": dict(settings)}
            assert self._zygote.stdin is not None
            self._zygote.stdin.write(f"{json.dumps({**wish, 'log': f'{log}'})}\n".encode())
            self._zygote.stdin.flush()
            assert self._heard.wait_for(lambda: number in self._born, PATIENCE_SECONDS), "nobody was born"
            return self._born.pop(number)

    def _listen(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            told = json.loads(line)
            with self._heard:
                child = self._children.setdefault(told["pid"], Child(told["pid"]))
                if "wish" in told:
                    self._born[told["wish"]] = child
                else:
                    # Its number may be given to another from now on.
                    del self._children[told["pid"]]
                    child.status = told["status"]
                    child.ended.set()
                self._heard.notify_all()

"""How is what a document shows of a terminal typed, and its answers compared?"""

# Below a command stands what is to be seen of its answer: each line is a line of it, in the same order; what lies
# between is left out, and `…` stands for whatever is left out within a line. Nothing is compared of what differs each
# time, and that is moments other than those of 2030, ids of commands, and digests.

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from tests.stories.house import PATIENCE, House, eventually
from tests.stories.ready_program import ready_program

_MASKED = (
    (re.compile(r"\b20(?!30)\d\d-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?( ?[+-]\d\d:\d\d|Z)?"), "MOMENT"),
    (re.compile(r"\bsha256:[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"), "ID"),
)
_OVER = "--- that was it ---"
_LOOKING = ("ltl status ", "ltl people ")
"""What only looks: a gate opens a second or so after the facts that it waited for, and nobody types that fast."""


class Step(NamedTuple):
    """A command of the document, with what it says of the answer."""

    command: str
    answer: tuple[str, ...]


def steps(blocks: Iterable[str]) -> Iterator[Step]:
    """Yield the commands of blocks in which `$` begins a command, and `>` continues it."""
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            more = [line[2:] for line in lines[1:] if line.startswith("> ")]
            yield Step("\n".join([lines[0], *more]), tuple(lines[1 + len(more) :]))


def masked(text: str) -> str:
    """Return a line without what differs each time, and with single blanks."""
    for pattern, name in _MASKED:
        text = pattern.sub(name, text)
    return " ".join(text.split())


def missing(step: Step, said: str) -> str | None:
    """Return the first line that the document promises and the answer lacks; None where it has all, in order."""
    lines = iter([masked(line) for line in said.splitlines()])
    for promised in filter(None, map(masked, step.answer)):
        pattern = re.compile(".*".join(map(re.escape, re.split(r" ?… ?", promised))))
        if not any(pattern.fullmatch(line) for line in lines):
            return promised
    return None


class Shell:
    """One shell in which everything is typed, as the people of the document would."""

    def __init__(self, house: House, directory: Path, *, programs: Path) -> None:
        path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LTL_")}
        self._process = subprocess.Popen(
            ("bash", "--norc", "--noprofile"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            env={**kept, "PATH": path, "LTL_DATA": str(house.directory), "API": house.url},
        )

    def say(self, command: str) -> str:
        """Type a command and return all that is answered."""
        to, back = self._pipes()
        to.write(f"{command}\necho '{_OVER}'\n")
        to.flush()
        said: list[str] = []
        impatience = threading.Timer(PATIENCE.total_seconds(), self._process.kill)
        impatience.start()
        try:
            for line in back:
                if line.rstrip("\n") == _OVER:
                    return "".join(said)
                said.append(line)
        finally:
            impatience.cancel()
            impatience.join()
        raise AssertionError(f"the shell ended in {command!r}: {''.join(said)}")

    def close(self) -> None:
        """Leave the shell."""
        to, back = self._pipes()
        to.close()
        self._process.wait()
        back.close()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def _answered(shell: Shell, step: Step) -> tuple[str, str | None]:
    """Return what a command answers, and what it lacks; whoever only looks looks again until it is there."""

    def typed() -> tuple[str, str | None]:
        said = shell.say(step.command)
        return said, missing(step, said)

    return eventually(typed, lambda seen: seen[1] is None) if step.command.startswith(_LOOKING) else typed()


def type_all(house: House, directory: Path, taken: Iterable[Step]) -> None:
    """Type every command, in one shell in `directory`, and hold its answer to what is shown of it."""
    with TemporaryDirectory(prefix="ltl-") as folder, ready_program(Path(folder)) as programs:
        shell = Shell(house, directory, programs=programs)
        try:
            for step in taken:
                said, lacking = _answered(shell, step)
                assert lacking is None, f"{step.command}\ndoes not answer {lacking!r} but\n{said}"
        finally:
            shell.close()

"""Does a data directory tell the truth about what runs on it?"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.installation import (
    AlreadyUp,
    Installation,
    PortTaken,
    Process,
    Running,
    birth_of,
    free_port,
    is_free,
    own_port,
    running_process,
)

ROOT = Path(__file__).parents[2]
FIRST_PORT = 27_400
WAIT = (sys.executable, "-c", "import sys; sys.stdin.read()")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An empty data directory."""
    prepared = Installation(tmp_path / "ltl")
    prepared.prepare()
    return prepared


def test_only_its_owner_can_enter_the_directory(installation: Installation) -> None:
    """The directory holds the signing key and people's names: nobody else may look in."""
    assert installation.directory.stat().st_mode & 0o077 == 0


def test_a_second_up_on_the_same_directory_is_told_who_is_there(installation: Installation) -> None:
    """Two supervisors on one directory would start everything twice: the second one is refused."""
    with installation.locked(), pytest.raises(AlreadyUp, match=rf"process {os.getpid()}\b.*--data"):
        Installation(installation.directory).locked().__enter__()


def test_the_lock_ends_with_its_holder(installation: Installation) -> None:
    """After one `up` ended, the next may begin."""
    with installation.locked():
        pass
    with installation.locked():
        pass


def test_what_was_recorded_is_read_back(installation: Installation) -> None:
    """Every command finds the server that `ltl up` wrote down."""
    me = running_process("ltl up", os.getpid())
    running = Running(supervisor=me, url="http://127.0.0.1:8000", temporal_address="127.0.0.1:7233", processes=(me,))
    installation.record(running)
    assert installation.running() == running


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supervisor": 1}'])
def test_a_record_that_cannot_be_read_means_nothing_runs(installation: Installation, text: str) -> None:
    """A damaged record stops nobody."""
    installation.running_file.write_text(text)
    assert installation.running() is None
    assert installation.end_leftovers() == ()


def test_leftovers_are_ended_and_nobody_else(installation: Installation) -> None:
    """What a killed supervisor left is killed; a stranger that was given a recorded number lives on."""
    with (
        subprocess.Popen(WAIT, stdin=subprocess.PIPE) as left,
        subprocess.Popen(WAIT, stdin=subprocess.PIPE) as stranger,
    ):
        try:
            ours = running_process("worker", left.pid)
            reused = Process("web", stranger.pid, "born earlier")
            gone = Process("ltl up", left.pid, "born earlier")
            running = Running(supervisor=gone, url="", temporal_address="", processes=(ours, reused))
            installation.record(running)
            assert installation.running() is None
            assert installation.end_leftovers() == (ours,)
            assert left.wait(timeout=10) == -signal.SIGKILL
            assert stranger.poll() is None
            assert not installation.running_file.exists()
        finally:
            for process in (left, stranger):
                process.kill()


def test_a_process_that_ended_has_no_birth() -> None:
    """A number without a process is nobody's, even while its parent has not asked how it ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert birth_of(process.pid) is None


def test_a_port_that_is_taken_is_passed_over() -> None:
    """Where somebody listens already, the next free port is used, and never one that is to be avoided."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        first = free_port(port)
        assert first > port
        assert free_port(port, avoiding=frozenset({first})) > first


def test_a_port_that_is_about_to_be_used_is_nobody_elses() -> None:
    """Two installations that start at the same moment never take one port, though nobody listens on it yet."""
    first = own_port(FIRST_PORT)
    elsewhere = f"from bootstrap.installation import own_port; print(own_port({FIRST_PORT}))"
    asked = subprocess.run((sys.executable, "-c", elsewhere), capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(asked.stdout) > first


def test_no_port_at_all_is_a_sentence() -> None:
    """Where no port is left, the person reads what to do."""
    with pytest.raises(PortTaken, match="--port"):
        free_port(65_536)


def test_the_demonstration_is_loaded_once(installation: Installation) -> None:
    """The first `ltl up` wants the demonstration until it is loaded, and no later one loads it again."""
    assert installation.wants_demonstration(empty=False)
    assert Installation(installation.directory).wants_demonstration(empty=False)
    installation.demonstration_is_loaded()
    assert not Installation(installation.directory).wants_demonstration(empty=False)


def test_a_demonstration_that_was_declined_stays_away(installation: Installation) -> None:
    """An installation that began empty, or whose demonstration was declined half-way, never gets one later."""
    assert not installation.wants_demonstration(empty=True)
    assert not installation.wants_demonstration(empty=False)


def test_an_interrupted_demonstration_can_be_declined(installation: Installation) -> None:
    """With --empty what was begun is not gone on with."""
    assert installation.wants_demonstration(empty=False)
    assert not installation.wants_demonstration(empty=True)
    assert not installation.wants_demonstration(empty=False)

"""Which server and which data directory do the tests of the wiring share?"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.installation import Installation, Running, running_process
from tests.bootstrap.fake_api import FakeApi, fake_api

OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """A fake server."""
    with fake_api() as fake:
        yield fake


@pytest.fixture
def here(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A data directory on which the fake server counts as running, named to every command by LTL_DATA."""
    installation = Installation(tmp_path / "here")
    installation.prepare()
    installation.record(
        Running(supervisor=running_process("ltl up", os.getpid()), url=api.url, temporal_address="127.0.0.1:1")
    )
    monkeypatch.setenv("LTL_DATA", str(installation.directory))
    return installation

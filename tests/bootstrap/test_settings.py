"""Do the settings say what an operator wrote, and keep what is secret?"""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bootstrap.cli import run
from bootstrap.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    """Without a single setting everything lies in one directory on the loopback interface."""
    settings = Settings()
    assert settings.directory == Path(".ltl")
    assert settings.store_url == f"sqlite:///{Path.cwd() / '.ltl' / 'store.sqlite'}"
    assert (settings.host, settings.port, settings.engine_address) == ("127.0.0.1", 8000, "127.0.0.1:7233")
    assert not settings.pages_without_token
    assert settings.retention >= timedelta(days=90)


def test_the_environment_chooses_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL and a Temporal cluster are chosen by settings alone."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ltl:hush@db/ltl")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("LTL_PORT", "9000")
    settings = Settings()
    assert settings.store_url == "postgresql://ltl:hush@db/ltl"
    assert settings.engine_address == "temporal:7233"
    assert settings.port == 9000


def test_the_password_of_the_database_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs the settings logs no secret."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ltl:hush@db/ltl")
    assert "hush" not in f"{Settings()!r} {Settings()} {Settings().model_dump_json()}"


@pytest.mark.parametrize(("name", "value"), [("LTL_PORT", "0"), ("LTL_LARGEST_IMPORT", "-1"), ("LTL_RETENTION", "x")])
def test_a_wrong_setting_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that cannot be meant stops the process, and the command line names it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()
    assert run(["rebuild"]) == 2
    assert name in capsys.readouterr().err


def test_a_setting_left_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable, as compose files leave them, means the default."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "")
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().temporal_address is None
    assert Settings().store_url.startswith("sqlite:")

"""Does the doctor say which keys sign, and what is wrong with those that cannot?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.doctor_keys import ledger_key_finding, permit_keys_finding
from bootstrap.ledger_keeping import KEY_FILE, Keeper, jwks_of, keeper_of, ledger_key
from bootstrap.permit_keys import PERMIT_KEY_FILE, FileKeys
from bootstrap.settings import Settings
from store.engine import migrate, open_store
from tests.store.desk import Clock, Desk


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that has signed permits and a checkpoint."""
    settings = Settings(directory=tmp_path)
    FileKeys(tmp_path, clock=lambda: datetime.now(UTC))
    migrate(settings.store_url)
    clock = Clock(datetime.now(UTC))
    store = open_store(settings.store_url, clock)
    try:
        Desk(store, clock).start("emea", launch_at=clock.now + timedelta(days=60))
        keeper: Keeper = keeper_of(settings, store)
        keeper.turn(at_once=True)
        assert keeper.outside()
    finally:
        store.close()
    return settings


def test_keys_that_sign_are_named_and_never_shown(settings: Settings) -> None:
    """What is well is told by the thumbprint that permits and checkpoints bear, without a private half."""
    permits, ledger = permit_keys_finding(settings), ledger_key_finding(settings)
    assert permits.well
    assert ledger.well
    assert str(jwks_of(ledger_key(settings))["keys"][0]["kid"]) in ledger.says
    assert "last checkpoint" in ledger.says
    assert str(ledger_key(settings).as_dict(private=True)["d"]) not in ledger.says + permits.says


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    """An empty place has no keys yet, and the doctor makes none."""
    empty = Settings(directory=tmp_path / "none")
    assert permit_keys_finding(empty).well
    assert ledger_key_finding(empty).well
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("file", [PERMIT_KEY_FILE, KEY_FILE])
def test_keys_that_others_can_read_or_that_are_damaged_are_not_well(settings: Settings, file: str) -> None:
    """Each says what to do, and repeats nothing of the file."""
    finding = {PERMIT_KEY_FILE: permit_keys_finding, KEY_FILE: ledger_key_finding}[file]
    path = settings.directory / file
    path.chmod(0o644)
    assert "chmod 600" in finding(settings).says
    path.chmod(0o600)
    path.write_text('{"d": "hush"}', encoding="utf-8")
    damaged = finding(settings)
    assert not damaged.well
    assert "backup" in damaged.says
    assert damaged.remedy
    assert "hush" not in damaged.says


def test_a_ledger_key_that_was_lost_or_exchanged_is_not_well(settings: Settings) -> None:
    """Where the last checkpoint outside the database bears another key, or none is left, the doctor says so."""
    path = settings.directory / KEY_FILE
    path.unlink()
    lost = ledger_key_finding(settings)
    assert not lost.well
    assert not path.exists()
    ledger_key(settings)
    exchanged = ledger_key_finding(settings)
    assert not exchanged.well
    assert "was not signed with" in exchanged.says


def test_keys_of_the_environment_that_are_none_are_not_well(tmp_path: Path) -> None:
    """A setting that holds no keys is named, and not repeated."""
    found = permit_keys_finding(Settings.model_validate({"directory": tmp_path, "LTL_PERMIT_KEYS": "hush"}))
    assert not found.well
    assert "LTL_PERMIT_KEYS" in found.says
    assert "hush" not in found.says

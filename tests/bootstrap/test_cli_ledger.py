"""Does the command line seal and verify the audit record of a data directory, and say by its status what it found?"""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from bootstrap.cli import run
from bootstrap.ledger_keeping import KEY_FILE
from store.engine import migrate, open_store
from store.guards import unguard
from tests.store.desk import Clock, Desk


def test_a_tampered_record_is_named_and_ends_with_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intact it ends with 0; after a row was changed, with 1 and the place where."""
    for name in ("DATABASE_URL", "LTL_CHECKPOINTS"):
        monkeypatch.delenv(name, raising=False)
    migrate(f"sqlite:///{tmp_path / 'store.sqlite'}")
    desk = Desk(open_store(f"sqlite:///{tmp_path / 'store.sqlite'}"), Clock())
    try:
        desk.start("emea")
        where = ["--data", str(tmp_path), "--json"]
        assert run(["ledger", "seal", *where]) == 0
        assert json.loads(capsys.readouterr().out)["sealed"] > 3
        assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
        assert run(["ledger", "verify", *where]) == 0
        assert json.loads(capsys.readouterr().out)["intact"] is True
        with desk.store.writing() as tx:
            unguard(tx)
            tx.execute(text("UPDATE ledger SET person = 'mallory' WHERE region = 'emea'"))
        assert run(["ledger", "verify", *where]) == 1
        (fault,) = json.loads(capsys.readouterr().out)["faults"]
        assert (fault["kind"], fault["key"]) == ("tampered", '["atlas-2","emea",1,1]')
    finally:
        desk.store.close()

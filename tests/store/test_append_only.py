"""Is anything that was written once ever changed, removed or replaced?"""

import pytest
from sqlalchemy import exc, insert, select, text, update

from store.guards import unguard
from store.records_schema import APPEND_ONLY, commands, printed_names
from store.seals import seal_all
from store.sources import SOURCES
from tests.store.desk import Desk

REFUSED = "only added to|settled once"
TABLES = sorted({source.table.name for source in SOURCES} | {"seals"})
KEPT_WHOLE = sorted({source.table.name for source in SOURCES if source.whole} | {"seals"})


def test_every_table_of_evidence_is_known() -> None:
    """What the records promise to keep is what the audit record guards."""
    assert set(APPEND_ONLY) <= set(KEPT_WHOLE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET person = 'somebody'",
        "DELETE FROM ledger",
        "UPDATE commands SET person = 'somebody' WHERE settled_at IS NOT NULL",
        "DELETE FROM commands",
        "UPDATE content_revisions SET person = 'somebody'",
        "DELETE FROM content_revisions",
        "UPDATE stage_digests SET digest = 'another'",
        "DELETE FROM stage_digests",
        "UPDATE seals SET digest = 'another'",
        "DELETE FROM seals",
    ],
)
def test_what_is_written_is_never_changed_or_removed(desk: Desk, statement: str) -> None:
    """The database itself refuses, whoever asks."""
    desk.ready()
    seal_all(desk.store)
    with pytest.raises(exc.DBAPIError, match=REFUSED), desk.store.writing() as tx:
        tx.execute(text(statement))


@pytest.mark.parametrize(
    "values",
    [
        {"person": "mallory"},
        {"body": {"reason": "other"}},
        {"command_digest": "sha256:0"},
        {"address": "127.0.0.1"},
        {"outcome": {"kind": "accepted", "version": 1}},
        {"settled_at": text("logged_at")},
    ],
)
def test_an_open_command_may_only_be_settled(desk: Desk, values: dict[str, object]) -> None:
    """What was asked stays as it was asked; outcome and moment come together, or not at all."""
    key = desk.ready()
    command = desk.hold(key)
    mine = update(commands).where(commands.c.id == command.command_id)
    with pytest.raises(exc.DBAPIError, match=REFUSED), desk.store.writing() as tx:
        tx.execute(mine.values(**values))


@pytest.mark.parametrize("table", TABLES)
def test_no_table_of_evidence_is_emptied(desk: Desk, table: str) -> None:
    """PostgreSQL would empty a table without asking the triggers that guard its rows."""
    if desk.store.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(exc.DBAPIError, match=REFUSED), desk.store.writing() as tx:
        tx.execute(text(f"TRUNCATE {table}"))


@pytest.mark.parametrize("table", ["ledger", "commands", "content_revisions", "stage_digests", "seals"])
def test_what_is_written_is_never_replaced(desk: Desk, table: str) -> None:
    """SQLite would replace a row without asking the triggers that guard its removal."""
    desk.ready()
    seal_all(desk.store)
    if not desk.store.is_sqlite:
        pytest.skip("only SQLite has INSERT OR REPLACE")
    with pytest.raises(exc.DBAPIError, match="only added to"), desk.store.writing() as tx:
        tx.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"))


def test_a_command_is_not_replaced_by_another_under_its_key(desk: Desk) -> None:
    """INSERT OR REPLACE removes whatever has the same Idempotency-Key: here it does nothing."""
    desk.ready()
    if not desk.store.is_sqlite:
        pytest.skip("only SQLite has INSERT OR REPLACE")
    with desk.store.writing() as tx:
        row = dict(tx.execute(select(commands).limit(1)).mappings().one())
        tx.execute(insert(commands).prefix_with("OR REPLACE").values({**row, "id": "another"}))
    with desk.store.reading() as tx:
        ids = tx.execute(select(commands.c.id)).scalars().all()
    assert row["id"] in ids
    assert "another" not in ids


def test_a_printed_name_may_be_erased_and_never_exchanged(desk: Desk) -> None:
    """A person's right to be forgotten is the one thing that takes something away."""
    with desk.store.writing() as tx:
        tx.execute(insert(printed_names).values(command_id="c-1", name="Ada", salt="s"))
    with pytest.raises(exc.DBAPIError, match=REFUSED), desk.store.writing() as tx:
        tx.execute(update(printed_names).values(name="Mallory"))
    with desk.store.writing() as tx:
        tx.execute(printed_names.delete())


def test_an_attacker_of_the_tests_gets_past_every_trigger(desk: Desk) -> None:
    """Otherwise the tamperings of the tests would prove nothing but that triggers work."""
    desk.ready()
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(text("UPDATE ledger SET person = 'mallory'"))
        tx.execute(text("DELETE FROM commands"))
    with desk.store.reading() as tx:
        assert set(tx.execute(text("SELECT person FROM ledger")).scalars()) == {"mallory"}
        assert tx.execute(text("SELECT count(*) FROM commands")).scalar() == 0

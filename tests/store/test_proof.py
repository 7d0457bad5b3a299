"""Does a command stand behind its events as it was written, whatever later versions make of it?"""

import pytest

from readiness.canonical import digest
from readiness.commands import Choice
from readiness.impact import TierGrounds
from readiness.keys import RegionKey
from readiness.ledger import RegionRow
from store.commands import CommandForged, LoggedCommand, authenticated, logged_all
from store.ledger import rows_after
from store.proof import unproven
from tests.store.desk import Desk


def proof_of(desk: Desk, key: RegionKey) -> tuple[tuple[RegionRow, ...], dict[str, LoggedCommand], LoggedCommand]:
    """Return the ledger of a region with a go, the commands behind it, and the decision among them."""
    with desk.store.reading() as tx:
        rows = rows_after(tx, key, 0)
        found = logged_all(tx, (row.event.command_id for row in rows if row.event.command_id is not None))
    assert unproven(key, rows, found) == ()
    return rows, found, next(command for command in found.values() if command.kind == "decide")


def test_a_command_of_an_earlier_version_still_stands_behind_its_event(desk: Desk) -> None:
    """A launch that was started and decided before commands had a new field is not lost with the upgrade."""
    key = desk.with_go()
    rows, found, decide = proof_of(desk, key)
    since = {"conditions", "dissents_accepted"}
    earlier = {name: value for name, value in decide.written.items() if name not in since}
    assert earlier != decide.written
    as_then = decide._replace(written=earlier, command_digest=digest(earlier))
    events = tuple(
        row.model_copy(update={"event": row.event.model_copy(update={"command_digest": as_then.command_digest})})
        if row.event.command_id == decide.id
        else row
        for row in rows
    )
    assert unproven(key, events, {**found, decide.id: as_then}) == ()


def test_a_command_that_was_rewritten_stands_behind_nothing(desk: Desk) -> None:
    """Whoever changes a logged command without its digest is found out, event by event."""
    key = desk.with_go()
    rows, found, decide = proof_of(desk, key)
    rewritten = decide._replace(written={**decide.written, "seen": 7})
    (fault,) = unproven(key, rows, {**found, decide.id: rewritten})
    assert "its command reads differently" in fault


def test_a_start_with_other_grounds_for_its_tier_was_not_asked_for(desk: Desk) -> None:
    """Why a launch is its tier is part of what was asked: another reason is a forgery like another plan."""
    key = desk.with_go()
    rows, found, _ = proof_of(desk, key)
    start = rows[0].event.model_copy(update={"tier_grounds": TierGrounds(proposed=3)})
    (fault,) = unproven(key, (rows[0].model_copy(update={"event": start}), *rows[1:]), found)
    assert "asks for something else" in fault


def test_a_command_that_comes_otherwise_than_it_was_logged_is_forged(desk: Desk) -> None:
    """What reaches the ledger is what was logged, to the last field."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    with desk.store.reading() as tx:
        assert authenticated(tx, key, command).command == command
        with pytest.raises(CommandForged, match="content"):
            authenticated(tx, key, command.model_copy(update={"choice": Choice.HOLD}))

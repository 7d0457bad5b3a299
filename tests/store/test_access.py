"""Does a role that is withdrawn count at once, and once more at the launch?"""

from datetime import datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import exc, text

from readiness.commands import Choice, Role
from readiness.events import HoldCause
from readiness.keys import RegionKey
from readiness.ledger import Accepted, LaunchDenied, Launched, Look, Refused
from readiness.region import Verdict
from readiness.roles import require_change
from store.access import Recorded, changes_of, every_change, record_change, standing_roles
from store.board import board, marked_regions, refresh_figures
from store.commands import KeyReused
from store.deliver_people import acting_in
from store.regions import region_record
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Desk

HOUR = timedelta(hours=1)
EMEA = RegionKey(product="atlas-2", region="emea", run=1)


def changed(
    desk: Desk,
    change: Literal["granted", "withdrawn"],
    *,
    person: str = "ex-1",
    role: Role = Role.EXECUTIVE,
    region: str = "*",
    key: str = "key-1",
    effective_at: datetime | None = None,
) -> Recorded:
    """Record a change of roles by an admin."""
    with desk.store.writing() as tx:
        return record_change(
            tx,
            person=person,
            role=role,
            region=region,
            change=change,
            effective_at=effective_at,
            by="admin-1",
            reason="left the company",
            idempotency_key=key,
            now=desk.store.now(tx),
            check=require_change,
        )


def going(desk: Desk) -> RegionKey:
    """Return a region with a go by ex-1."""
    key = desk.ready()
    settled = desk.carry_out(key, desk.decide(key, Choice.GO))
    assert isinstance(settled.outcome, Accepted), settled.outcome
    return key


def test_a_launch_is_refused_on_a_go_whose_giver_lost_the_role(desk: Desk) -> None:
    """The second lock reads withdrawals in its own transaction, whatever any workflow has looked at."""
    key = going(desk)
    changed(desk, "withdrawn")
    desk.clock.now = LAUNCH_AT
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert "the go counts no more: the role of executive was withdrawn from ex-1" in answer.objections


def test_a_withdrawal_elsewhere_takes_no_launch_away(desk: Desk) -> None:
    """Who is no executive in another region still is one here."""
    key = going(desk)
    changed(desk, "withdrawn", region="apac")
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_a_withdrawal_marks_the_regions_that_rest_on_it_and_holds_them_at_the_next_look(desk: Desk) -> None:
    """The board shows no go meanwhile, the relay hints the region, and its look holds it."""
    key = going(desk)
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == [Verdict.GO]
    changed(desk, "withdrawn", region="emea")
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == [Verdict.HELD]
        assert marked_regions(tx) == (key,)
    assert refresh_figures(desk.store, (key,)) == (key,)
    desk.carry_out(key, Look())
    with desk.store.reading() as tx:
        holding = region_record(tx, key).region.holding
    assert holding is not None
    assert holding.cause is HoldCause.ROLE_WITHDRAWN


def test_a_withdrawal_that_nothing_rests_on_marks_nothing(desk: Desk) -> None:
    """A region is not counted anew for a person who gave nothing there."""
    key = going(desk)
    refresh_figures(desk.store, (key,))
    changed(desk, "withdrawn", person="ex-9")
    changed(desk, "withdrawn", role=Role.SALES_LEAD, key="key-2")
    with desk.store.reading() as tx:
        assert marked_regions(tx) == ()


def test_a_command_whose_role_was_withdrawn_after_it_was_logged_is_not_carried_out(desk: Desk) -> None:
    """Whoever passed the door a moment before loses the right in between, and is told so."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    changed(desk, "withdrawn")
    outcome = desk.carry_out(key, command).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "role-withdrawn"


def test_another_executive_decides_anew(desk: Desk) -> None:
    """The way on is a new go by somebody who holds the role."""
    key = going(desk)
    changed(desk, "withdrawn")
    desk.carry_out(key, Look())
    settled = desk.carry_out(key, desk.decide(key, Choice.GO, "ex-2"))
    assert isinstance(settled.outcome, Accepted), settled.outcome
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_the_roles_that_stand_are_read_with_every_region_that_is_left(desk: Desk) -> None:
    """A role for every region but one is told for each of the others by name, so that lists can show them."""
    desk.start("emea", "apac")
    with desk.store.reading() as tx:
        claimed = [(Role.EXECUTIVE, "*")]
        assert standing_roles(tx, "ex-1", claimed, clock=lambda: desk.clock.now) is None
    changed(desk, "withdrawn", region="emea")
    with desk.store.reading() as tx:
        held = standing_roles(tx, "ex-1", claimed, clock=lambda: desk.clock.now)
    assert held is not None
    assert [(role.region, role.excluding) for role in held] == [("*", ("emea",)), ("apac", ())]


def test_a_repeat_changes_nothing_and_another_change_under_its_key_is_refused(desk: Desk) -> None:
    """One wish has one effect."""
    first = changed(desk, "withdrawn")
    again = changed(desk, "withdrawn")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert first.change == again.change
    with pytest.raises(KeyReused):
        changed(desk, "granted")
    with desk.store.reading() as tx:
        assert len(changes_of(tx, "ex-1")) == 1


def test_changes_are_listed_in_the_regions_of_the_reader_and_those_for_every_region(desk: Desk) -> None:
    """A change next door is not shown, and one for every region concerns all of them."""
    changed(desk, "granted", region="emea", key="a")
    changed(desk, "granted", region="apac", key="b")
    changed(desk, "granted", region="*", key="c")
    with desk.store.reading() as tx:
        assert [each.region for each in every_change(tx, person=None, within=("emea",))] == ["emea", "*"]
        assert [each.region for each in every_change(tx, person="ex-1", within=None, after=1)] == ["apac", "*"]


@pytest.mark.parametrize("statement", ["UPDATE role_changes SET role = 'admin'", "DELETE FROM role_changes"])
def test_a_change_of_roles_is_never_changed_or_removed(desk: Desk, statement: str) -> None:
    """The database itself refuses, whoever asks."""
    changed(desk, "granted")
    with pytest.raises(exc.DBAPIError, match="only added to"), desk.store.writing() as tx:
        tx.execute(text(statement))


def test_who_acts_in_a_role_is_asked_of_the_log_and_of_what_was_granted(desk: Desk) -> None:
    """Whoever acted in it there is named, and whom it was granted; never from whom it was withdrawn."""
    key = going(desk)

    def acting() -> tuple[str, ...]:
        with desk.store.reading() as tx:
            return acting_in(tx, Role.EXECUTIVE, key, limit=5, now=desk.store.now(tx))

    assert acting() == ("ex-1",)
    changed(desk, "granted", person="ex-7", region=key.region, key="key-2")
    changed(desk, "granted", person="ex-8", region="elsewhere", key="key-3")
    assert acting() == ("ex-1", "ex-7")
    changed(desk, "withdrawn", person="ex-1", key="key-4")
    assert acting() == ("ex-7",)

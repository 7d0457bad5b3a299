"""Does the store bring an idle seat to the executive by what stands in it, and back to whom they name?"""

from datetime import timedelta

import pytest

from api.live import region_readiness
from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.ledger import Look, Proposal, Refused
from readiness.policy import TIERS, Function, Stage
from readiness.seat_events import SeatNamed
from readiness.working_days import after_working_days
from store.ledger import ProposalForged
from store.rebuild import mend_regions
from store.regions import overdue_regions
from store.settling import settle
from tests.readiness.builders import NOW, SIGNERS
from tests.store.desk import PRODUCT, Desk

BERLIN = "Europe/Berlin"
IDLE_AT = after_working_days(NOW, 3, BERLIN)


def waiting(desk: Desk) -> RegionKey:
    """Return a region of tier 2 whose message was written as it began, and which nobody signs."""
    desk.policy = TIERS[2]
    (key,) = desk.start("emea")
    desk.write_all()
    desk.look(key)
    return key


def waited_on(desk: Desk) -> dict[str, str | None]:
    """Return on whom the region waits, and who was named for it."""
    shown = region_readiness(desk.store, PRODUCT, "emea").blockers
    return {blocker.waiting_on: blocker.named for blocker in shown if blocker.stage is Stage.VALUE_PROPOSITIONS}


def test_an_idle_seat_goes_to_the_executive_and_back_to_whom_they_name(desk: Desk) -> None:
    """The row says when to look, the look escalates, and the named person signs for themselves."""
    key = waiting(desk)
    desk.clock.now = IDLE_AT
    with desk.store.reading() as tx:
        assert overdue_regions(tx, now=IDLE_AT) == (key,)
    desk.look(key)
    assert waited_on(desk) == {"executive": None, "sales": None}
    assert mend_regions(desk.store, after=None, limit=9).keys == ()
    for function, person in (("marketing", "ma-2"), ("sales", "sa-2")):
        desk.accepted(key, desk.ask(key, "name_seat", "ex-1", Role.EXECUTIVE, function=function, named=person))
    assert waited_on(desk) == {"marketing": "ma-2", "sales": "sa-2"}
    for function, role, _ in SIGNERS:
        person = {"marketing": "ma-2", "sales": "sa-2"}[function.value]
        desk.accepted(key, desk.sign_off(key, Stage.VALUE_PROPOSITIONS, function, role, person))
    assert desk.region(key).idle == ()
    assert desk.region(key).stage(Stage.VALUE_PROPOSITIONS).is_closed


def test_an_edit_gives_whoever_signs_all_their_days_anew(desk: Desk) -> None:
    """Since when a text stands is known to the store alone; an edit that only mends a comma changes nothing."""
    key = waiting(desk)
    desk.clock.now = NOW + timedelta(days=1)
    edited_at = desk.clock.now
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Atlas 2 halves the time to close."})
    desk.clock.now = IDLE_AT
    desk.look(key)
    assert desk.region(key).idle == ()
    desk.clock.now = after_working_days(edited_at, 3, BERLIN)
    desk.look(key)
    assert [(seat.function, seat.since) for seat in desk.region(key).idle] == [
        (Function.MARKETING, edited_at),
        (Function.SALES, edited_at),
    ]


def test_a_naming_that_nobody_asked_for_is_not_written(desk: Desk) -> None:
    """The event must be what its command asked for; a refused one leaves no event."""
    key = waiting(desk)
    early = desk.ask(key, "name_seat", "ex-1", Role.EXECUTIVE, function="sales", named="sa-2")
    outcome = desk.carry_out(key, early).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "seat-not-idle"
    desk.clock.now = IDLE_AT
    desk.look(key)
    asked = desk.ask(key, "name_seat", "ex-1", Role.EXECUTIVE, function="sales", named="sa-2")
    lie = SeatNamed(
        at=IDLE_AT, person="ex-1", command_id=asked.command_id, function=Function.SALES, named="somebody-else"
    )
    with pytest.raises(ProposalForged, match="does not follow"):
        settle(desk.store, key, desk.region(key).version, asked, Proposal(events=(lie,)))
    with pytest.raises(ProposalForged):
        settle(desk.store, key, desk.region(key).version, Look(), Proposal(events=(lie,)))

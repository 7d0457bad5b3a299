"""Does an idle seat go to the executive in time and once, and who may be named for it?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.canonical import digest
from readiness.commands import NameSeat, Position, Role
from readiness.events import RegionEvent
from readiness.evidence import Evidence
from readiness.ledger import Look
from readiness.policy import TIERS, Function, Policy, Stage
from readiness.readiness import Blocker
from readiness.region import RegionLaunch
from readiness.rules import bearings, evaluate, evolve, propose
from readiness.seat_events import SeatIdled, SeatNamed
from readiness.working_days import after_working_days, whole_working_days
from tests.effort import examples
from tests.readiness.builders import NOW, OWNER, READY_WORLD, SIGNERS, World, region_launch, sign_off, unpolled
from tests.readiness.governing import at, ballot, open_poll, polled_region
from tests.readiness.steps import accepted, looked, proposed, refused, signed

BERLIN = "Europe/Berlin"
MESSAGE = Stage.VALUE_PROPOSITIONS
IDLE_AT = after_working_days(NOW, 3, BERLIN)
"""When the seats of tier 2 are idle that were asked on Monday: on Thursday, at the same time."""


def begun() -> RegionLaunch:
    """Return a region of tier 2 that has just begun: marketing and sales are to sign the message."""
    return looked(region_launch(policy=TIERS[2]), World())


def idle() -> RegionLaunch:
    """Return it once both seats are idle."""
    return looked(begun(), at(World(), IDLE_AT))


def name(person: str = "sa-2", *, function: Function = Function.SALES, **changes: Any) -> NameSeat:
    """Return an executive's wish to name somebody for a seat."""
    fields: dict[str, Any] = {
        "command_id": "name-1",
        "person": "ex-1",
        "role": Role.EXECUTIVE,
        "logged_at": NOW,
        "reason_digest": digest("their lead is away"),
    }
    return NameSeat(**{**fields, **changes}, function=function, named=person)


def idled(region: RegionLaunch, world: World, evidence: Evidence | None = None) -> list[tuple[Stage, Function]]:
    """Return which seats go to the executive when the region looks at `world`."""
    events = propose(region, Look(), evidence=evidence or world.evidence(), now=world.now).events
    return [(event.stage, event.function) for event in events if isinstance(event, SeatIdled)]


def blockers(region: RegionLaunch, world: World) -> dict[str, Blocker]:
    """Return whom the region waits on, as readers see it."""
    evidence = world.evidence()
    shown = evaluate(region.policy, evidence, region, at=evidence.figures.at).blockers
    return {blocker.waiting_on: blocker for blocker in shown}


def by(function: Function, **changes: Any) -> Any:
    """Return what a function signs, or sends back."""
    role, person = next((role, person) for each, role, person in SIGNERS if each is function)
    return sign_off(function, role, person, **changes)


def test_each_tier_waits_as_long_as_the_rule_book_says_and_a_model_for_ever() -> None:
    """Launches that began before know nothing of it, and nothing of them goes to anybody."""
    assert [TIERS[tier].idle_working_days for tier in (1, 2, 3)] == [5, 3, 2]
    old = TIERS[2].model_dump()
    del old["idle_working_days"]
    assert Policy.model_validate(old).idle_working_days == 0
    patient = looked(region_launch(policy=unpolled(2)), World())
    assert idled(patient, at(World(), IDLE_AT + timedelta(days=30))) == []


def test_a_seat_goes_to_the_executive_when_its_days_are_over_and_once() -> None:
    """The timer rings just then, both seats of the open stage go, and none of a locked one."""
    region = begun()
    assert bearings(region, now=NOW).due_at == IDLE_AT
    assert idled(region, at(World(), IDLE_AT - timedelta.resolution)) == []
    assert idled(region, at(World(), IDLE_AT)) == [(MESSAGE, Function.MARKETING), (MESSAGE, Function.SALES)]
    assert idled(idle(), at(World(), IDLE_AT + timedelta(days=9))) == []
    assert bearings(idle(), now=IDLE_AT).due_at == region.launch_at


def test_the_blocker_waits_on_the_executive_and_says_so() -> None:
    """One for whoever is waited on: a second idle seat stays with its function, and tells that it may be named."""
    shown = blockers(idle(), at(World(), IDLE_AT))
    assert set(shown) == {"executive", "sales"}
    assert (shown["executive"].stage, shown["executive"].since) == (MESSAGE, IDLE_AT)
    assert shown["executive"].reason == (
        "Marketing has not signed the value propositions for 3 working days; "
        "an executive may name another person of marketing"
    )
    assert "another person of sales" in shown["sales"].reason


def test_whoever_is_named_is_shown_with_the_function_that_holds_the_ball_again() -> None:
    """Naming signs nothing."""
    region, proposal = proposed(idle(), name(), at(World(), IDLE_AT))
    assert [type(event) for event in proposal.events] == [SeatNamed]
    shown = blockers(region, at(World(), IDLE_AT))["sales"]
    assert (shown.named, shown.waiting_on, shown.since) == ("sa-2", "sales", IDLE_AT)
    assert shown.reason == "Sales has not signed the value propositions; sa-2 was named for it by ex-1"
    assert region.sign_offs == ()


def test_whoever_is_named_may_be_idle_too() -> None:
    """The days begin anew with the naming, and the seat goes back to the executive."""
    region = accepted(idle(), name(), at(World(), IDLE_AT))
    again_at = after_working_days(IDLE_AT, 3, BERLIN)
    assert bearings(region, now=IDLE_AT).due_at == again_at
    region = looked(region, at(World(), again_at))
    seat = region.idle_seat(MESSAGE, Function.SALES)
    assert seat is not None
    assert (seat.since, seat.named) == (IDLE_AT, None)
    assert accepted(region, name("sa-3"), at(World(), again_at)).idle_seat(MESSAGE, Function.SALES) is not None


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (name(role=Role.PRODUCT_MANAGER, person=OWNER), "seat-namer-not-allowed"),
        (name(role=Role.SALES_LEAD), "seat-namer-not-allowed"),
        (name(reason_digest=None), "reason-missing"),
        (name("ex-1"), "seat-named-self"),
        (name(function=Function.ENABLEMENT), "seat-not-idle"),
    ],
)
def test_a_naming_that_may_not_be_is_refused_by_name(command: NameSeat, kind: str) -> None:
    """Only an executive, with a reason, somebody else, and only for a seat that is idle."""
    assert refused(idle(), command, at(World(), IDLE_AT)) == kind


def test_nobody_is_named_before_a_seat_is_idle_or_after_it_was_filled() -> None:
    """The executive steps in late and for the one seat only."""
    assert refused(begun(), name(), World()) == "seat-not-idle"
    later = at(World(), IDLE_AT)
    region = accepted(idle(), by(Function.SALES, world=later), later)
    assert refused(region, name(), later) == "seat-not-idle"
    assert [seat.function for seat in region.idle] == [Function.MARKETING]


@pytest.mark.parametrize("person", ["ma-1", OWNER])
def test_nobody_is_named_who_holds_the_other_key(person: str) -> None:
    """Two functions, two people: neither who signed for the other, nor who is named for it, nor the owner as such."""
    later = at(World(), IDLE_AT)
    signs = by(Function.MARKETING, world=later).model_copy(update={"person": person})
    assert refused(accepted(idle(), signs, later), name(person), later) == "two-keys-one-hand"
    region = accepted(idle(), name(person, function=Function.MARKETING), later)
    assert refused(region, name(person), later) == "two-keys-one-hand"
    assert accepted(region, name("sa-2"), later).idle_seat(MESSAGE, Function.SALES) is not None


def test_what_is_not_written_is_waited_for_from_marketing_alone() -> None:
    """Sales cannot sign a message without a statement; the region asks again after each working day."""
    empty = World(missing=("all",))
    region = looked(region_launch(policy=TIERS[2]), empty)
    assert idled(region, at(empty, IDLE_AT)) == [(MESSAGE, Function.MARKETING)]
    region = looked(region, at(empty, IDLE_AT))
    next_day = after_working_days(IDLE_AT, 1, BERLIN)
    assert bearings(region, now=IDLE_AT).due_at == next_day
    assert idled(region, at(World(), next_day)) == [(MESSAGE, Function.SALES)]


def test_a_text_that_was_just_changed_is_waited_for_from_then_on() -> None:
    """Whoever reads anew has all the days; the region alone does not know, so it asks after each working day."""
    region = begun()
    changed_at = NOW + timedelta(days=2)
    true_at = after_working_days(changed_at, 3, BERLIN)

    def gathered(now: datetime) -> Evidence:
        evidence = at(World(), now).evidence()
        contents = tuple(each.model_copy(update={"changed_at": changed_at}) for each in evidence.contents)
        return evidence.model_copy(update={"contents": contents})

    now = IDLE_AT
    while now < true_at:
        assert idled(region, at(World(), now), gathered(now)) == []
        due_at = bearings(region, now=now).due_at
        assert due_at is not None
        assert due_at > now
        now = due_at
    assert now == true_at
    assert len(idled(region, at(World(), now), gathered(now))) == 2


def test_sending_back_is_no_idleness() -> None:
    """Who has sent the text back has spoken; their days begin anew."""
    sent = at(World(), NOW + timedelta(days=1))
    region = accepted(begun(), by(Function.SALES, world=sent, position=Position.SEND_BACK), sent)
    assert idled(region, at(World(), IDLE_AT)) == [(MESSAGE, Function.MARKETING)]
    assert idled(region, at(World(), IDLE_AT + timedelta(days=1))) == [
        (MESSAGE, Function.MARKETING),
        (MESSAGE, Function.SALES),
    ]


def test_a_seat_of_an_open_poll_may_be_idle() -> None:
    """Where its clock is longer than the patience of the policy; whoever votes is idle no more."""
    slow = TIERS[1].go_no_go.model_copy(update={"poll_hours": 24 * 30})
    region = polled_region()
    region = region.model_copy(update={"policy": TIERS[1].model_copy(update={"go_no_go": slow})})
    region = accepted(accepted(region, open_poll(), READY_WORLD), ballot(Function.MARKETING), READY_WORLD)
    later = at(READY_WORLD, after_working_days(NOW, 5, BERLIN))
    region = looked(region, later)
    seats = (Function.SALES, Function.ENABLEMENT, Function.PRODUCT)
    assert [(seat.stage, seat.function) for seat in region.idle] == [(Stage.GO_NO_GO, seat) for seat in seats]
    assert refused(region, name("ma-1"), later) == "two-seats-one-person"
    region = accepted(accepted(region, name("sa-2"), later), ballot(Function.SALES, person="sa-2"), later)
    assert [seat.function for seat in region.idle] == [Function.ENABLEMENT, Function.PRODUCT]


def test_a_stage_that_passes_forgets_its_idle_seats() -> None:
    """What was waited for has come."""
    later = at(READY_WORLD, IDLE_AT)
    assert signed(idle(), later).idle == ()


@settings(max_examples=examples(100))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["look", "look", "sign", "send back", "name", "edit", "empty"]),
            st.sampled_from([Function.MARKETING, Function.SALES]),
            st.integers(0, 60),
        ),
        max_size=15,
    )
)
def test_a_seat_goes_to_the_executive_only_after_its_days_and_once_until_somebody_acts(
    steps: list[tuple[str, Function, int]],
) -> None:
    """However people act: never early, never twice, never for a filled seat; and no timer rings without an end."""
    world, region = World(), begun()
    told: dict[tuple[Stage, Function], datetime] = {}
    for number, (what, function, hours) in enumerate(steps):
        world = world.later(timedelta(hours=hours))
        if what == "edit":
            world = world.but(message=f"message {number} edited")
        if what == "empty":
            world = world.but(missing=() if world.missing else ("all",))
        cause: Any = {
            "sign": by(function, world=world),
            "send back": by(function, world=world, position=Position.SEND_BACK),
            "name": name(f"p-{number}", function=function),
        }.get(what, Look())
        for event in propose(region, cause, evidence=world.evidence(), now=world.now).events:
            _audit(region, event, told)
            region = evolve(region, event)
        due_at = bearings(region, now=world.now).due_at
        assert due_at is None or due_at > world.now


def _audit(region: RegionLaunch, event: RegionEvent, told: dict[tuple[Stage, Function], datetime]) -> None:
    """Hold an event to the rules of idle seats, by what came before it."""
    if isinstance(event, SeatIdled):
        seat = (event.stage, event.function)
        assert seat not in told
        assert region.signature(*seat) is None
        assert whole_working_days(event.since, event.at, BERLIN) >= 3
        told[seat] = event.at
    elif isinstance(event, SeatNamed):
        for seat in [seat for seat in told if seat[1] is event.function]:
            del told[seat]
    elif event.type in {"signed_off", "sent_back", "sign_off_voided"}:
        told.pop((event.stage, event.function), None)
    elif event.type in {"stage_passed", "stage_reopened"}:
        for seat in [seat for seat in told if seat[0] is event.stage]:
            del told[seat]

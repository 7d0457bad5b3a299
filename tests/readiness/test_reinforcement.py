"""What does a region that has launched still owe, and what comes of it?"""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.commands import Choice
from readiness.events import RegionLaunched
from readiness.ledger import Look
from readiness.readiness import Rag
from readiness.region import ConditionStatus, RegionLaunch
from readiness.rules import bearings, due_at, evaluate, evolve, owed, propose
from tests.effort import examples
from tests.readiness.builders import LAUNCH_AT, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import at, conditional, meet
from tests.readiness.steps import accepted, launched, looked, refused, signed

DUE_AT = LAUNCH_AT + timedelta(days=10)
GRACE = timedelta(days=7)
CONDITION = "decide-conditional_go-1"
SECOND = timedelta(seconds=1)


def launched_owing(*due: timedelta) -> RegionLaunch:
    """Return a region that has launched on conditions which are due so long after its launch."""
    region = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    region = accepted(region, conditional(*(LAUNCH_AT + span for span in due)), READY_WORLD)
    return evolve(region, RegionLaunched(at=LAUNCH_AT, launch_at=LAUNCH_AT, decision_version=region.version))


def owing() -> RegionLaunch:
    """Return a region that has launched and owes one condition ten days later."""
    return launched_owing(timedelta(days=10))


def types(region: RegionLaunch, world: World) -> list[str]:
    """Return the types of the events that a look at `world` leads to."""
    evidence = world.evidence(launch_at=region.launch_at, at=world.now)
    return [event.type for event in propose(region, Look(), evidence=evidence, now=world.now).events]


def test_a_launch_with_open_conditions_owes_them() -> None:
    """Its workflow ends, and something is kept up until the conditions are met."""
    heading = bearings(owing(), now=LAUNCH_AT)
    assert (heading.ended, heading.owes, heading.due_at) == (True, True, DUE_AT)
    assert not bearings(launched(), now=LAUNCH_AT).owes
    assert not owed(accepted(owing(), meet(CONDITION), at(READY_WORLD, LAUNCH_AT)))


def test_a_condition_missed_after_the_launch_is_told_at_its_date_and_not_before() -> None:
    """First it is escalated: the product is sold on, and nothing is held any more."""
    assert types(owing(), at(READY_WORLD, DUE_AT - SECOND)) == []
    assert types(owing(), at(READY_WORLD, DUE_AT)) == ["condition_missed"]
    missed = looked(owing(), at(READY_WORLD, DUE_AT))
    assert missed.suspended_at is None
    assert due_at(missed, now=DUE_AT) == DUE_AT + GRACE


def test_what_stays_missed_suspends_the_permit_once() -> None:
    """A week after its date, and it says so where people look."""
    missed = looked(owing(), at(READY_WORLD, DUE_AT))
    late = at(READY_WORLD, DUE_AT + GRACE)
    assert types(missed, at(READY_WORLD, DUE_AT + GRACE - SECOND)) == []
    assert types(missed, late) == ["permit_suspended"]
    suspended = looked(missed, late)
    assert suspended.suspended_at == late.now
    assert types(suspended, at(READY_WORLD, late.now + GRACE)) == []
    shown = evaluate(
        suspended.policy,
        late.evidence(launch_at=suspended.launch_at, at=late.now),
        suspended,
        at=late.now,
    )
    assert (shown.rag, shown.suspended_at) == (Rag.RED, late.now)
    assert shown.reasons[0] == "The permit is suspended since 2027-03-18: a condition was missed"


def test_a_worker_that_was_away_tells_both_at_once() -> None:
    """Whatever fell due meanwhile happens at the first look."""
    assert types(owing(), at(READY_WORLD, DUE_AT + GRACE)) == ["condition_missed", "permit_suspended"]


def test_what_is_met_late_restores_the_permit() -> None:
    """Its owner says so with a proof; after the launch that is never too late."""
    late = at(READY_WORLD, DUE_AT + GRACE)
    restored = accepted(looked(owing(), late), meet(CONDITION), late)
    assert restored.suspended_at is None
    assert not owed(restored)
    assert restored.decision is not None
    assert [condition.status for condition in restored.decision.conditions] == [ConditionStatus.MET]


def test_one_of_two_that_is_met_restores_nothing() -> None:
    """Everything that was missed is met first."""
    region = launched_owing(timedelta(days=10), timedelta(days=11))
    late = at(READY_WORLD, DUE_AT + 3 * GRACE)
    half = accepted(looked(region, late), meet(CONDITION), late)
    assert half.suspended_at == late.now
    whole = accepted(half, meet("decide-conditional_go-2"), late)
    assert whole.suspended_at is None


def test_nothing_else_is_asked_of_a_region_that_has_launched() -> None:
    """Only what was promised with its go can still be done there, and only while something is owed."""
    after = at(READY_WORLD, LAUNCH_AT + timedelta(days=1))
    assert refused(owing(), decision(Choice.NO_GO, at=after.now), after) == "region-ended"
    assert refused(launched(), meet(CONDITION), after) == "region-ended"
    assert refused(owing(), meet("another"), after) == "condition-unknown"
    assert refused(owing(), meet(CONDITION, person="sa-1"), after) == "condition-not-yours"


@settings(max_examples=examples(50))
@given(
    due=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), max_size=8),
)
def test_a_permit_is_suspended_exactly_while_something_missed_is_long_overdue(
    due: list[int], steps: list[tuple[int, int]]
) -> None:
    """Whenever it looks, and whatever is met in between, in any order."""
    region = launched_owing(*(timedelta(days=days) for days in due))
    world = at(READY_WORLD, LAUNCH_AT)
    met: set[int] = set()
    is_suspended = False
    for days, number in steps:
        world = world.later(timedelta(days=days))
        region = looked(region, world)
        overdue = [d for n, d in enumerate(due, 1) if n not in met and LAUNCH_AT + timedelta(days=d) <= world.now]
        is_suspended = (is_suspended and bool(overdue)) or any(
            LAUNCH_AT + timedelta(days=d) + GRACE <= world.now for d in overdue
        )
        assert (region.suspended_at is not None) is is_suspended
        if 0 < number <= len(due) and number not in met:
            region = accepted(region, meet(f"decide-conditional_go-{number}"), world)
            met.add(number)
            still = [d for n, d in enumerate(due, 1) if n not in met and LAUNCH_AT + timedelta(days=d) <= world.now]
            is_suspended = is_suspended and bool(still)
            assert (region.suspended_at is not None) is is_suspended
    assert {c.promised.id for c in owed(region)} == {
        f"decide-conditional_go-{n}" for n in range(1, len(due) + 1) if n not in met
    }

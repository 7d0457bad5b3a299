"""Do those hear of an event whom it concerns, and nobody of what they did themselves?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import Choice, Role
from readiness.events import (
    Condition,
    ConditionMissed,
    CriteriaJudged,
    DecisionTaken,
    HoldCause,
    OwnerChanged,
    PermitSuspended,
    PollClosed,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    SentBack,
    SignOffVoided,
    StagePassed,
    WaiverGranted,
    WaiverLapseNears,
    WaiverRequested,
)
from readiness.evolve import evolve
from readiness.notices import NOTIFYING, Topic, notices
from readiness.policy import CriterionKey, Function, Stage
from readiness.region import Decision, PromisedCondition, RegionLaunch, Signature, Waiver, WaiverStatus
from readiness.seat_events import SeatIdled, SeatNamed
from tests.readiness.builders import NOW, OWNER, region_launch

TEXT = digest("the message")
PROMISE = Condition(id="c-1", owner="en-1", due_at=NOW, text_digest=digest("the price list"))


def decided(region: RegionLaunch) -> RegionLaunch:
    """Return the region with a conditional go that ex-1 gave and en-1 promised something for."""
    go = Decision(
        choice=Choice.CONDITIONAL_GO,
        person="ex-1",
        at=NOW,
        launch_at=region.launch_at,
        version=2,
        conditions=(PromisedCondition(promised=PROMISE),),
    )
    return region.model_copy(update={"decision": go})


def with_waiver(region: RegionLaunch) -> RegionLaunch:
    """Return the region with a waiver that sa-1 asked for and ex-1 granted."""
    waiver = Waiver(
        id="w-1",
        criterion=CriterionKey.TRAINING_COMPLETION,
        floor=8_000,
        expires_at=NOW + timedelta(days=7),
        status=WaiverStatus.GRANTED,
        requested_by="sa-1",
        requested_at=NOW,
        answered_by="ex-1",
        answered_at=NOW,
    )
    return region.model_copy(update={"waivers": (waiver,)})


def signed(region: RegionLaunch) -> RegionLaunch:
    """Return the region with the message signed by ma-1 for marketing."""
    signature = Signature(
        stage=Stage.VALUE_PROPOSITIONS, function=Function.MARKETING, person="ma-1", digest=TEXT, at=NOW
    )
    return region.model_copy(update={"sign_offs": (signature,)})


def told(region: RegionLaunch, event: RegionEvent) -> list[tuple[Topic, Any]]:
    """Return who hears of an event, with the topic."""
    assert event.type in NOTIFYING
    return [(each.topic, each.person or each.role) for each in notices(region, event)]


EXECUTIVE = Role.EXECUTIVE
WHERE: dict[str, Any] = {"stage": Stage.VALUE_PROPOSITIONS, "function": Function.MARKETING, "digest": TEXT}
CASES: list[tuple[RegionEvent, list[tuple[Topic, Any]]]] = [
    (RegionHeld(at=NOW, cause=HoldCause.GATE_UNMET), [(Topic.HELD, OWNER), (Topic.HELD, "ex-1")]),
    (RegionHeld(at=NOW, cause=HoldCause.PERSON, person="ex-1"), [(Topic.HELD, OWNER)]),
    (RegionHeld(at=NOW, cause=HoldCause.PERSON, person=OWNER), [(Topic.HELD, "ex-1")]),
    (
        ConditionMissed(at=NOW, condition="c-1"),
        [(Topic.CONDITION_MISSED, "en-1"), (Topic.CONDITION_MISSED, OWNER)],
    ),
    (
        PermitSuspended(at=NOW, conditions=("c-1",)),
        [(Topic.PERMIT_SUSPENDED, person) for person in (OWNER, "ex-1", "en-1")],
    ),
    (WaiverLapseNears(at=NOW, waiver="w-1"), [(Topic.WAIVER_LAPSING, "sa-1"), (Topic.WAIVER_LAPSING, "ex-1")]),
    (WaiverGranted(at=NOW, waiver="w-1", person="ex-1"), [(Topic.WAIVER_ANSWERED, "sa-1")]),
    (
        WaiverRequested(
            at=NOW, waiver="w-2", criterion=CriterionKey.TRAINING_COMPLETION, floor=8_000, expires_at=NOW
        ),
        [(Topic.WAIVER_ASKED, EXECUTIVE)],
    ),
    (
        SeatIdled(at=NOW, stage=Stage.GO_NO_GO, function=Function.SALES, since=NOW),
        [(Topic.SEAT_IDLE, EXECUTIVE)],
    ),
    (SeatNamed(at=NOW, person="ex-1", function=Function.SALES, named="sa-2"), [(Topic.SEAT_NAMED, "sa-2")]),
    (SentBack(at=NOW, person="sa-1", **WHERE), [(Topic.SENT_BACK, OWNER)]),
    (SignOffVoided(at=NOW, edited_by="ma-2", **WHERE), [(Topic.SIGN_AGAIN, "ma-1")]),
    (SignOffVoided(at=NOW, edited_by="ma-1", **WHERE), []),
    (PollClosed(at=NOW, ballots=()), [(Topic.DECISION_WAITS, EXECUTIVE), (Topic.DECISION_WAITS, OWNER)]),
    (
        DecisionTaken(at=NOW, person="ex-1", choice=Choice.GO, launch_at=NOW),
        [(Topic.DECIDED, OWNER)],
    ),
    (RegionLaunched(at=NOW, launch_at=NOW, decision_version=2), [(Topic.LAUNCHED, OWNER), (Topic.LAUNCHED, "ex-1")]),
    (OwnerChanged(at=NOW, person=OWNER, owner="pm-9"), [(Topic.OWNER_NOW, "pm-9")]),
]


@pytest.mark.parametrize(("event", "expected"), CASES, ids=lambda each: getattr(each, "type", None))
def test_whom_an_event_concerns_hears_of_it(event: RegionEvent, expected: list[tuple[Topic, Any]]) -> None:
    """Those whom the ledger names, once each, and never whoever did it."""
    assert told(signed(with_waiver(decided(region_launch()))), event) == expected


def test_a_decision_waits_once_the_last_gate_is_passed_where_nobody_is_polled() -> None:
    """Not with an earlier stage, and not while a decision stands already."""
    region = region_launch()
    last = StagePassed(at=NOW, stage=Stage.CERTIFICATION)
    waits = [(Topic.DECISION_WAITS, EXECUTIVE), (Topic.DECISION_WAITS, OWNER)]
    assert told(region, last) == (waits if not region.policy.go_no_go.polled else [])
    assert told(region, StagePassed(at=NOW, stage=Stage.TRAINING)) == []
    assert told(decided(region), last) == []


def test_who_decided_hears_of_a_hold_also_where_a_gate_took_the_go_away_before() -> None:
    """A go that may still revive is remembered with its decider."""
    region = decided(region_launch())
    held = RegionHeld(at=NOW, cause=HoldCause.GATE_UNMET)
    assert (Topic.HELD, "ex-1") in told(region, held)
    assert told(evolve(region, held), held)[0] == (Topic.HELD, OWNER)


def test_figures_concern_nobody() -> None:
    """What happens by the dozen is told to nobody by mail."""
    assert CriteriaJudged(at=NOW, judged=()).type not in NOTIFYING
    assert notices(region_launch(), CriteriaJudged(at=NOW, judged=())) == ()

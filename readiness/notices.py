"""Who is to hear of an event by mail, and why they?"""

# Named people where the ledger names them: who asked, granted, promised, decided, owns. Otherwise a role, and the
# store knows who acts in it. Nobody is told what they did themselves.

from enum import StrEnum
from typing import NamedTuple

from readiness.commands import Role
from readiness.events import (
    ConditionMissed,
    DecisionTaken,
    OwnerChanged,
    PermitSuspended,
    PollClosed,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionRescheduled,
    SentBack,
    SignOffVoided,
    StagePassed,
    StageWaived,
    WaiverDenied,
    WaiverGranted,
    WaiverLapsed,
    WaiverLapseNears,
    WaiverRequested,
    WaiverRevoked,
)
from readiness.lasting import GoRevived
from readiness.policy import LEARNING_STAGES
from readiness.policy_events import PolicyChangeAsked
from readiness.region import RegionLaunch, Waiver
from readiness.seat_events import SeatIdled, SeatNamed
from readiness.values import Identifier


class Topic(StrEnum):
    """What a notice is about; each has a subject and a sentence of ours."""

    HELD = "held"
    LAUNCHED = "launched"
    DECISION_WAITS = "decision-waits"
    DECIDED = "decided"
    GO_LOST = "go-lost"
    GO_REVIVED = "go-revived"
    CONDITION_MISSED = "condition-missed"
    PERMIT_SUSPENDED = "permit-suspended"
    WAIVER_ASKED = "waiver-asked"
    WAIVER_ANSWERED = "waiver-answered"
    WAIVER_LAPSING = "waiver-lapsing"
    WAIVER_LAPSED = "waiver-lapsed"
    SEAT_IDLE = "seat-idle"
    SEAT_NAMED = "seat-named"
    SENT_BACK = "sent-back"
    SIGN_AGAIN = "sign-again"
    POLICY_ASKED = "policy-asked"
    OWNER_NOW = "owner-now"


class Notice(NamedTuple):
    """What a person, or whoever acts in a role there, is to hear."""

    topic: Topic
    person: Identifier | None = None
    role: Role | None = None


def notices(region: RegionLaunch, event: RegionEvent) -> tuple[Notice, ...]:
    """Return who is to hear of `event`, each once; `region` is as it was just before.

    Whoever did it is left out.
    """
    found = dict.fromkeys(_notices(region, event))
    return tuple(each for each in found if each.person is None or each.person != event.person)


def _notices(region: RegionLaunch, event: RegionEvent) -> tuple[Notice, ...]:
    match event:
        case RegionHeld():
            return _to(Topic.HELD, region.owner, _decider(region))
        case RegionRescheduled():
            return _to(Topic.GO_LOST, _decider(region))
        case GoRevived():
            return _to(Topic.GO_REVIVED, region.owner, _decider(region))
        case RegionLaunched():
            return _to(Topic.LAUNCHED, region.owner, _decider(region))
        case DecisionTaken():
            return _to(Topic.DECIDED, region.owner)
        case ConditionMissed():
            return _to(Topic.CONDITION_MISSED, _promiser(region, event.condition), region.owner)
        case PermitSuspended():
            promisers = (_promiser(region, condition) for condition in event.conditions)
            return _to(Topic.PERMIT_SUSPENDED, region.owner, _decider(region), *promisers)
        case WaiverRequested():
            return (Notice(Topic.WAIVER_ASKED, role=Role.EXECUTIVE),)
        case WaiverGranted() | WaiverDenied() | WaiverRevoked():
            waiver = region.waiver(event.waiver)
            return _to(Topic.WAIVER_ANSWERED, waiver.requested_by if waiver else None)
        case WaiverLapseNears():
            return _to(Topic.WAIVER_LAPSING, *_parties(region.waiver(event.waiver)))
        case WaiverLapsed():
            return _to(Topic.WAIVER_LAPSED, *_parties(region.waiver(event.waiver)), region.owner)
        case SeatIdled():
            return (Notice(Topic.SEAT_IDLE, role=Role.EXECUTIVE),)
        case SeatNamed():
            return _to(Topic.SEAT_NAMED, event.named)
        case SentBack():
            return _to(Topic.SENT_BACK, region.owner)
        case SignOffVoided():
            signed = region.signature(event.stage, event.function)
            # Who edited knows what that did, even where they had signed.
            signer = signed.person if signed is not None and signed.person != event.edited_by else None
            return _to(Topic.SIGN_AGAIN, signer)
        case PollClosed():
            return _decision_waits(region)
        case StagePassed() | StageWaived():
            is_last = event.stage is LEARNING_STAGES[-1] and not region.policy.go_no_go.polled
            return _decision_waits(region) if is_last and region.decision is None else ()
        case PolicyChangeAsked():
            return (Notice(Topic.POLICY_ASKED, role=Role.EXECUTIVE),)
        case OwnerChanged():
            return _to(Topic.OWNER_NOW, event.owner)
        case _:
            return ()


def _decision_waits(region: RegionLaunch) -> tuple[Notice, ...]:
    return (Notice(Topic.DECISION_WAITS, role=Role.EXECUTIVE), *_to(Topic.DECISION_WAITS, region.owner))


def _to(topic: Topic, *people: Identifier | None) -> tuple[Notice, ...]:
    return tuple(Notice(topic, person=person) for person in people if person is not None)


def _decider(region: RegionLaunch) -> Identifier | None:
    if region.decision is not None and region.decision.is_go:
        return region.decision.person
    return region.lost.decision.person if region.lost is not None else None


def _promiser(region: RegionLaunch, condition: str) -> Identifier | None:
    kept = region.decision.conditions if region.decision is not None else ()
    return next((each.promised.owner for each in kept if each.promised.id == condition), None)


def _parties(waiver: Waiver | None) -> tuple[Identifier | None, ...]:
    return (waiver.requested_by, waiver.answered_by) if waiver is not None else ()


NOTIFYING = frozenset(
    {
        *("region_held", "region_rescheduled", "go_revived", "region_launched", "decision_taken"),
        *("condition_missed", "permit_suspended", "waiver_requested", "waiver_granted", "waiver_denied"),
        *("waiver_revoked", "waiver_lapse_nears", "waiver_lapsed", "seat_idled", "seat_named", "sent_back"),
        *("sign_off_voided", "poll_closed", "stage_passed", "stage_waived", "policy_change_asked", "owner_changed"),
    }
)
"""The types of events that anybody may have to hear of, so that no other is read for it."""

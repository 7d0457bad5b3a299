"""Does the command log stand behind what an event gives?"""

# Whoever can reach Temporal can send it a message. So an event that gives (a start, a sign-off, a decision, a
# resume, a reschedule) counts only while the log holds the authenticated command that asks for just this.

from collections.abc import Mapping, Sequence
from datetime import timedelta

from readiness.commands import (
    ROLE_OF_FUNCTION,
    AddRegion,
    AddressLesson,
    AskPolicyChange,
    CastBallot,
    ChangeOwner,
    ConfirmPolicyChange,
    Decide,
    GrantWaiver,
    HandOver,
    LaunchCommand,
    MeetCondition,
    NameSeat,
    Position,
    RegionCommand,
    RequestWaiver,
    Reschedule,
    Role,
    SignOff,
    StartLaunch,
)
from readiness.events import (
    GIVING,
    BallotCast,
    ConditionMet,
    CriteriaJudged,
    DecisionTaken,
    HoldCause,
    LaunchEvent,
    LaunchOwnerChanged,
    LaunchStarted,
    OwnerChanged,
    PollClosed,
    RegionAdded,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionLaunchStarted,
    RegionRescheduled,
    RegionResumed,
    ReviewCame,
    SignedOff,
    StagePassed,
    StageReopened,
    StageWaived,
    WaiverGranted,
    WaiverRequested,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.lasting import GoRevived, RegionSlipped
from readiness.ledger import RegionRow
from readiness.lesson_events import LessonAddressed
from readiness.lessons import ADDRESSERS
from readiness.policy_events import PolicyChangeAsked, PolicyChangeConfirmed
from readiness.region import GOES
from readiness.seat_events import SeatNamed
from store.ballots import untrue_ballots
from store.commands import LoggedCommand

_GATES = frozenset({CriteriaJudged, StagePassed, StageWaived, StageReopened})
"""The events in which nobody did anything: a gate was judged, met or lost."""

_ENDS_A_GO = frozenset({DecisionTaken, RegionHeld, RegionResumed, RegionRescheduled, RegionCancelled, ReviewCame})
"""The events after which the go before them stands no more."""


def follows_from(event: RegionEvent | LaunchEvent, command: RegionCommand | LaunchCommand) -> bool:
    """Say whether what `event` gives is what `command` asks for; an event that gives nothing follows from any."""
    match event, command:
        case SignedOff(), SignOff():
            asked = (command.stage, command.function, command.digest, command.position)
            holds_role = command.role is ROLE_OF_FUNCTION[command.function]
            return holds_role and (event.stage, event.function, event.digest, Position.APPROVE) == asked
        case DecisionTaken(), Decide():
            promised = [(c.owner, c.due_at, c.text_digest) for c in event.conditions]
            promises = [(c.owner, c.due_at, c.text_digest) for c in command.conditions]
            accepted = tuple(dissent.function for dissent in command.dissents_accepted)
            same = (event.choice, promised, event.dissents_accepted) == (command.choice, promises, accepted)
            return same and command.role is Role.EXECUTIVE
        case WaiverRequested(), RequestWaiver():
            wanted = (command.command_id, command.criterion, command.expires_at)
            is_so = (event.waiver, event.criterion, event.expires_at) == wanted
            return is_so and command.floor in (None, event.floor)
        case PolicyChangeAsked(), AskPolicyChange():
            same_policy = (event.policy, event.below_tier) == (command.policy, command.below_tier)
            wished = (command.change, command.applies, command.from_at)
            return same_policy and (event.change, event.applies, event.from_at) == wished
        case PolicyChangeConfirmed(), ConfirmPolicyChange():
            return event.change == command.change and command.role is Role.EXECUTIVE
        case WaiverGranted(), GrantWaiver():
            return event.waiver == command.waiver and command.role is Role.EXECUTIVE
        case ConditionMet(), MeetCondition():
            return (event.condition, event.proof_digest) == (command.condition, command.proof_digest)
        case LessonAddressed(), AddressLesson():
            same_lesson = (event.lesson, event.how_digest) == (command.lesson, command.how_digest)
            return same_lesson and command.role in ADDRESSERS
        case SeatNamed(), NameSeat():
            same_seat = (event.function, event.named) == (command.function, command.named)
            return same_seat and command.role is Role.EXECUTIVE
        case SeatNamed(), _:
            return False
        case BallotCast(), CastBallot():
            return event.function is command.function and command.role is ROLE_OF_FUNCTION[command.function]
        case ((RegionRescheduled() | RegionSlipped()), Reschedule()):
            return (event.launch_at, event.wall_clock) == (command.launch_at, command.wall_clock)
        case OwnerChanged(), ChangeOwner():
            return event.owner == command.owner
        case LaunchOwnerChanged(), HandOver():
            return event.owner == command.owner
        case RegionLaunchStarted(), StartLaunch():
            plan = command.plan
            asked_for = (plan.product, plan.owner, plan.tier, plan.courses, plan.assessment, plan.policy)
            given = (event.product, event.owner, event.tier, event.courses, event.assessment, event.policy)
            is_asked_for = given == asked_for and event.tier_grounds == plan.tier_grounds
            return is_asked_for and event.plan in plan.regions
        case RegionLaunchStarted(), AddRegion():
            return event.plan == command.region
        case LaunchStarted(), StartLaunch():
            return event.plan == command.plan
        case RegionAdded(), AddRegion():
            return event.plan == command.region
        case ((LaunchStarted() | RegionAdded()), _):
            return False
        case _:
            return event.type not in GIVING or command.kind in GIVING[event.type]


def unproven(key: RegionKey, rows: Sequence[RegionRow], logged: Mapping[str, LoggedCommand]) -> tuple[str, ...]:
    """Return every event of `rows` that gives without a command of the log behind it, with what is wrong.

    `logged` holds the commands that the rows name, by id. The command must be about this region launch (a start:
    about the launch that opened it), ask for just this, by this person, under this digest, and have been carried out.
    A revival has no command: it must rest on a decision among `rows`, which begin with the first, and that is proven
    like any other.
    """
    found: list[str] = []
    for row in rows:
        if isinstance(row.event, PollClosed):
            found.extend(f"event {row.version}: {what}" for what in untrue_ballots(key, row.event, logged))
        if isinstance(row.event, GoRevived):
            found.extend(f"event {row.version}: {what}" for what in unfounded_revival(row.event, rows[: row.version]))
        if row.event.type not in GIVING:
            continue
        command = logged.get(row.event.command_id or "")
        fault = "the command log has no command for it" if command is None else _fault(key, row.event, command)
        if fault is not None:
            found.append(f"event {row.version} ({row.event.type}) is not proven: {fault}")
    return tuple(found)


def unfounded_revival(event: GoRevived, rows: Sequence[RegionRow]) -> tuple[str, ...]:
    """Return why the revival that is the last of `rows`, the ledger from its beginning, gives back what never was.

    Read from the rows alone and not from their fold, so that two must be wrong before a go is made of nothing: the
    decision that it names was a go, the last hold since was for a gate, not longer ago than the policy allows, and
    nothing but gates has moved since that hold.
    """
    before = [row.event for row in rows[:-1]]
    start = before[0] if before else None
    held_at = next((place for place in reversed(range(len(before))) if isinstance(before[place], RegionHeld)), None)
    if not isinstance(start, RegionLaunchStarted) or held_at is None:
        return ("the go revived though nothing had held it",)
    held = before[held_at]
    named = before[event.decision_version - 1] if 0 < event.decision_version <= held_at else None
    since_named = before[event.decision_version : held_at]
    hours = start.policy.go_no_go.go_revives_hours
    faults = (
        (not isinstance(named, DecisionTaken) or named.choice is not event.choice, "no such go had been decided"),
        (event.choice not in GOES, "what revived is no go"),
        (not _stood(event, since_named), "the go that revived was gone before the hold"),
        (not isinstance(held, RegionHeld) or held.cause is not HoldCause.GATE_UNMET, "the hold was not for a gate"),
        (not held.at <= before[-1].at <= event.at <= held.at + timedelta(hours=hours), "the go revived too late"),
        (any(type(each) not in _GATES for each in before[held_at + 1 :]), "more than gates had moved since the hold"),
    )
    return tuple(what for is_fault, what in faults if is_fault)


def _stood(event: GoRevived, since: Sequence[RegionEvent]) -> bool:
    """Say whether a go still stood after the events `since` its decision; it may have revived before."""
    stands = True
    for each in since:
        if isinstance(each, GoRevived):
            stands = each.decision_version == event.decision_version
        elif type(each) in _ENDS_A_GO:
            stands = False
    return stands


def _fault(key: RegionKey, event: RegionEvent, command: LoggedCommand) -> str | None:
    scope: RegionKey | LaunchKey = key
    if isinstance(event, RegionLaunchStarted):
        scope = LaunchKey(product=key.product, run=event.launch_run)
    if command.scope != scope:
        return "its command is about another launch"
    if command.kind not in GIVING[event.type] or command.kind != command.command.kind:
        return "its command is of another kind"
    if event.person != command.person or command.command.person != command.person:
        return "its command was another person's"
    if event.command_digest != command.command_digest or not command.is_as_written:
        return "its command reads differently"
    if not follows_from(event, command.command):
        return "its command asks for something else"
    if not command.is_accepted:
        return "its command was not carried out"
    return None

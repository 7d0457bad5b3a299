"""What does a region launch become when something has happened?"""

# What these functions make of a written event never changes: a running launch is the fold of its ledger, and the same
# ledger must give the same region for ever. A new meaning is a new event type.

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from readiness.events import (
    BallotCast,
    ConditionMet,
    ConditionMissed,
    CriteriaJudged,
    DecisionTaken,
    HoldCause,
    OwnerChanged,
    PermitRestored,
    PermitSuspended,
    PollClosed,
    PollOpened,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionLaunchStarted,
    RegionRescheduled,
    RegionResumed,
    ReviewCame,
    SentBack,
    SignedOff,
    SignOffVoided,
    StageOpened,
    StagePassed,
    StageReopened,
    StageWaived,
    WaiverDenied,
    WaiverGranted,
    WaiverLapsed,
    WaiverLapseNears,
    WaiverRequested,
    WaiverRevoked,
)
from readiness.keys import RegionKey
from readiness.lasting import GoRevived, RegionSlipped
from readiness.ledger import RegionRow
from readiness.lesson_events import LessonAddressed
from readiness.memory import idle_seats, lost_go
from readiness.permit_events import PermitRevoked
from readiness.policy import Stage
from readiness.policy_events import (
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.policy_fold import policy_changed
from readiness.region import (
    GOES,
    AddressedLesson,
    ConditionStatus,
    Decision,
    Ending,
    Holding,
    JudgedStatus,
    Poll,
    PromisedCondition,
    RegionLaunch,
    SealedBallot,
    Signature,
    StageState,
    StageStatus,
    Waiver,
    WaiverStatus,
)
from readiness.seat_events import SeatIdled, SeatNamed


def begin(key: RegionKey, event: RegionLaunchStarted) -> RegionLaunch:
    """Return the region launch that its first event makes."""
    return RegionLaunch(
        key=key,
        version=1,
        launch_run=event.launch_run,
        product_name=event.product_name,
        tier=event.tier,
        owner=event.owner,
        plan=event.plan,
        courses=event.courses,
        assessment=event.assessment,
        policy=event.policy,
        below_tier=event.below_tier,
        started_at=event.at,
        stages=tuple(
            StageState(stage=stage, status=StageStatus.OPEN, opened_at=event.at, since=event.at)
            if stage is Stage.VALUE_PROPOSITIONS
            else StageState(stage=stage)
            for stage in Stage
        ),
        last_person=event.person,
        last_at=event.at,
    )


def fold(key: RegionKey, region: RegionLaunch | None, rows: Iterable[RegionRow]) -> RegionLaunch | None:
    """Return `region` after `rows`, which must follow on its version without a gap; None while nothing began.

    Raises ValueError where a version is missing or the first row is not the start.
    """
    for row in rows:
        known = region.version if region is not None else 0
        if row.version != known + 1:
            raise ValueError(f"version {row.version} of {key} does not follow on version {known}")
        if region is not None:
            region = evolve(region, row.event)
        elif isinstance(row.event, RegionLaunchStarted):
            region = begin(key, row.event)
        else:
            raise ValueError(f"{row.event.type} cannot be the first event of {key}")
    return region


def evolve(region: RegionLaunch, event: RegionEvent) -> RegionLaunch:
    """Return `region` after `event`, one version on."""
    changes: dict[str, Any] = {"version": region.version + 1, "last_at": event.at, **_changes(region, event)}
    if region.lost is not None or region.policy.go_no_go.go_revives_hours:
        changes["lost"] = lost_go(region, event)
    if region.idle or isinstance(event, SeatIdled):
        changes["idle"] = idle_seats(region, event)
    if event.person is not None:
        changes["last_person"] = event.person
    elif isinstance(event, SignOffVoided) and event.edited_by is not None:
        changes["last_person"] = event.edited_by
    return region.model_copy(update=changes)


def _changes(region: RegionLaunch, event: RegionEvent) -> dict[str, Any]:
    match event:
        case RegionLaunchStarted():
            raise ValueError(f"{region.key} has begun already")
        case CriteriaJudged():
            return {"judged": tuple(JudgedStatus(key=j.key, status=j.status) for j in event.judged)}
        case StageOpened():
            return _stage(region, event.stage, status=StageStatus.OPEN, opened_at=event.at, since=event.at)
        case StagePassed():
            return _closed(region, event.stage, StageStatus.PASSED, event.at)
        case StageWaived():
            return _closed(region, event.stage, StageStatus.WAIVED, event.at)
        case StageReopened():
            return _stage(region, event.stage, status=StageStatus.REOPENED, closed_at=None, since=event.at)
        case SignedOff() | SentBack() | SignOffVoided():
            return _signatures(region, event)
        case (
            WaiverRequested()
            | WaiverGranted()
            | WaiverDenied()
            | WaiverRevoked()
            | WaiverLapseNears()
            | WaiverLapsed()
        ):
            return {"waivers": _waivers(region, event)}
        case PollOpened() | BallotCast() | PollClosed():
            return {"poll": _poll(region, event)}
        case DecisionTaken():
            return _decided(region, event)
        case ConditionMet() | ConditionMissed():
            return {"decision": _conditions(region, event)}
        case PolicyChangeAsked() | PolicyChangeConfirmed() | PolicyChangeDeclined() | PolicyChanged():
            return policy_changed(region, event)
        case PermitSuspended():
            return {"suspended_at": event.at}
        case PermitRestored():
            return {"suspended_at": None}
        case PermitRevoked():
            return {"revoked_at": event.at}
        case SeatIdled() | SeatNamed():
            return {}
        case LessonAddressed():
            return {"addressed": _addressed(region, event)}
        case ReviewCame():
            return {"decision": None}
        case RegionHeld():
            return _held(region, event)
        case RegionResumed():
            return {"holding": None, **_without_go(region, event.at)}
        case RegionRescheduled():
            return _rescheduled(region, event)
        case OwnerChanged():
            others = tuple(person for person in region.former_owners if person != region.owner)
            return {"owner": event.owner, "former_owners": (*others, region.owner)}
        case RegionSlipped():
            return _slipped(region, event)
        case GoRevived():
            return _revived(region, event)
        case RegionCancelled():
            return {"ending": Ending.CANCELLED, "ended_at": event.at, "holding": None, "decision": None}
        case RegionLaunched():
            launched = _stage(region, Stage.LAUNCHED, status=StageStatus.PASSED, closed_at=event.at, since=event.at)
            return {"ending": Ending.LAUNCHED, "ended_at": event.at, "holding": None, **launched}
        case _:
            assert_never(event)


def _closed(region: RegionLaunch, stage: Stage, status: StageStatus, at: datetime) -> dict[str, Any]:
    """A gate that goes from waived to passed, or back, was closed all along: nobody votes on it anew."""
    state = region.stage(stage)
    closed_at = state.closed_at if state.is_closed else at
    return _stage(region, stage, status=status, closed_at=closed_at, since=at)


def _stage(region: RegionLaunch, stage: Stage, **changes: Any) -> dict[str, Any]:
    stages = tuple(state.model_copy(update=changes) if state.stage is stage else state for state in region.stages)
    return {"stages": stages}


def _signatures(region: RegionLaunch, event: SignedOff | SentBack | SignOffVoided) -> dict[str, Any]:
    others = tuple(s for s in region.sign_offs if (s.stage, s.function) != (event.stage, event.function))
    if isinstance(event, SignOffVoided):
        return {"sign_offs": others}
    if event.person is None:
        raise ValueError(f"{event.type} names nobody")
    signature = Signature(
        stage=event.stage,
        function=event.function,
        person=event.person,
        digest=event.digest,
        at=event.at,
        command_id=event.command_id,
    )
    if isinstance(event, SignedOff):
        return {"sign_offs": (*others, signature)}
    return {"sign_offs": others, "sent_back": (*region.sent_back, signature)}


def _waivers(
    region: RegionLaunch,
    event: WaiverRequested | WaiverGranted | WaiverDenied | WaiverRevoked | WaiverLapseNears | WaiverLapsed,
) -> tuple[Waiver, ...]:
    if isinstance(event, WaiverRequested):
        if event.person is None:
            raise ValueError("a request for a waiver names nobody")
        asked = Waiver(
            id=event.waiver,
            criterion=event.criterion,
            floor=event.floor,
            expires_at=event.expires_at,
            requested_by=event.person,
            requested_at=event.at,
        )
        return (*region.waivers, asked)
    changes: dict[str, Any]
    match event:
        case WaiverGranted():
            changes = {"status": WaiverStatus.GRANTED, "answered_by": event.person, "answered_at": event.at}
        case WaiverDenied():
            changes = {"status": WaiverStatus.DENIED, "answered_by": event.person, "answered_at": event.at}
        case WaiverRevoked():
            changes = {"status": WaiverStatus.REVOKED, "ended_by": event.person, "ended_at": event.at}
        case WaiverLapsed():
            changes = {"status": WaiverStatus.LAPSED, "ended_at": event.at}
        case WaiverLapseNears():
            changes = {"lapse_announced": True}
        case _:
            assert_never(event)
    return tuple(w.model_copy(update=changes) if w.id == event.waiver else w for w in region.waivers)


def _poll(region: RegionLaunch, event: PollOpened | BallotCast | PollClosed) -> Poll | None:
    if isinstance(event, PollOpened):
        return Poll(
            opened_at=event.at,
            opened_by=event.person,
            closes_at=event.closes_at,
            seats=event.seats,
            carried=event.carried,
        )
    poll = region.poll
    if poll is None:
        return None
    if isinstance(event, PollClosed):
        return poll.model_copy(update={"opened": event.ballots, "closed_at": event.at})
    if event.person is None:
        raise ValueError("a ballot names nobody")
    ballot = SealedBallot(function=event.function, person=event.person, at=event.at, command_id=event.command_id)
    return poll.model_copy(update={"sealed": (*poll.sealed, ballot)})


def _conditions(region: RegionLaunch, event: ConditionMet | ConditionMissed) -> Decision | None:
    decision = region.decision
    if decision is None:
        return None
    changes: dict[str, Any] = {"closed_by": event.person, "closed_at": event.at}
    if isinstance(event, ConditionMet):
        proof = {"proof_digest": event.proof_digest, "proof_command_id": event.command_id}
        changes |= {"status": ConditionStatus.MET, **proof}
    else:
        changes |= {"status": ConditionStatus.MISSED}
    conditions = tuple(
        condition.model_copy(update=changes) if condition.promised.id == event.condition else condition
        for condition in decision.conditions
    )
    return decision.model_copy(update={"conditions": conditions})


def _addressed(region: RegionLaunch, event: LessonAddressed) -> tuple[AddressedLesson, ...]:
    if event.person is None:
        raise ValueError(f"{event.type} names nobody")
    addressed = AddressedLesson(
        lesson=event.lesson,
        person=event.person,
        at=event.at,
        how_digest=event.how_digest,
        command_id=event.command_id,
    )
    return (*region.addressed, addressed)


def decision_of(event: DecisionTaken, *, version: int) -> Decision:
    """Return the decision that was taken with `event`, which the ledger has at `version`."""
    if event.person is None:
        raise ValueError("a decision names nobody")
    return Decision(
        choice=event.choice,
        person=event.person,
        at=event.at,
        launch_at=event.launch_at,
        version=version,
        review_at=event.review_at,
        command_id=event.command_id,
        judged=event.judged,
        gathered_at=event.gathered_at,
        audience=event.audience,
        conditions=tuple(PromisedCondition(promised=condition) for condition in event.conditions),
        waivers=event.waivers,
        ballots=event.ballots,
        dissents_accepted=event.dissents_accepted,
    )


def _decided(region: RegionLaunch, event: DecisionTaken) -> dict[str, Any]:
    decision = decision_of(event, version=region.version + 1)
    if event.choice not in GOES:
        return {**_without_go(region, event.at), "decision": decision, "holding": None}
    passed = _stage(region, Stage.GO_NO_GO, status=StageStatus.PASSED, closed_at=event.at, since=event.at)
    return {"decision": decision, "holding": None, **passed}


def _held(region: RegionLaunch, event: RegionHeld) -> dict[str, Any]:
    holding = Holding(
        cause=event.cause,
        at=event.at,
        person=event.person if event.cause is HoldCause.PERSON else None,
        criteria=event.criteria,
        objections=event.objections,
        review_at=event.review_at,
        command_id=event.command_id,
    )
    return {**_without_go(region, event.at), "holding": holding}


def _slipped(region: RegionLaunch, event: RegionSlipped) -> dict[str, Any]:
    """A slip that the standing go does not cover, whoever wrote that it does, takes it away as a reschedule does."""
    decision = region.decision
    if decision is None or not region.covers_slip_to(event.launch_at):
        return _rescheduled(region, event)
    plan = region.plan.model_copy(update={"launch_at": event.launch_at, "wall_clock": event.wall_clock})
    kept = decision.model_copy(update={"slipped_to": event.launch_at})
    return {"plan": plan, "slipped_at": event.at, "decision": kept}


def _revived(region: RegionLaunch, event: GoRevived) -> dict[str, Any]:
    """Nothing comes of a revival, whoever wrote it, where no go is remembered that may still revive."""
    lost = region.lost
    if lost is None or not region.may_revive_at(event.at):
        return {}
    return {"decision": lost.decision, "stages": lost.stages, "holding": None}


def _rescheduled(region: RegionLaunch, event: RegionRescheduled | RegionSlipped) -> dict[str, Any]:
    plan = region.plan.model_copy(update={"launch_at": event.launch_at, "wall_clock": event.wall_clock})
    is_held_by_person = region.holding is not None and region.holding.is_by_person
    return {
        **_without_go(region, event.at),
        "plan": plan,
        "moved_at": event.at,
        "holding": region.holding if is_held_by_person else None,
    }


def _without_go(region: RegionLaunch, at: datetime) -> dict[str, Any]:
    """A go that stood is gone, and the question is open again; a no-go is an executive's, and stays."""
    if region.decision is None or region.decision.choice not in GOES:
        return {}
    reopened = _stage(region, Stage.GO_NO_GO, status=StageStatus.REOPENED, closed_at=None, since=at)
    return {"decision": None, **reopened}

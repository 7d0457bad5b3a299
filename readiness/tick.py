"""What falls due by itself, and what follows from the evidence?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.blockers import current_stage
from readiness.commands import Choice
from readiness.decisions import conditions_missed, open_conditions
from readiness.evaluate import evaluate, verdict_of
from readiness.events import (
    CriteriaJudged,
    CriterionStatus,
    HoldCause,
    RegionEvent,
    RegionHeld,
    ReviewCame,
    SignOffVoided,
    StageOpened,
    StagePassed,
    StageReopened,
    StageWaived,
)
from readiness.evidence import ContentEvidence, Evidence
from readiness.evolve import evolve
from readiness.ledger import Bearings
from readiness.policy import LEARNING_STAGES, CriterionKey, Stage
from readiness.policy_changes import comes_into_force, next_change_at
from readiness.poll import next_closing_at, poll_closes
from readiness.readiness import SATISFIED, Readiness, earliest
from readiness.region import GOES, JudgedStatus, RegionLaunch, Signature, StageStatus
from readiness.reinforcement import falls_due, next_due_at, owed
from readiness.revival import revives
from readiness.roles import why_go_counts_no_more
from readiness.seats import next_idle_at, seats_idled
from readiness.waivers import lapses, next_lapse_at


def tick(region: RegionLaunch, *, evidence: Evidence | None, now: datetime) -> tuple[RegionEvent, ...]:
    """Return what falls due by itself as of `now`: a waiver that lapses, a condition that is missed, gates by the
    evidence, a go whose giver lost the role, a go that revives, a seat idle for too long, a review date, a missed
    launch instant; once launched, what it still owes.

    Without evidence for the region's launch instant no gate moves.
    """
    if region.ending is not None:
        return tuple(falls_due(region, now))
    events: list[RegionEvent] = []
    for change in comes_into_force(region, now):
        region = evolve(region, change)
        events.append(change)
        # What was gathered was gathered by the policy before: the gates are judged at the next look, by the new one.
        evidence = None
    for step in (_waivers, _conditions, _gates, _withdrawn, revives, _poll, seats_idled, _review, _missed_instant):
        for event in step(region, evidence, now):
            region = evolve(region, event)
            events.append(event)
    return tuple(events)


def wants_launch(region: RegionLaunch, *, now: datetime) -> bool:
    """Say whether a go stands whose launch instant has come, not longer ago than the policy allows."""
    return (
        region.ending is None
        and region.holding is None
        and region.decision is not None
        and region.decision.choice in GOES
        and region.decision.stands_for == region.launch_at
        and region.launch_at <= now <= region.launch_at + _lateness(region)
    )


def due_at(region: RegionLaunch, *, now: datetime) -> datetime | None:
    """Return when something next falls due by itself after `now`; None where only people or facts move it."""
    if region.ending is not None:
        return next_due_at(region, now=now)
    review_at = region.decision.review_at if region.decision is not None else None
    launch_at = region.launch_at if region.launch_at > now else None
    too_late_at = region.launch_at + _lateness(region) if wants_launch(region, now=now) else None
    condition_at = earliest(*(c.promised.due_at for c in open_conditions(region) if c.promised.due_at > now))
    return earliest(
        review_at if review_at is not None and review_at > now else None,
        launch_at,
        too_late_at,
        condition_at,
        next_closing_at(region, now=now),
        next_lapse_at(region, now=now),
        next_change_at(region),
        next_idle_at(region, now=now),
    )


def bearings(region: RegionLaunch, *, now: datetime) -> Bearings:
    """Return what the workflow of `region` sets its timer, search attributes and next step by."""
    return Bearings(
        version=region.version,
        stage=current_stage(region),
        verdict=verdict_of(region),
        launch_at=region.launch_at,
        due_at=due_at(region, now=now),
        launch_is_due=wants_launch(region, now=now),
        ended=region.ending is not None,
        owes=bool(owed(region)),
    )


def must_look(region: RegionLaunch, readiness: Readiness, evidence: Evidence) -> bool:
    """Say whether `region` must look at what `readiness` tells.

    It must where a criterion became met or waived or is so no more, where a text that was signed has moved on, or
    where a go was given by a role that was withdrawn since.
    Without evidence and unmet are the same to a gate, so the step from one to the other wakes nobody.
    """

    def opened(statuses: tuple[JudgedStatus, ...]) -> dict[CriterionKey, CriterionStatus]:
        return {each.key: each.status for each in statuses if each.status in SATISFIED}

    return (
        opened(readiness.statuses()) != opened(region.judged)
        or any(_moved_on(region, evidence))
        or why_go_counts_no_more(region, evidence) is not None
    )


def _lateness(region: RegionLaunch) -> timedelta:
    return timedelta(minutes=region.policy.go_no_go.late_launch_minutes)


def _waivers(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    del evidence
    yield from lapses(region, now)


def _conditions(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    del evidence
    yield from conditions_missed(region, now)


def _gates(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    if evidence is None or evidence.launch_at != region.launch_at:
        return
    readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    if readiness.statuses() != region.judged:
        yield CriteriaJudged(at=now, judged=readiness.judged())
    yield from _voided(region, evidence, now)
    yield from _stages(region, readiness, now)


def _withdrawn(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """Hold a region whose go was given by an executive who is none there any more, or will not be at the launch."""
    if evidence is None or evidence.launch_at != region.launch_at:
        return
    unmade = why_go_counts_no_more(region, evidence)
    if unmade is not None and region.holding is None:
        yield RegionHeld(at=now, cause=HoldCause.ROLE_WITHDRAWN, objections=(f"The go counts no more: {unmade}",))


def _poll(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """Yield the closing of the poll and what the gates make of it at once: whoever decides on what they then read is
    not told that it moved on."""
    for event in poll_closes(region, evidence, now):
        yield event
        yield from _gates(evolve(region, event), evidence, now)


def _voided(region: RegionLaunch, evidence: Evidence, now: datetime) -> Iterator[RegionEvent]:
    for signature, content in _moved_on(region, evidence):
        yield SignOffVoided(
            at=now,
            stage=signature.stage,
            function=signature.function,
            digest=signature.digest,
            edited_by=content.changed_by,
        )


def _moved_on(region: RegionLaunch, evidence: Evidence) -> Iterator[tuple[Signature, ContentEvidence]]:
    """Yield the sign-offs that stand though their text is another by now, and that text."""
    for signature in region.sign_offs:
        content = evidence.content_of(signature.stage)
        if content is not None and signature.digest not in (content.digest, *content.same_as):
            yield signature, content


def _stages(region: RegionLaunch, readiness: Readiness, now: datetime) -> Iterator[RegionEvent]:
    """Pass, open and reopen stages in their order: none passes while one before it is unmet."""
    unmet_anywhere: list[CriterionKey] = []
    may_pass = True
    for stage in LEARNING_STAGES:
        status = region.stage(stage).status
        unmet = tuple(criterion.key for criterion in readiness.unmet_of(stage))
        unmet_anywhere.extend(unmet)
        if status in {StageStatus.PASSED, StageStatus.WAIVED}:
            closing = _closing(stage, readiness, now)
            if unmet:
                yield StageReopened(at=now, stage=stage, criteria=unmet)
                may_pass = False
                continue
            # That only a waiver still covers it is told at once; behind a reopened stage nothing passes anew.
            is_waived = isinstance(closing, StageWaived)
            if is_waived is not (status is StageStatus.WAIVED) and (may_pass or is_waived):
                yield closing
            continue
        if status is StageStatus.LOCKED:
            if not may_pass:
                break
            yield StageOpened(at=now, stage=stage)
        if may_pass and not unmet:
            yield _closing(stage, readiness, now)
        else:
            may_pass = False
    if may_pass and region.stage(Stage.GO_NO_GO).status is StageStatus.LOCKED:
        yield StageOpened(at=now, stage=Stage.GO_NO_GO)
    has_go = region.decision is not None and region.decision.choice in GOES
    if has_go:
        # A seat may have been added to the poll since.
        unmet_anywhere.extend(criterion.key for criterion in readiness.unmet_of(Stage.GO_NO_GO))
    if has_go and unmet_anywhere:
        yield RegionHeld(at=now, cause=HoldCause.GATE_UNMET, criteria=tuple(unmet_anywhere))


def _closing(stage: Stage, readiness: Readiness, now: datetime) -> StagePassed | StageWaived:
    is_waived = any(criterion.status is CriterionStatus.WAIVED for criterion in readiness.of(stage))
    return StageWaived(at=now, stage=stage) if is_waived else StagePassed(at=now, stage=stage)


def _review(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    del evidence
    decision = region.decision
    if (
        decision is not None
        and decision.choice is Choice.NO_GO
        and decision.review_at is not None
        and decision.review_at <= now
    ):
        yield ReviewCame(at=now)


def _missed_instant(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """At its instant a region launches or is held; a no-go stays a no-go, and a person's hold stays theirs."""
    del evidence
    is_no_go = region.decision is not None and region.decision.choice is Choice.NO_GO
    if now >= region.launch_at and region.holding is None and not is_no_go and not wants_launch(region, now=now):
        yield RegionHeld(at=now, cause=HoldCause.LAUNCH_INSTANT_MISSED)

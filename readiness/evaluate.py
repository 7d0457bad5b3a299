"""How ready is a region as of an instant, and what does each verdict rest on?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from readiness.blockers import WORDS_OF_CAUSE, blockers, current_stage
from readiness.commands import Choice
from readiness.criteria import Case, judge, waiver_shown
from readiness.events import CriterionStatus
from readiness.evidence import Evidence
from readiness.lessons import lessons_of, lessons_shown
from readiness.policy import GATED_STAGES, LEARNING_STAGES, CriterionKey, Policy, Stage
from readiness.poll import stale_seats
from readiness.readiness import (
    WEIGHTS,
    WORST_FIRST,
    ConditionShown,
    CriterionResult,
    DecisionShown,
    HoldShown,
    PollShown,
    Rag,
    Readiness,
    SeatShown,
    StageReadiness,
)
from readiness.region import (
    ConditionStatus,
    Decision,
    Ending,
    PromisedCondition,
    RegionLaunch,
    StageState,
    StageStatus,
    Verdict,
)
from readiness.roles import why_go_counts_no_more
from readiness.values import BASIS_POINTS
from readiness.waves import wave_blocker

BEING_CHECKED = "Evidence changed, being checked"
"""Said where live figures would unmake a go that the workflow has not judged again yet."""

UNMET_AT_INSTANT = "As of this instant a gate is not met"
"""Said where another instant than the region's own is asked for, and a go would not stand at it."""

TOP_REASONS = 3
"""How many reasons a row of the board has room for."""


def judged_instant(region: RegionLaunch, *, now: datetime) -> datetime:
    """Return the instant that `region` is judged at: the later of its launch instant and now; once launched, now."""
    return now if region.ending is Ending.LAUNCHED else max(region.launch_at, now)


def verdict_of(region: RegionLaunch) -> Verdict:
    """Return the verdict that the events of `region` give."""
    if region.ending is not None:
        return Verdict(region.ending.value)
    if region.holding is not None:
        return Verdict.HELD
    if region.decision is not None:
        return Verdict(region.decision.choice.value)
    if all(region.stage(stage).is_closed for stage in LEARNING_STAGES):
        return Verdict.READY
    return Verdict.NOT_READY


def evaluate(policy: Policy, evidence: Evidence, region: RegionLaunch, *, at: datetime) -> Readiness:
    """Return the readiness of `region` by `policy` and `evidence`, judged as of `at`.

    Raises ValueError where the evidence was gathered for another instant: figures counted for one instant say
    nothing of another.
    """
    if evidence.figures.at != at:
        raise ValueError(f"the evidence was gathered for {evidence.figures.at}, not for {at}")
    stages = tuple(_stage_readiness(stage, policy, evidence, region) for stage in GATED_STAGES)
    criteria = tuple(criterion for stage in stages for criterion in stage.criteria)
    # A past instant is asked for from there, a coming one from now.
    seen_at = min(evidence.figures.gathered_at, at)
    verdict = _tempered(region, stages, evidence, seen_at=seen_at)
    waits = tuple(wave_blocker(region, verdict, evidence, at=seen_at))
    doubt = BEING_CHECKED if at == judged_instant(region, now=evidence.figures.gathered_at) else UNMET_AT_INSTANT
    return Readiness(
        product=region.key.product,
        region=region.key.region,
        run=region.key.run,
        name=region.plan.name,
        product_name=region.product_name,
        tier=region.tier,
        wave=region.plan.wave,
        owner=region.owner,
        version=region.version,
        stage=current_stage(region),
        verdict=verdict,
        rag=Rag.RED if region.revoked_at is not None else _colour(criteria, standing_conditions(region), at=seen_at),
        index=_index(criteria),
        coverage=_coverage(criteria),
        launch_at=region.launch_at.astimezone(ZoneInfo(region.plan.time_zone)),
        time_zone=region.plan.time_zone,
        at=at,
        forecast_at=_forecast(criteria),
        as_of=evidence.figures.gathered_at,
        reasons=(*(blocker.reason for blocker in waits), *_top_reasons(region, verdict, criteria, doubt=doubt))[
            :TOP_REASONS
        ],
        stages=stages,
        blockers=(*blockers(region, verdict, stages), *waits),
        decision=decision_shown(region),
        hold=_hold_shown(region),
        conditions=tuple(condition_shown(condition) for condition in standing_conditions(region)),
        poll=poll_shown(region, evidence),
        polled=policy.go_no_go.polled,
        waivers=tuple(waiver_shown(waiver, policy, at=at) for waiver in region.waivers),
        must_address=tuple(lessons_shown(region, lessons_of(evidence))),
        below_tier=region.below_tier,
        short_lead=region.plan.short_lead,
        suspended_at=region.suspended_at,
        revoked_at=region.revoked_at,
    )


def _stage_readiness(stage: Stage, policy: Policy, evidence: Evidence, region: RegionLaunch) -> StageReadiness:
    state = region.stage(stage)
    due_at = policy.due_at(stage, region.launch_at)
    case = Case(
        policy=policy,
        evidence=evidence,
        region=region,
        stage=state,
        due_at=due_at,
        seen_at=min(evidence.figures.gathered_at, evidence.figures.at),
    )
    criteria = tuple(judge(key, case) for key in policy.criteria_of(stage))
    return StageReadiness(
        stage=stage,
        status=_live_status(state, criteria),
        opened_at=state.opened_at,
        closed_at=state.closed_at,
        due_at=due_at,
        criteria=criteria,
    )


def _live_status(state: StageState, criteria: tuple[CriterionResult, ...]) -> StageStatus:
    """A closed stage whose criteria are unmet reads as reopened, also before the workflow has looked."""
    is_unmet = any(criterion.mandatory and not criterion.is_satisfied for criterion in criteria)
    return StageStatus.REOPENED if state.is_closed and is_unmet else state.status


def _tempered(
    region: RegionLaunch, stages: tuple[StageReadiness, ...], evidence: Evidence, *, seen_at: datetime
) -> Verdict:
    """Never a false go: what live figures or the clock would unmake is not shown, though nobody has looked yet."""
    verdict = verdict_of(region)
    is_unmet = any(
        criterion.mandatory and not criterion.is_satisfied
        for reading in stages
        if reading.stage in LEARNING_STAGES
        for criterion in reading.criteria
    )
    lateness = timedelta(minutes=region.policy.go_no_go.late_launch_minutes)
    has_broken = any(is_broken(condition, at=seen_at) for condition in standing_conditions(region))
    is_too_late = seen_at > region.launch_at + lateness
    is_unmade = why_go_counts_no_more(region, evidence) is not None
    if verdict in {Verdict.GO, Verdict.CONDITIONAL_GO} and (is_unmet or has_broken or is_too_late or is_unmade):
        return Verdict.HELD
    if is_unmet and verdict is Verdict.READY:
        return Verdict.NOT_READY
    return verdict


def _colour(criteria: tuple[CriterionResult, ...], conditions: tuple[PromisedCondition, ...], *, at: datetime) -> Rag:
    """Return the worst colour of the mandatory criteria; a condition still open is amber, a broken one red."""
    colours = {criterion.rag for criterion in criteria if criterion.mandatory}
    colours |= {Rag.AMBER for condition in conditions if condition.status is ConditionStatus.OPEN}
    colours |= {Rag.RED for condition in conditions if is_broken(condition, at=at)}
    return next((colour for colour in WORST_FIRST if colour in colours), Rag.GREY)


def standing_conditions(region: RegionLaunch) -> tuple[PromisedCondition, ...]:
    """Return the conditions of the decision that stands."""
    return region.decision.conditions if region.decision is not None else ()


def is_broken(condition: PromisedCondition, *, at: datetime) -> bool:
    """Say whether a condition was missed, or is due by `at` and not met."""
    is_overdue = condition.status is ConditionStatus.OPEN and condition.promised.due_at <= at
    return condition.status is ConditionStatus.MISSED or is_overdue


def _index(criteria: tuple[CriterionResult, ...]) -> float:
    """100 · Σ wᵢ·sᵢ / Σ wᵢ, cut to one decimal; sᵢ = min(1, actual / required), 0 without valid evidence."""
    weight = sum(WEIGHTS[criterion.key] for criterion in criteria)
    # In whole numbers, which are exact: what is reached is `above / below`.
    above, below = 0, 1
    for criterion in criteria:
        reached, asked = _share_reached(criterion)
        above = above * asked + WEIGHTS[criterion.key] * reached * below
        below *= asked
    return (1_000 * above // (below * weight)) / 10 if weight else 0.0


def _share_reached(criterion: CriterionResult) -> tuple[int, int]:
    """Return min(1, actual / required) as one whole number over another."""
    if criterion.status is CriterionStatus.NO_EVIDENCE or criterion.denominator == 0:
        return 0, 1
    reached, asked = (
        criterion.numerator * BASIS_POINTS,
        criterion.denominator * round(criterion.required * BASIS_POINTS),
    )
    return (1, 1) if reached >= asked else (reached, asked)


def _coverage(criteria: tuple[CriterionResult, ...]) -> float:
    weight = sum(WEIGHTS[criterion.key] for criterion in criteria)
    covered = sum(
        WEIGHTS[criterion.key] for criterion in criteria if criterion.status is not CriterionStatus.NO_EVIDENCE
    )
    return (covered * 100 // weight) / 100 if weight else 0.0


def _forecast(criteria: tuple[CriterionResult, ...]) -> datetime | None:
    """The day on which the last of the people's criteria is met; None where one of them has no pace."""
    people = {CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE}
    unmet = [criterion for criterion in criteria if criterion.key in people and not criterion.is_satisfied]
    forecasts = [criterion.forecast_at for criterion in unmet if criterion.forecast_at is not None]
    return max(forecasts) if unmet and len(forecasts) == len(unmet) else None


def _top_reasons(
    region: RegionLaunch, verdict: Verdict, criteria: tuple[CriterionResult, ...], *, doubt: str
) -> tuple[str, ...]:
    reasons: list[str] = []
    if region.ending is None and region.holding is not None:
        reasons.append(WORDS_OF_CAUSE[region.holding.cause])
        reasons.extend(region.holding.objections)
    elif region.ending is None and verdict is Verdict.HELD:
        reasons.append(doubt)
    if region.revoked_at is not None:
        reasons.append(f"The permit was revoked on {region.revoked_at:%Y-%m-%d}: it may not be sold here in this run")
    elif region.suspended_at is not None:
        reasons.append(f"The permit is suspended since {region.suspended_at:%Y-%m-%d}: a condition was missed")
    for colour in WORST_FIRST:
        reasons.extend(c.reasons[0] for c in criteria if c.rag is colour and not c.is_satisfied and c.reasons)
    reasons.extend(c.reasons[0] for c in criteria if c.is_satisfied and c.reasons)
    return tuple(reasons[:TOP_REASONS])


def decision_shown(region: RegionLaunch) -> DecisionShown | None:
    """Return the decision that stands, as readers see it; None where none does."""
    return decision_as_shown(region.decision, region.policy) if region.decision is not None else None


def decision_as_shown(decision: Decision, policy: Policy) -> DecisionShown:
    """Return a decision as readers see it, with how far it reaches by `policy`."""
    return DecisionShown(
        verdict=Choice(decision.choice),
        person=decision.person,
        at=decision.at,
        launch_at=decision.launch_at,
        review_at=decision.review_at,
        version=decision.version,
        judged=decision.judged,
        gathered_at=decision.gathered_at,
        audience=decision.audience,
        dissents_accepted=decision.dissents_accepted,
        slipped_to=decision.slipped_to,
        covers_until=decision.covers_until(policy),
    )


def condition_shown(condition: PromisedCondition) -> ConditionShown:
    """Return a condition as readers see it, without its words."""
    return ConditionShown(
        id=condition.promised.id,
        owner=condition.promised.owner,
        due_at=condition.promised.due_at,
        status=condition.status,
        closed_by=condition.closed_by,
        closed_at=condition.closed_at,
    )


def poll_shown(region: RegionLaunch, evidence: Evidence) -> PollShown | None:
    """Return the latest poll as readers see it: who has voted, and how only once it has closed."""
    poll = region.poll
    if poll is None:
        return None
    carried = {ballot.function for ballot in poll.carried}
    stale = stale_seats(region, evidence)
    sealed = {ballot.function: ballot for ballot in poll.sealed}
    opened = {ballot.function: ballot for ballot in (*poll.carried, *poll.opened)}
    seats: list[SeatShown] = []
    for seat in poll.seats:
        told, cast = opened.get(seat), sealed.get(seat)
        ballot = told or cast
        seats.append(
            SeatShown(
                function=seat,
                voted=ballot is not None and ballot.person is not None,
                person=ballot.person if ballot is not None else None,
                at=ballot.at if ballot is not None else None,
                position=told.stance if told is not None else None,
                carried=seat in carried,
                stale=seat in stale,
            )
        )
    return PollShown(
        opened_at=poll.opened_at,
        opened_by=poll.opened_by,
        closes_at=poll.closes_at,
        closed_at=poll.closed_at,
        seats=tuple(seats),
    )


def _revival(region: RegionLaunch) -> Iterator[str]:
    until = region.revives_until
    if until is not None:
        yield f"If it is met again by {until:%Y-%m-%d %H:%M} UTC and nothing else changes, the go stands again"


def _hold_shown(region: RegionLaunch) -> HoldShown | None:
    holding = region.holding
    if holding is None:
        return None
    return HoldShown(
        cause=holding.cause,
        person=holding.person,
        since=holding.at,
        review_at=holding.review_at,
        reasons=(WORDS_OF_CAUSE[holding.cause], *holding.objections, *_revival(region)),
        revives_until=region.revives_until,
    )

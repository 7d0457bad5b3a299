"""How ready is a region as of an instant, and what does each verdict rest on?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from readiness.commands import Choice
from readiness.criteria import Case, judge
from readiness.events import CriterionStatus, HoldCause
from readiness.evidence import Evidence
from readiness.policy import GATED_STAGES, LEARNING_STAGES, CriterionKey, Policy, Stage
from readiness.readiness import (
    WEIGHTS,
    WORST_FIRST,
    Blocker,
    CriterionResult,
    DecisionShown,
    HoldShown,
    Rag,
    Readiness,
    StageReadiness,
)
from readiness.region import Ending, RegionLaunch, StageState, StageStatus, Verdict

BEING_CHECKED = "Evidence changed, being checked"
"""Said where live figures would unmake a go that the workflow has not judged again yet."""

UNMET_AT_INSTANT = "As of this instant a gate is not met"
"""Said where another instant than the region's own is asked for, and a go would not stand at it."""

TOP_REASONS = 3
"""How many reasons a row of the board has room for."""

_WORDS_OF_CAUSE = {
    HoldCause.PERSON: "Held by a person",
    HoldCause.GATE_UNMET: "Held because a gate became unmet after the go",
    HoldCause.LAUNCH_INSTANT_MISSED: "Held because the launch instant came without a standing go; reschedule it",
    HoldCause.LAUNCH_REFUSED: "Held because the last check before the launch said no",
}


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


def current_stage(region: RegionLaunch) -> Stage:
    """Return the first stage that is not passed or waived; `launched` only once it has launched."""
    if region.ending is Ending.LAUNCHED:
        return Stage.LAUNCHED
    return next((stage for stage in LEARNING_STAGES if not region.stage(stage).is_closed), Stage.GO_NO_GO)


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
    verdict = _tempered(region, stages, seen_at=seen_at)
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
        rag=_colour(criteria),
        index=_index(criteria),
        coverage=_coverage(criteria),
        launch_at=region.launch_at.astimezone(ZoneInfo(region.plan.time_zone)),
        time_zone=region.plan.time_zone,
        at=at,
        forecast_at=_forecast(criteria),
        as_of=evidence.figures.gathered_at,
        reasons=_top_reasons(region, verdict, criteria, doubt=doubt),
        stages=stages,
        blockers=tuple(_blockers(region, verdict, stages)),
        decision=decision_shown(region),
        hold=_hold_shown(region),
        below_tier=region.below_tier,
        short_lead=region.plan.short_lead,
    )


def _stage_readiness(stage: Stage, policy: Policy, evidence: Evidence, region: RegionLaunch) -> StageReadiness:
    state = region.stage(stage)
    due_at = region.launch_at - timedelta(days=policy.due_days_of(stage))
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


def _tempered(region: RegionLaunch, stages: tuple[StageReadiness, ...], *, seen_at: datetime) -> Verdict:
    """Never a false go: what live figures or the clock would unmake is not shown, though nobody has looked yet."""
    verdict = verdict_of(region)
    is_unmet = any(
        criterion.mandatory and not criterion.is_satisfied
        for reading in stages
        if reading.stage in LEARNING_STAGES
        for criterion in reading.criteria
    )
    lateness = timedelta(minutes=region.policy.go_no_go.late_launch_minutes)
    if verdict in {Verdict.GO, Verdict.CONDITIONAL_GO} and (is_unmet or seen_at > region.launch_at + lateness):
        return Verdict.HELD
    if is_unmet and verdict is Verdict.READY:
        return Verdict.NOT_READY
    return verdict


def _colour(criteria: tuple[CriterionResult, ...]) -> Rag:
    colours = {criterion.rag for criterion in criteria if criterion.mandatory}
    return next((colour for colour in WORST_FIRST if colour in colours), Rag.GREY)


def _index(criteria: tuple[CriterionResult, ...]) -> float:
    """100 · Σ wᵢ·sᵢ / Σ wᵢ, cut to one decimal; sᵢ = min(1, actual / required), 0 without valid evidence."""
    weight = sum(WEIGHTS[criterion.key] for criterion in criteria)
    reached = sum(WEIGHTS[criterion.key] * _share_reached(criterion) for criterion in criteria)
    return (1_000 * reached // weight) / 10 if weight else 0.0


def _share_reached(criterion: CriterionResult) -> Fraction | int:
    """Return min(1, actual / required), exactly; fractions are slow, so only a share between 0 and 1 is one."""
    if criterion.status is CriterionStatus.NO_EVIDENCE or criterion.denominator == 0:
        return 0
    reached, asked = criterion.numerator * 10_000, criterion.denominator * round(criterion.required * 10_000)
    if reached >= asked:
        return 1
    return Fraction(reached, asked) if reached else 0


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
        reasons.append(_WORDS_OF_CAUSE[region.holding.cause])
        reasons.extend(region.holding.objections)
    elif region.ending is None and verdict is Verdict.HELD:
        reasons.append(doubt)
    for colour in WORST_FIRST:
        reasons.extend(c.reasons[0] for c in criteria if c.rag is colour and not c.is_satisfied and c.reasons)
    reasons.extend(c.reasons[0] for c in criteria if c.is_satisfied and c.reasons)
    return tuple(reasons[:TOP_REASONS])


def _blockers(region: RegionLaunch, verdict: Verdict, stages: tuple[StageReadiness, ...]) -> Iterator[Blocker]:
    """Yield one blocker for each function that is waited on, earliest stage first."""
    if region.ending is not None:
        return
    named: set[str] = set()
    if region.holding is not None:
        waiting_on = "executive" if region.holding.cause is not HoldCause.LAUNCH_INSTANT_MISSED else "product"
        named.add(waiting_on)
        yield Blocker(
            stage=current_stage(region),
            criterion=None,
            waiting_on=waiting_on,
            since=region.holding.at,
            reason=_WORDS_OF_CAUSE[region.holding.cause],
        )
    for reading in stages:
        if reading.status not in {StageStatus.OPEN, StageStatus.REOPENED}:
            continue
        since = region.stage(reading.stage).since or region.started_at
        for criterion in reading.criteria:
            for function in criterion.waiting_on:
                if function in named:
                    continue
                named.add(function)
                yield Blocker(
                    stage=reading.stage,
                    criterion=criterion.key,
                    waiting_on=function,
                    since=since,
                    reason=_reason_for(function, criterion),
                )
    if verdict is Verdict.READY and "executive" not in named:
        opened_at = region.stage(Stage.GO_NO_GO).since or region.started_at
        yield Blocker(
            stage=Stage.GO_NO_GO,
            criterion=None,
            waiting_on="executive",
            since=opened_at,
            reason="Every learning gate is met; the decision is open",
        )


def _reason_for(function: str, criterion: CriterionResult) -> str:
    """Return the reason that is about `function` itself, where there is one, or else the first."""
    about = (reason for reason in criterion.reasons if reason.startswith(f"{function.capitalize()} "))
    return next(about, criterion.reasons[0] if criterion.reasons else "The criterion is not met")


def decision_shown(region: RegionLaunch) -> DecisionShown | None:
    """Return the decision that stands, as readers see it; None where none does."""
    decision = region.decision
    if decision is None:
        return None
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
    )


def _hold_shown(region: RegionLaunch) -> HoldShown | None:
    holding = region.holding
    if holding is None:
        return None
    return HoldShown(
        cause=holding.cause,
        person=holding.person,
        since=holding.at,
        review_at=holding.review_at,
        reasons=(_WORDS_OF_CAUSE[holding.cause], *holding.objections),
    )

"""On whom does a region wait, since when and for what?"""

from collections.abc import Iterator

from readiness.asks import Ask, ask_of_hold
from readiness.commands import Stance
from readiness.events import HoldCause
from readiness.policy import LEARNING_STAGES, Function, Stage
from readiness.readiness import Blocker, StageReadiness
from readiness.region import Ending, RegionLaunch, StageStatus, Verdict, WaiverStatus
from readiness.turns import to_decide_since

WORDS_OF_CAUSE = {
    HoldCause.PERSON: "Held by a person",
    HoldCause.GATE_UNMET: "Held because a gate became unmet after the go",
    HoldCause.LAUNCH_INSTANT_MISSED: "Held because the launch instant came without a standing go; reschedule it",
    HoldCause.LAUNCH_REFUSED: "Held because the last check before the launch said no",
    HoldCause.CONDITION_MISSED: "Held because a condition of the go was not met in time",
    HoldCause.ROLE_WITHDRAWN: "Held because the role by which the go was given was withdrawn; have another decide",
}
"""Why a region is held, for people."""


def current_stage(region: RegionLaunch) -> Stage:
    """Return the first stage that is not passed or waived; `launched` only once it has launched."""
    if region.ending is Ending.LAUNCHED:
        return Stage.LAUNCHED
    return next((stage for stage in LEARNING_STAGES if not region.stage(stage).is_closed), Stage.GO_NO_GO)


def blockers(region: RegionLaunch, verdict: Verdict, stages: tuple[StageReadiness, ...]) -> Iterator[Blocker]:
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
            reason=WORDS_OF_CAUSE[region.holding.cause],
            ask=ask_of_hold(region.holding.cause),
        )
    asked = next((w for w in region.waivers if w.status is WaiverStatus.REQUESTED), None)
    if asked is not None and "executive" not in named:
        named.add("executive")
        yield Blocker(
            stage=region.policy.stage_of(asked.criterion) or current_stage(region),
            criterion=asked.criterion,
            waiting_on="executive",
            since=asked.requested_at,
            reason=f"A waiver of {asked.criterion.value} waits for an answer",
            ask=Ask.ANSWER_WAIVER,
        )
    for reading in stages:
        if reading.status not in {StageStatus.OPEN, StageStatus.REOPENED}:
            continue
        for criterion in reading.criteria:
            for turn in criterion.asked:
                if turn.of in named:
                    continue
                found = Blocker(
                    stage=reading.stage,
                    criterion=criterion.key,
                    waiting_on=turn.of.value,
                    since=turn.since,
                    reason=turn.reason,
                    ask=turn.ask,
                    sent_back_by=tuple(
                        each.of.value
                        for each in criterion.asked
                        if (turn.ask, each.ask) == (Ask.WRITE_ANEW, Ask.AWAIT_WRITING)
                    ),
                    due_at=criterion.due_at,
                    shortfall=criterion.shortfall,
                )
                found = _with_seat(region, found, may_escalate="executive" not in named)
                if found.ask is Ask.AWAIT_WRITING:
                    # They have spoken, and their seat is not idle: only whoever writes holds it.
                    continue
                named |= {turn.of, found.waiting_on}
                yield found
    is_polled = all(c.is_satisfied for reading in stages if reading.stage is Stage.GO_NO_GO for c in reading.criteria)
    if verdict is Verdict.READY and is_polled and "executive" not in named:
        yield Blocker(
            stage=Stage.GO_NO_GO,
            criterion=None,
            waiting_on="executive",
            since=to_decide_since(region),
            reason=_open_decision(region),
            ask=Ask.DECIDE,
        )


def _open_decision(region: RegionLaunch) -> str:
    ballots = region.poll.opened if region.poll is not None else ()
    dissents = [ballot.function.value for ballot in ballots if ballot.stance is Stance.DISSENT]
    if dissents:
        return f"The dissent of {', '.join(dissents)} waits for the executive; the decision is open"
    return "Every gate is met; the decision is open"


def _with_seat(region: RegionLaunch, found: Blocker, *, may_escalate: bool) -> Blocker:
    """Return the blocker as an idle seat leaves it: with the executive, or with whom the executive named."""
    if found.waiting_on not in set(Function):
        return found
    seat = region.idle_seat(found.stage, Function(found.waiting_on))
    if seat is None:
        return found
    if seat.named is not None:
        reason = f"{found.reason}; {seat.named} was named for it by {seat.named_by}"
        ask = Ask.SIGN if found.ask is Ask.AWAIT_WRITING else found.ask
        return found.model_copy(update={"since": seat.named_at, "reason": reason, "named": seat.named, "ask": ask})
    days = region.policy.idle_working_days
    reason = f"{found.reason} for {days} working days; an executive may name another person of {found.waiting_on}"
    escalated = {"waiting_on": "executive", "since": seat.escalated_at, "ask": Ask.NAME_SEAT}
    changes = escalated if may_escalate else {}
    return found.model_copy(update={**changes, "reason": reason})

"""How does each criterion of the built-in policy stand, and why?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from readiness.asks import Ask, Asked
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.events import CriterionStatus
from readiness.evidence import ContentEvidence, Evidence
from readiness.forecast import certification_forecast, needed, training_forecast
from readiness.lessons import lesson_words, unaddressed
from readiness.plan import Assessment, Course
from readiness.policy import CriterionKey, Function, Policy, Stage
from readiness.poll import moved_seats, stale_seats, unmade_ballots
from readiness.readiness import CriterionResult, Rag, WaiverShown, floor_share
from readiness.region import RegionLaunch, Signature, StageState, Waiver
from readiness.role_values import RoleLost, lost_words
from readiness.short_path import proven_by
from readiness.turns import (
    note_standing,
    opened_since,
    to_address_since,
    to_poll_since,
    to_sign_since,
    to_vote_since,
    to_write_anew_since,
)
from readiness.values import BASIS_POINTS, share_is_met
from readiness.waivers import covering, granted

STILL_DAYS = 14
"""Days that a stage may be open without movement before it turns red (rule book, RAG)."""


MOST_LESSONS = 5
"""Lessons of earlier waves that one reason names."""

_SAID = {
    Stage.VALUE_PROPOSITIONS: "the value propositions",
    Stage.OBJECTION_HANDLING: "the answers to objections",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What a criterion is judged by: the rules, the evidence, the region, and when it is due."""

    policy: Policy
    evidence: Evidence
    region: RegionLaunch
    stage: StageState
    due_at: datetime
    seen_at: datetime
    """The moment that colours are seen from: when the evidence was gathered, or the judged instant if earlier."""

    @property
    def courses(self) -> tuple[Course, ...]:
        """The required courses."""
        return self.region.courses

    @property
    def assessment(self) -> Assessment:
        """The assessment that certifies."""
        return self.region.assessment


def judge(key: CriterionKey, case: Case) -> CriterionResult:
    """Return how the criterion `key` stands in `case`, with a reason wherever it is not met."""
    return _with_waiver(_JUDGES[key](case), case)


def _with_waiver(result: CriterionResult, case: Case) -> CriterionResult:
    """Return the result as a waiver leaves it: covered, or with what its waiver lacks, red where it lapses first."""
    if result.status is CriterionStatus.MET or result.unaddressed:
        return result
    at = case.evidence.figures.at
    waiver = covering(case.region, result, at=at)
    unmade = _withdrawn_grant(case, waiver)
    if waiver is not None and unmade is not None:
        shown = waiver_shown(waiver, case.policy, at=at).model_copy(update={"covers_launch": False})
        return result.model_copy(update={"waiver": shown, "reasons": (unmade, *result.reasons)})
    if waiver is not None:
        shown = waiver_shown(waiver, case.policy, at=at)
        until = f"Waived until {waiver.expires_at:%Y-%m-%d %H:%M} UTC down to {waiver.floor / BASIS_POINTS:g}"
        waived = {"status": CriterionStatus.WAIVED, "rag": Rag.AMBER, "waiver": shown, "waiting_on": (), "asked": ()}
        return result.model_copy(update={**waived, "reasons": (until, *result.reasons)})
    short = granted(case.region, result.key)
    if short is None:
        return result
    shown = waiver_shown(short, case.policy, at=at)
    if short.covers_at(at):
        reason = f"Its waiver covers no less than {short.floor / BASIS_POINTS:g}"
        return result.model_copy(update={"waiver": shown, "reasons": (reason, *result.reasons)})
    reason = f"Its waiver lapses on {short.expires_at:%Y-%m-%d %H:%M} UTC, before the launch"
    return result.model_copy(update={"rag": Rag.RED, "waiver": shown, "reasons": (reason, *result.reasons)})


def waiver_shown(waiver: Waiver, policy: Policy, *, at: datetime) -> WaiverShown:
    """Return a waiver as readers see it, judged as of `at`."""
    return WaiverShown(
        id=waiver.id,
        stage=policy.stage_of(waiver.criterion),
        criterion=waiver.criterion,
        status=waiver.status,
        floor=waiver.floor / BASIS_POINTS,
        expires_at=waiver.expires_at,
        covers_launch=waiver.covers_at(at),
        requested_by=waiver.requested_by,
        requested_at=waiver.requested_at,
        answered_by=waiver.answered_by,
        answered_at=waiver.answered_at,
        ended_by=waiver.ended_by,
        ended_at=waiver.ended_at,
    )


def _value_propositions_signed(case: Case) -> CriterionResult:
    content = case.evidence.content_of(Stage.VALUE_PROPOSITIONS)
    segments = case.policy.value_propositions.segments
    missing = content.missing if content is not None else segments
    reasons = [f"The segment {segment} has no statement yet" for segment in missing]
    return _signed(
        CriterionKey.VALUE_PROPOSITIONS_SIGNED,
        case,
        signers=case.policy.value_propositions.signed_by,
        content=content,
        has_content=len(missing) < len(segments),
        is_complete=not missing,
        incomplete_reasons=reasons,
    )


def _objections_signed(case: Case) -> CriterionResult:
    content = case.evidence.content_of(Stage.OBJECTION_HANDLING)
    has_content = content is not None and content.ranked > 0
    return _signed(
        CriterionKey.OBJECTIONS_SIGNED,
        case,
        signers=case.policy.objection_handling.signed_by,
        content=content,
        has_content=has_content,
        is_complete=has_content,
        incomplete_reasons=[] if has_content else ["No objection has been ranked yet"],
    )


def _signed(
    key: CriterionKey,
    case: Case,
    *,
    signers: tuple[Function, ...],
    content: ContentEvidence | None,
    has_content: bool,
    is_complete: bool,
    incomplete_reasons: list[str],
) -> CriterionResult:
    region, stage, now = case.region, case.stage.stage, case.evidence.figures.gathered_at
    counting = (content.digest, *content.same_as) if content is not None else ()
    notes = {of: note for of in signers if (note := note_standing(region, stage, of, content)) is not None}
    counted = 0
    asked: dict[Function, Asked] = {}
    reasons = list(incomplete_reasons)
    said = _SAID[stage]
    for function in signers:
        signature = region.signature(stage, function)
        lost = _lost_by(case, signature)
        if signature is not None and signature.digest in counting and lost is None:
            counted += 1
            continue
        if signature is not None and lost is not None:
            words = lost_words(lost, seen_at=case.seen_at)
            reason = f"{function.capitalize()} signed {said}, but {words}; someone else must sign"
        elif signature is not None:
            reason = f"{function.capitalize()} signed {said} before they changed, and not again"
        elif function in notes:
            reason = f"{function.capitalize()} sent {said} back"
        else:
            reason = f"{function.capitalize()} has not signed {said}"
        reasons.append(reason)
        if function in notes:
            # Whoever sent a text back has spoken: first it is for whoever writes it to write it anew.
            since = to_write_anew_since(region, stage, notes.values())
            first = asked.get(Function.MARKETING)
            if first is None or first.ask is not Ask.WRITE_ANEW:
                asked[Function.MARKETING] = Asked(
                    of=Function.MARKETING, ask=Ask.WRITE_ANEW, since=since, reason=reason
                )
            turn = Asked(of=function, ask=Ask.AWAIT_WRITING, since=since, reason=reason)
        else:
            since = to_sign_since(region, stage, content, lost, now=now)
            turn = Asked(of=function, ask=Ask.SIGN, since=since, reason=reason)
        asked.setdefault(function, turn)
    is_met = is_complete and counted == len(signers)
    if is_met:
        status = CriterionStatus.MET
    elif has_content:
        status = CriterionStatus.UNMET
    else:
        status = CriterionStatus.NO_EVIDENCE
    if not is_complete:
        turn = Asked(of=Function.MARKETING, ask=Ask.WRITE, since=opened_since(region, stage), reason=reasons[0])
        asked = {Function.MARKETING: turn}
    return CriterionResult(
        key=key,
        status=status,
        rag=_colour_without_forecast(status, case),
        actual=floor_share(counted, len(signers)),
        required=1.0,
        numerator=counted,
        denominator=len(signers),
        due_at=case.due_at,
        reasons=tuple(reasons),
        waiting_on=tuple(function.value for function in asked),
        asked=tuple(asked.values()),
    )


def _lost_by(case: Case, signature: Signature | None) -> RoleLost | None:
    if signature is None:
        return None
    return case.evidence.lost(signature.person, ROLE_OF_FUNCTION[signature.function], given_at=signature.at)


def _withdrawn_grant(case: Case, waiver: Waiver | None) -> str | None:
    if waiver is None:
        return None
    lost = case.evidence.lost(waiver.answered_by, Role.EXECUTIVE, given_at=waiver.answered_at)
    words = lost_words(lost, seen_at=case.seen_at)
    return f"Its waiver does not count: {words}; have it revoked and ask anew" if words is not None else None


def _objections_answered(case: Case) -> CriterionResult:
    rules = case.policy.objection_handling
    content = case.evidence.content_of(Stage.OBJECTION_HANDLING)
    answered = content.answered if content is not None else 0
    ranked = content.ranked if content is not None else 0
    owed = unaddressed(case.region, content)
    is_answered = share_is_met(answered, rules.top_objections, required=rules.answered_share)
    is_met = is_answered and not owed
    reasons = []
    if owed:
        reasons.append(f"What earlier waves learned is still to be addressed: {lesson_words(owed[:MOST_LESSONS])}")
    if not is_answered:
        if ranked < rules.top_objections:
            reasons.append(f"{ranked} of the top {rules.top_objections} objections have been written down")
        reasons.append(f"{answered} of the top {rules.top_objections} objections have an answer")
        if content is not None and content.missing:
            reasons.append(f"Still to answer: {', '.join(content.missing)}")
    status = CriterionStatus.MET if is_met else CriterionStatus.UNMET if ranked else CriterionStatus.NO_EVIDENCE
    # What is not written is asked for first: a lesson is addressed beside the answers.
    ask = Ask.ANSWER if not is_answered else Ask.ADDRESS_LESSONS
    stage = case.stage.stage
    since = opened_since(case.region, stage) if not is_answered else to_address_since(case.region, owed)
    return CriterionResult(
        key=CriterionKey.OBJECTIONS_ANSWERED,
        status=status,
        rag=_colour_without_forecast(status, case),
        actual=floor_share(answered, rules.top_objections),
        required=rules.answered_share / BASIS_POINTS,
        numerator=answered,
        denominator=rules.top_objections,
        due_at=case.due_at,
        reasons=tuple(reasons),
        waiting_on=() if is_met else (Function.MARKETING.value,),
        asked=() if is_met else (Asked(of=Function.MARKETING, ask=ask, since=since, reason=reasons[0]),),
        unaddressed=len(owed),
    )


def _training_completion(case: Case) -> CriterionResult:
    figures = case.evidence.figures
    required = case.policy.training.required_share
    return _people_share(
        CriterionKey.TRAINING_COMPLETION,
        case,
        reached=figures.trained,
        required=required,
        has_evidence=figures.started > 0,
        reason=f"{figures.audience - figures.trained} of {figures.audience} have not completed every required course",
        forecast_at=training_forecast(figures, courses=len(case.courses), required=required),
        last_moved_at=figures.last_completion_at,
        lapsing=0,
    )


def _certified_share(case: Case) -> CriterionResult:
    figures = case.evidence.figures
    required = case.policy.certification.required_share
    return _people_share(
        CriterionKey.CERTIFIED_SHARE,
        case,
        reached=figures.certified,
        required=required,
        has_evidence=figures.last_attempt_at is not None,
        reason=f"{figures.audience - figures.certified} of {figures.audience} hold no certification valid at launch",
        forecast_at=certification_forecast(figures, required=required),
        last_moved_at=figures.last_attempt_at,
        lapsing=figures.lapsing,
    )


_ASKS = {CriterionKey.TRAINING_COMPLETION: Ask.LEARN, CriterionKey.CERTIFIED_SHARE: Ask.CERTIFY}


def _people_share(
    key: CriterionKey,
    case: Case,
    *,
    reached: int,
    required: int,
    has_evidence: bool,
    reason: str,
    forecast_at: datetime | None,
    last_moved_at: datetime | None,
    lapsing: int,
) -> CriterionResult:
    figures = case.evidence.figures
    is_met = share_is_met(reached, figures.audience, required=required)
    lapses = not is_met and share_is_met(reached + lapsing, figures.audience, required=required)
    if is_met:
        status = CriterionStatus.MET
    elif figures.audience > 0 and has_evidence:
        status = CriterionStatus.UNMET
    else:
        status = CriterionStatus.NO_EVIDENCE
    reasons: list[str] = []
    if figures.audience == 0:
        reasons.append("Nobody is in the audience, and an empty audience never passes")
    elif not is_met:
        reasons.append(reason)
        reasons.append(f"{needed(figures, reached, required=required)} more are needed")
    if lapsing:
        held = reached + lapsing
        subject = (
            f"1 of {held} certifications lapses" if lapsing == 1 else f"{lapsing} of {held} certifications lapse"
        )
        first = f", the first on {figures.first_lapse_at:%Y-%m-%d}" if figures.first_lapse_at is not None else ""
        reasons.insert(0, f"{subject} before the launch{first}")
    since = opened_since(case.region, case.stage.stage)
    return CriterionResult(
        key=key,
        status=status,
        rag=Rag.RED if lapses else _colour_of_people(status, case, forecast_at, last_moved_at),
        actual=floor_share(reached, figures.audience),
        required=required / BASIS_POINTS,
        numerator=reached,
        denominator=figures.audience,
        due_at=case.due_at,
        forecast_at=forecast_at,
        reasons=tuple(reasons),
        waiting_on=() if is_met else (Function.ENABLEMENT.value,),
        asked=() if is_met else (Asked(of=Function.ENABLEMENT, ask=_ASKS[key], since=since, reason=reasons[0]),),
        audience=figures.change,
        lapsing=lapsing,
    )


def _colour_without_forecast(status: CriterionStatus, case: Case) -> Rag:
    if status is CriterionStatus.MET:
        return Rag.GREEN
    if case.seen_at > case.due_at:
        return Rag.RED
    return Rag.GREY if status is CriterionStatus.NO_EVIDENCE else Rag.AMBER


def _colour_of_people(
    status: CriterionStatus, case: Case, forecast_at: datetime | None, last_moved_at: datetime | None
) -> Rag:
    if status is not CriterionStatus.UNMET or case.seen_at > case.due_at:
        return _colour_without_forecast(status, case)
    if forecast_at is not None:
        return Rag.AMBER if forecast_at <= case.due_at else Rag.RED
    if case.stage.opened_at is None:
        return Rag.AMBER
    moved_at = max(moment for moment in (last_moved_at, case.stage.since, case.stage.opened_at) if moment is not None)
    return Rag.RED if case.seen_at - moved_at >= timedelta(days=STILL_DAYS) else Rag.AMBER


def _poll_complete(case: Case) -> CriterionResult:
    rules = case.policy.go_no_go
    poll = case.region.poll
    seats = len(rules.polled)
    waiting: tuple[Function, ...]
    reasons: tuple[str, ...]
    proven = proven_by(case.region, case.evidence)
    if proven is not None:
        status, voted, waiting = CriterionStatus.MET, seats, ()
        reasons = (f"Nobody is polled: {proven} launched on the same texts and policy",)
    elif poll is None:
        status, voted, waiting = CriterionStatus.NO_EVIDENCE, 0, (Function.PRODUCT,)
        reasons = ("No poll has been opened yet",)
    elif poll.closed_at is None:
        status, voted = CriterionStatus.UNMET, len(poll.seats) - len(poll.awaited)
        waiting = poll.awaited
        reasons = (
            f"{voted} of {seats} seats have voted",
            *(f"{seat.capitalize()} has not voted" for seat in poll.awaited),
        )
    else:
        moved, unmade = moved_seats(case.region), unmade_ballots(case.region, case.evidence)
        stale = stale_seats(case.region, case.evidence)
        status = CriterionStatus.UNMET if stale else CriterionStatus.MET
        voted, waiting = len(poll.seats) - len(stale), (Function.PRODUCT,) if stale else ()
        reasons = tuple(
            f"{seat.capitalize()} voted before what it rests on changed; poll again"
            if seat in moved
            else f"{seat.capitalize()} voted, but {lost_words(unmade[seat], seen_at=case.seen_at)}; poll again"
            for seat in stale
        )
    return CriterionResult(
        key=CriterionKey.POLL_COMPLETE,
        status=status,
        rag=_colour_without_forecast(status, case),
        actual=floor_share(voted, seats),
        required=1.0,
        numerator=voted,
        denominator=seats,
        due_at=case.due_at,
        reasons=reasons,
        waiting_on=tuple(seat.value for seat in waiting),
        asked=tuple(_polled(case, waiting, reasons)),
    )


def _polled(case: Case, waiting: tuple[Function, ...], reasons: tuple[str, ...]) -> Iterator[Asked]:
    """Yield that the poll is to be opened, or what each seat that has not voted is asked."""
    region = case.region
    is_open = region.poll is not None and region.poll.closed_at is None
    since = to_vote_since(region) if is_open else to_poll_since(region, case.evidence)
    # Of an open poll the first reason counts the votes, and one more is about each seat that is awaited.
    about = reasons[1:] if is_open else reasons[: len(waiting)]
    for function, reason in zip(waiting, about, strict=True):
        yield Asked(of=function, ask=Ask.VOTE if is_open else Ask.OPEN_POLL, since=since, reason=reason)


_JUDGES: dict[CriterionKey, Callable[[Case], CriterionResult]] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: _value_propositions_signed,
    CriterionKey.OBJECTIONS_ANSWERED: _objections_answered,
    CriterionKey.OBJECTIONS_SIGNED: _objections_signed,
    CriterionKey.TRAINING_COMPLETION: _training_completion,
    CriterionKey.CERTIFIED_SHARE: _certified_share,
    CriterionKey.POLL_COMPLETE: _poll_complete,
}

"""Which broken cores must a walk of the small world notice?"""

# Each is the real core but for one fault that somebody could bring in, and each fault breaks a rule of the design.

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from readiness import rules
from readiness.canonical import digest
from readiness.commands import Choice, Decide, Hold, RegionCommand, Resume, Role, SignOff
from readiness.events import (
    CriteriaJudged,
    HoldCause,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionRescheduled,
    RegionResumed,
    SignOffVoided,
    StageOpened,
    StageReopened,
)
from readiness.evidence import Evidence, Figures
from readiness.keys import RegionKey
from readiness.ledger import Cause, Proposal
from readiness.policy import Stage
from readiness.readiness import Readiness
from readiness.region import Decision, RegionLaunch, StageStatus
from tests.readiness.walk import Core

# --- what is made of an event


def _evolving(type_: type[RegionEvent], change: Callable[[RegionLaunch, RegionLaunch, Any], dict[str, Any]]) -> Core:
    """Return a core that makes of one type of event what `change` says, of the region before and after it."""

    def evolve(region: RegionLaunch, event: RegionEvent) -> RegionLaunch:
        after = rules.evolve(region, event)
        return after.model_copy(update=change(region, after, event)) if isinstance(event, type_) else after

    return Core(evolve=evolve)


def _go_for_the_new_instant(before: RegionLaunch, after: RegionLaunch, event: RegionRescheduled) -> dict[str, Any]:
    del after
    decision = before.decision
    return {"decision": decision.model_copy(update={"launch_at": event.launch_at})} if decision else {}


def _decision_kept(before: RegionLaunch, after: RegionLaunch, event: object) -> dict[str, Any]:
    del after, event
    return {"decision": before.decision}


def _go_of_somebody(before: RegionLaunch, after: RegionLaunch, event: RegionResumed) -> dict[str, Any]:
    go = Decision(choice=Choice.GO, person="eve", at=event.at, launch_at=before.launch_at, version=after.version)
    return {"decision": go} if after.decision is None else {}


def _decision_lost(before: RegionLaunch, after: RegionLaunch, event: object) -> dict[str, Any]:
    del before, after, event
    return {"decision": None}


def _not_ended(before: RegionLaunch, after: RegionLaunch, event: object) -> dict[str, Any]:
    del before, after, event
    return {"ending": None}


def _notes_lost(before: RegionLaunch, after: RegionLaunch, event: object) -> dict[str, Any]:
    del before, after, event
    return {"sent_back": ()}


# --- what is written


def _without(is_left_out: Callable[[RegionEvent], bool]) -> Core:
    """Return a core that never writes some events."""

    def propose(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
        proposal = rules.propose(region, cause, **seen)
        kept = tuple(event for event in proposal.events if not is_left_out(event))
        return proposal.model_copy(update={"events": kept})

    return Core(propose=propose)


def _is_hold(cause: HoldCause) -> Callable[[RegionEvent], bool]:
    return lambda event: isinstance(event, RegionHeld) and event.cause is cause


def _void_everything(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    voided = [event for event in proposal.events if isinstance(event, SignOffVoided)]
    if not voided:
        return proposal
    stages = {event.stage for event in voided}
    more = tuple(
        SignOffVoided(at=seen["now"], stage=s.stage, function=s.function, digest=s.digest)
        for s in region.sign_offs
        if s.stage not in stages
    )
    return proposal.model_copy(update={"events": (*proposal.events, *more)})


def _open_everything(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    if region.stage(Stage.TRAINING).status is not StageStatus.LOCKED or region.ending is not None:
        return proposal
    return proposal.model_copy(
        update={"events": (*proposal.events, StageOpened(at=seen["now"], stage=Stage.TRAINING))}
    )


def _write_of_refusals(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    if proposal.refusal is None:
        return proposal
    return proposal.model_copy(update={"events": (*proposal.events, CriteriaJudged(at=seen["now"], judged=()))})


# --- what is allowed


def _allowing(refusal: str, disguise: Callable[[RegionLaunch, Any, Any], RegionCommand]) -> Core:
    """Return a core that never refuses for one reason: it lets the command pass as another that may be."""

    def propose(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
        proposal = rules.propose(region, cause, **seen)
        if proposal.refusal is None or proposal.refusal.kind != refusal:
            return proposal
        passed = rules.propose(region, disguise(region, cause, seen["evidence"]), **seen)
        person = getattr(cause, "person", None)
        events = tuple(
            event.model_copy(update={"person": person}) if event.command_id else event for event in passed.events
        )
        return passed.model_copy(update={"events": events})

    return Core(propose=propose)


def _as(**changes: Any) -> Callable[[RegionLaunch, Any, Any], RegionCommand]:
    def disguised(region: RegionLaunch, command: Any, evidence: Any) -> RegionCommand:
        del region, evidence
        disguise: RegionCommand = command.model_copy(update=changes)
        return disguise

    return disguised


def _of_the_current_text(region: RegionLaunch, command: SignOff, evidence: Evidence) -> RegionCommand:
    del region
    content = evidence.content_of(command.stage)
    return command.model_copy(update={"digest": content.digest}) if content is not None else command


def _resume_anyway(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    if isinstance(cause, Resume) and proposal.refusal is not None and region.holding is not None:
        resumed = RegionResumed(at=seen["now"], person=cause.person, command_id=cause.command_id)
        return Proposal(events=(resumed,))
    return proposal


def _refuse_every_go(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    if not isinstance(cause, Decide) or cause.choice is not Choice.GO or proposal.refusal is not None:
        return proposal
    return rules.propose(region, cause.model_copy(update={"role": Role.SELLER}), **seen)


# --- what is counted


def _counting(change: Callable[[Figures], dict[str, Any]]) -> Core:
    """Return a core that sees other figures than were gathered."""

    def propose(region: RegionLaunch, cause: Cause, *, evidence: Evidence, now: datetime) -> Proposal:
        figures = evidence.figures.model_copy(update=change(evidence.figures))
        return rules.propose(region, cause, evidence=evidence.model_copy(update={"figures": figures}), now=now)

    return Core(propose=propose)


def _punctuation_counts(region: RegionLaunch, cause: Cause, *, evidence: Evidence, now: datetime) -> Proposal:
    contents = tuple(content.model_copy(update={"same_as": ()}) for content in evidence.contents)
    return rules.propose(region, cause, evidence=evidence.model_copy(update={"contents": contents}), now=now)


# --- what is shown, and when the second lock opens


def _verdict_as_written(*asked: Any, **at: Any) -> Readiness:
    readiness = rules.evaluate(*asked, **at)
    return readiness.model_copy(update={"verdict": rules.verdict_of(asked[2])})


def _wants_launch_for_days(region: RegionLaunch, *, now: datetime) -> bool:
    return rules.wants_launch(region, now=min(now, region.launch_at))


def _of_the_instant(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> tuple[str, ...]:
    return rules.why_not_launch(region, evidence, at=at) if at == region.launch_at else ()


def _of_now(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> tuple[str, ...]:
    return rules.why_not_launch(region, evidence, at=at) if at == evidence.figures.gathered_at else ()


def _sleeps_long(region: RegionLaunch, *, now: datetime) -> datetime | None:
    wakes_at = rules.due_at(region, now=now)
    return wakes_at + timedelta(days=365) if wakes_at is not None else None


def _overrule(region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
    proposal = rules.propose(region, cause, **seen)
    if proposal.refusal is None or proposal.refusal.kind != "region-is-held":
        return proposal
    return rules.propose(region.model_copy(update={"holding": None}), cause, **seen)


def _never_objects(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> tuple[str, ...]:
    del region, evidence, at
    return ()


def _always_objects(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> tuple[str, ...]:
    del region, evidence, at
    return ("no",)


class HoldsWhatIsBeside:
    """A core that remembers which region was held last, and holds the next one that it sees as well."""

    def __init__(self) -> None:
        self._held: RegionKey | None = None

    def __call__(self, region: RegionLaunch, cause: Cause, **seen: Any) -> Proposal:
        """Propose as the core does, and hold a region for what was asked of another."""
        proposal = rules.propose(region, cause, **seen)
        if isinstance(cause, Hold) and proposal.refusal is None:
            self._held = region.key
        elif self._held is not None and self._held != region.key and region.holding is None and not region.ending:
            self._held = None
            hold = RegionHeld(at=seen["now"], cause=HoldCause.PERSON)
            return proposal.model_copy(update={"events": (*proposal.events, hold)})
        return proposal


BROKEN: dict[str, tuple[int, str, Core]] = {
    "a go survives a reschedule": (5, "go", _evolving(RegionRescheduled, _go_for_the_new_instant)),
    "a go survives a hold": (5, "go", _evolving(RegionHeld, _decision_kept)),
    "a resume brings a go": (5, "held", _evolving(RegionResumed, _go_of_somebody)),
    "a reschedule wipes a no-go": (5, "no-go", _evolving(RegionRescheduled, _decision_lost)),
    "a hold wipes a no-go": (5, "no-go", _evolving(RegionHeld, _decision_lost)),
    "a launch ends nothing": (7, "instant with a go", _evolving(RegionLaunched, _not_ended)),
    "what was sent back is forgotten": (8, "sent back", _evolving(RegionHeld, _notes_lost)),
    "a material edit voids nothing": (4, "edited", _without(lambda event: isinstance(event, SignOffVoided))),
    "a material edit voids everything": (4, "edited", Core(propose=_void_everything)),
    "punctuation is material": (4, "punctuated", Core(propose=_punctuation_counts)),
    "a passed stage stays passed": (1, "edited", _without(lambda event: isinstance(event, StageReopened))),
    "a stage opens before its turn": (2, "new", Core(propose=_open_everything)),
    "a go outlives its gates": (5, "go without learning", _without(_is_hold(HoldCause.GATE_UNMET))),
    "a missed instant goes unnoticed": (
        5,
        "instant without a go",
        _without(_is_hold(HoldCause.LAUNCH_INSTANT_MISSED)),
    ),
    "the second lock's no goes unnoticed": (5, "instant with a go", _without(_is_hold(HoldCause.LAUNCH_REFUSED))),
    "a refusal is written into the region": (8, "new", Core(propose=_write_of_refusals)),
    "an old revision is signed": (4, "new", _allowing("digest-is-stale", _of_the_current_text)),
    "one hand turns both keys": (6, "half signed", _allowing("two-keys-one-hand", _as(person="somebody-else"))),
    "a role signs for another function": (6, "new", _allowing("function-not-held", _as(role=Role.MARKETING))),
    "the owner decides": (6, "ready", _allowing("decider-is-owner", _as(person="somebody-else"))),
    "anyone decides": (6, "ready", _allowing("decider-not-allowed", _as(role=Role.EXECUTIVE))),
    "nobody says why": (6, "ready", _allowing("reason-missing", _as(reason_digest=digest("anything")))),
    "an old readiness is acted on": (6, "ready", _allowing("readiness-moved-on", _as(seen=None))),
    "a person's hold is overruled": (5, "held", Core(propose=_overrule)),
    "a resume comes after the instant": (5, "held at the instant", Core(propose=_resume_anyway)),
    "no go is ever taken": (6, "ready", Core(propose=_refuse_every_go)),
    "a lapse before the launch is overlooked": (
        3,
        "lapsing",
        _counting(lambda figures: {"certified": figures.certified + figures.lapsing}),
    ),
    "nobody is enough": (
        1,
        "nobody",
        _counting(lambda figures: {} if figures.audience else {"audience": 1, "trained": 1, "certified": 1}),
    ),
    "one person more is counted": (
        1,
        "half trained",
        _counting(lambda figures: {"trained": figures.audience} if figures.trained == 1 else {}),
    ),
    "the verdict is shown as written": (9, "go without learning", Core(evaluate=_verdict_as_written)),
    "a launch comes days late": (10, "too late", Core(wants_launch=_wants_launch_for_days)),
    "the second lock stands open": (
        10,
        "instant with a go, without learning",
        Core(why_not_launch=_never_objects),
    ),
    "the second lock asks of the instant alone": (10, "lapsed within the hour", Core(why_not_launch=_of_the_instant)),
    "the second lock asks of now alone": (10, "learned within the hour", Core(why_not_launch=_of_now)),
    "the second lock never opens": (10, "instant with a go", Core(why_not_launch=_always_objects)),
    "a review is slept through": (5, "no-go", Core(due_at=_sleeps_long)),
}
"""Broken cores by what is wrong with them: the rule of the design that each breaks, where it shows, and the core."""

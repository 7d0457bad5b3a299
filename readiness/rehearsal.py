"""What would follow if something were done to a region, without doing it?"""

# A rehearsal asks `propose`, as the real act does, and only reads what came of it: it has no rules of its own.

from collections.abc import Iterator
from datetime import datetime

from readiness.commands import StartLaunch
from readiness.events import HoldCause, RegionEvent, RegionLaunchStarted
from readiness.evidence import Evidence
from readiness.keys import LaunchKey
from readiness.launch import Launch, propose_launch
from readiness.ledger import Cause
from readiness.policy import GATED_STAGES, SIGNED_STAGES, CriterionKey, Function, Stage
from readiness.readiness import Rag, Readiness
from readiness.refusals import Refusal
from readiness.region import RegionLaunch, Signature, StageStatus, Verdict
from readiness.rules import evaluate, evolve, propose, verdict_of
from readiness.turns import note_standing
from readiness.values import Frozen, Identifier, Moment, Slug


class Foreseen(Frozen):
    """An event that would be written, and what it is about."""

    region: Slug | None
    """None for a launch as a whole."""
    type: str
    stage: Stage | None = None
    function: Function | None = None
    criterion: CriterionKey | None = None
    criteria: tuple[CriterionKey, ...] = ()
    cause: HoldCause | None = None


class WouldVoid(Frozen):
    """A sign-off that stands now and would not stand any more."""

    region: Slug
    stage: Stage
    function: Function
    person: Identifier


class WouldAsk(Frozen):
    """A function that sent a text back, and would be asked to sign it again because it was written anew."""

    region: Slug
    stage: Stage
    function: Function


class WouldReopen(Frozen):
    """A stage that is closed now and would be open again."""

    region: Slug
    stage: Stage


class WouldHold(Frozen):
    """A region that would be held, and the verdict that it would lose by that."""

    region: Slug
    cause: HoldCause
    verdict: Verdict


class WouldBeRed(Frozen):
    """A mandatory criterion that would be red; `already` where it is so now."""

    region: Slug
    stage: Stage
    criterion: CriterionKey | None = None
    """None where a stage as a whole is late."""
    reason: str
    already: bool = False


class Would(Frozen):
    """What would be voided, asked again, reopened, held or red."""

    voided: tuple[WouldVoid, ...] = ()
    asked_again: tuple[WouldAsk, ...] = ()
    reopened: tuple[WouldReopen, ...] = ()
    held: tuple[WouldHold, ...] = ()
    red: tuple[WouldBeRed, ...] = ()

    def and_also(self, other: "Would") -> "Would":
        """Return both together."""
        return Would(
            voided=self.voided + other.voided,
            asked_again=self.asked_again + other.asked_again,
            reopened=self.reopened + other.reopened,
            held=self.held + other.held,
            red=self.red + other.red,
        )


class Outlook(Frozen):
    """A region's readiness in one line."""

    region: Slug
    version: int
    verdict: Verdict
    stage: Stage
    rag: Rag


class Rehearsed(Frozen):
    """What one cause would do to one region; with a refusal, only what falls due by itself would happen."""

    refusal: Refusal | None
    events: tuple[Foreseen, ...]
    would: Would
    before: Outlook
    after: Outlook


def rehearse(
    region: RegionLaunch, cause: Cause, *, evidence: Evidence, at_hand: Evidence, now: datetime
) -> Rehearsed:
    """Return what `cause` would do to `region`.

    `evidence` is what the real act would be proposed on; `at_hand` is that of the region as it is. They differ where
    a reschedule looks at another instant, and where an edit changes what is said.
    """
    proposal = propose(region, cause, evidence=evidence, now=now)
    after = region
    for event in proposal.events:
        after = evolve(after, event)
    seen = _readiness(region, at_hand)
    then = _readiness(after, evidence if evidence.launch_at == after.launch_at else at_hand)
    return Rehearsed(
        refusal=proposal.refusal,
        events=tuple(_foreseen(region, event) for event in proposal.events),
        would=Would(
            voided=tuple(_voided(region, after)),
            asked_again=tuple(_asked_again(region, after, at_hand, evidence)),
            reopened=_reopened(region, after),
            held=_held(region, after),
            red=_red(seen, then),
        ),
        before=_outlook(seen),
        after=_outlook(then),
    )


def why_not(region: RegionLaunch, cause: Cause, *, evidence: Evidence, now: datetime) -> Refusal | None:
    """Return why `cause` would be refused; None where it would be carried out."""
    return propose(region, cause, evidence=evidence, now=now).refusal


class DueDate(Frozen):
    """When a stage of a region that begins is due; `past` where that moment has gone by already."""

    stage: Stage
    due_at: Moment
    past: bool


class Beginning(Frozen):
    """How a region of a launch that starts would begin."""

    region: Slug
    launch_at: Moment
    short_lead: bool
    """Whether the launch is nearer than the tier's lead time."""
    due: tuple[DueDate, ...]


class StartRehearsed(Frozen):
    """What a start would write, and what it would find late."""

    refusal: Refusal | None
    events: tuple[Foreseen, ...]
    would: Would
    beginnings: tuple[Beginning, ...]


def rehearse_start(
    key: LaunchKey, launch: Launch | None, command: StartLaunch, *, open_regions: tuple[Slug, ...], now: datetime
) -> StartRehearsed:
    """Return what a start would do: as `propose_launch` has it, with the due dates that each region begins with."""
    proposal = propose_launch(key, launch, command, open_regions=open_regions, now=now)
    beginnings = tuple(_beginning(opening, now=now) for opening in proposal.openings)
    late = tuple(
        WouldBeRed(region=each.region, stage=due.stage, reason=f"It was due on {due.due_at:%Y-%m-%d %H:%M} UTC")
        for each in beginnings
        for due in each.due
        if due.past
    )
    begun = tuple(Foreseen(region=opening.plan.region, type=opening.type) for opening in proposal.openings)
    return StartRehearsed(
        refusal=proposal.refusal,
        events=(*(Foreseen(region=None, type=event.type) for event in proposal.events), *begun),
        would=Would(red=late),
        beginnings=beginnings,
    )


def _beginning(opening: RegionLaunchStarted, *, now: datetime) -> Beginning:
    policy, launch_at = opening.policy, opening.plan.launch_at
    due = {stage: policy.due_at(stage, launch_at) for stage in GATED_STAGES if policy.criteria_of(stage)}
    return Beginning(
        region=opening.plan.region,
        launch_at=launch_at,
        short_lead=opening.plan.short_lead,
        due=tuple(DueDate(stage=stage, due_at=at, past=at < now) for stage, at in due.items()),
    )


def _readiness(region: RegionLaunch, evidence: Evidence) -> Readiness:
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def _outlook(readiness: Readiness) -> Outlook:
    return Outlook(
        region=readiness.region,
        version=readiness.version,
        verdict=readiness.verdict,
        stage=readiness.stage,
        rag=readiness.rag,
    )


def _foreseen(region: RegionLaunch, event: RegionEvent) -> Foreseen:
    told = event.model_dump(include={"type", "stage", "function", "criterion", "criteria", "cause"})
    return Foreseen(region=region.key.region, **told)


def _voided(before: RegionLaunch, after: RegionLaunch) -> list[WouldVoid]:
    def stands(signature: Signature) -> bool:
        return after.signature(signature.stage, signature.function) is not None

    return [
        WouldVoid(region=before.key.region, stage=each.stage, function=each.function, person=each.person)
        for each in before.sign_offs
        if not stands(each)
    ]


def _asked_again(
    before: RegionLaunch, after: RegionLaunch, at_hand: Evidence, evidence: Evidence
) -> Iterator[WouldAsk]:
    """Yield the functions whose note sends back the text that is there, and not the one that would be."""
    for stage in SIGNED_STAGES:
        for note in before.sent_back:
            of = note.function
            held = note.stage is stage and note == note_standing(before, stage, of, at_hand.content_of(stage))
            holds = note_standing(after, stage, of, evidence.content_of(stage)) is not None
            if held and not holds and after.signature(stage, of) is None:
                yield WouldAsk(region=before.key.region, stage=stage, function=of)


def _reopened(before: RegionLaunch, after: RegionLaunch) -> tuple[WouldReopen, ...]:
    return tuple(
        WouldReopen(region=before.key.region, stage=state.stage)
        for state in before.stages
        if state.is_closed and after.stage(state.stage).status is StageStatus.REOPENED
    )


def _held(before: RegionLaunch, after: RegionLaunch) -> tuple[WouldHold, ...]:
    if after.holding is None or after.holding == before.holding:
        return ()
    return (WouldHold(region=before.key.region, cause=after.holding.cause, verdict=verdict_of(before)),)


def _red(seen: Readiness, then: Readiness) -> tuple[WouldBeRed, ...]:
    red_now = {criterion.key for criterion in seen.criteria if criterion.rag is Rag.RED}
    return tuple(
        WouldBeRed(
            region=then.region,
            stage=stage.stage,
            criterion=criterion.key,
            reason=criterion.reasons[0] if criterion.reasons else "It is not met",
            already=criterion.key in red_now,
        )
        for stage in then.stages
        for criterion in stage.criteria
        if criterion.mandatory and criterion.rag is Rag.RED
    )

"""What does a reader get to know about the readiness of one region?"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from readiness.asks import Ask, Asked
from readiness.commands import Choice, Stance
from readiness.events import CriterionStatus, HoldCause, Judged
from readiness.evidence import AudienceChange
from readiness.policy import CriterionKey, Function, Stage
from readiness.region import ConditionStatus, JudgedStatus, StageStatus, Verdict, WaiverStatus
from readiness.values import BASIS_POINTS, Frozen, Moment

WEIGHTS: dict[CriterionKey, int] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: 15,
    CriterionKey.OBJECTIONS_ANSWERED: 10,
    CriterionKey.OBJECTIONS_SIGNED: 5,
    CriterionKey.TRAINING_COMPLETION: 30,
    CriterionKey.CERTIFIED_SHARE: 40,
    CriterionKey.POLL_COMPLETE: 0,
}
"""The weight of each criterion in the readiness index, from the rule book."""


PEOPLE_CRITERIA = (CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE)
"""The criteria that are met by people who learn."""

SATISFIED = frozenset({CriterionStatus.MET, CriterionStatus.WAIVED})
"""The statuses of a criterion that stands in nobody's way."""


class Rag(StrEnum):
    """A colour, computed from evidence, never typed in."""

    RED = "red"
    AMBER = "amber"
    GREY = "grey"
    GREEN = "green"


WORST_FIRST = (Rag.RED, Rag.AMBER, Rag.GREY, Rag.GREEN)
"""A region has the worst colour of its mandatory criteria."""


class WaiverShown(Frozen):
    """A waiver of this region, whatever became of it."""

    id: str
    stage: Stage | None
    criterion: CriterionKey
    status: WaiverStatus
    floor: float
    """The lowest share that it covers."""
    expires_at: Moment
    covers_launch: bool
    """Whether it is granted and runs beyond the instant that is judged."""
    requested_by: str
    requested_at: Moment
    answered_by: str | None
    answered_at: Moment | None
    ended_by: str | None
    ended_at: Moment | None
    reason: str | None = None
    compensating_control: str | None = None


class ConditionShown(Frozen):
    """A condition of the decision that stands."""

    id: str
    owner: str
    due_at: Moment
    status: ConditionStatus
    closed_by: str | None
    closed_at: Moment | None
    text: str | None = None
    proof: str | None = None


class SeatShown(Frozen):
    """A seat of the poll; how it voted is shown only once the poll has closed."""

    function: Function
    voted: bool
    person: str | None = None
    at: Moment | None = None
    position: Stance | None = None
    carried: bool = False
    """Whether the ballot is from an earlier poll and still counts."""
    stale: bool = False
    """Whether it counts no more, because what it rests on has changed or the voter's role was withdrawn."""
    reason: str | None = None


class LessonShown(Frozen):
    """What an earlier wave learned, and how it is addressed here."""

    id: str
    kind: Literal["hold", "no_go", "objection"]
    region: str
    """Where it was learned."""
    wave: int
    at: Moment
    addressed_by: str | None = None
    addressed_at: Moment | None = None
    reason: str | None = None
    """Why the region was held or was no go, or the objection that was heard."""
    how: str | None = None


class PollShown(Frozen):
    """The latest poll."""

    opened_at: Moment
    opened_by: str | None
    closes_at: Moment
    closed_at: Moment | None
    seats: tuple[SeatShown, ...]


class Shortfall(Frozen):
    """How far an unmet criterion has come, in whole people, signatures or answers."""

    numerator: int
    denominator: int
    needed: int
    """How many more are needed."""
    lapsing: int = 0
    """Of people: how many count today and no more at the judged instant."""


class CriterionResult(Frozen):
    """How one criterion stands at the judged instant, and why.

    `actual` and `required` are shares for reading, cut (never rounded up) to four decimals; the integers decide.
    """

    key: CriterionKey
    status: CriterionStatus
    mandatory: bool = True
    rag: Rag
    actual: float
    required: float
    numerator: int
    denominator: int
    due_at: Moment
    forecast_at: Moment | None = None
    reasons: tuple[str, ...] = ()
    waiting_on: tuple[str, ...] = ()
    """The functions that can move it."""
    asked: Annotated[tuple[Asked, ...], Field(exclude=True)] = ()
    """What is asked of each of them: blockers are made of it, and it is not kept."""
    waiver: WaiverShown | None = None
    """The waiver that covers it, or that lapses before the judged instant."""
    audience: AudienceChange | None = None
    unaddressed: int = 0
    """Lessons of earlier waves that are still to be addressed; no waiver covers them."""
    lapsing: int = 0
    """Certifications that count today and no more at the judged instant."""

    @property
    def is_satisfied(self) -> bool:
        """Say whether it stands in nobody's way."""
        return self.status in SATISFIED

    @property
    def turns(self) -> tuple[str, ...]:
        """The functions whose turn it is: of those that can move it, whoever has not done their part for now."""
        waits = tuple(each.of.value for each in self.asked if each.ask is not Ask.AWAIT_WRITING)
        return waits or self.waiting_on

    def fewest(self, share: float) -> int:
        """Return the fewest of those who are counted that are no less than `share` of them."""
        asked = round(share * BASIS_POINTS) * self.denominator
        return -(-asked // BASIS_POINTS)

    @property
    def needed(self) -> int:
        """How many more of those who are counted are needed for it to be met."""
        return max(0, self.fewest(self.required) - self.numerator)

    @property
    def shortfall(self) -> Shortfall:
        """How far it has come, and how many more are needed."""
        return Shortfall(
            numerator=self.numerator, denominator=self.denominator, needed=self.needed, lapsing=self.lapsing
        )


class StageReadiness(Frozen):
    """One stage with its criteria, live even while it is locked."""

    stage: Stage
    status: StageStatus
    opened_at: Moment | None
    closed_at: Moment | None
    due_at: Moment
    criteria: tuple[CriterionResult, ...]


class Blocker(Frozen):
    """What stands in the way, on whom it waits and since when."""

    stage: Stage
    criterion: CriterionKey | None
    waiting_on: str
    since: Moment
    """When their turn came."""
    reason: str
    named: str | None = None
    """Whom an executive named for a seat that had been idle for too long."""
    due_at: Moment | None = None
    """By when the criterion is to be met; None where it waits for no criterion."""
    shortfall: Shortfall | None = None
    """What the criterion still lacks; None where it waits for no criterion."""
    ask: Ask | None = None
    """What is asked of whoever is waited on; None where it was written down before that was kept."""
    sent_back_by: tuple[str, ...] = ()
    """The functions that sent back what is to be written anew, and are asked again once it is."""


class DecisionShown(Frozen):
    """The decision that stands."""

    verdict: Choice
    person: str
    at: Moment
    launch_at: Moment
    review_at: Moment | None
    version: int
    judged: tuple[Judged, ...] = ()
    """The criteria as it was taken on them, with the counts of then."""
    gathered_at: Moment | None = None
    """When that evidence was gathered."""
    audience: AudienceChange | None = None
    """How the audience had changed by then."""
    dissents_accepted: tuple[Function, ...] = ()
    """The dissents that the decider accepted by name."""
    slipped_to: Moment | None = None
    """The later launch instant that slips carried a go to; `launch_at` is the one that it was taken for."""
    covers_until: Moment | None = None
    """The latest launch instant that a go covers; None for what is no go."""
    reason: str | None = None


class HoldShown(Frozen):
    """The hold that stands."""

    cause: HoldCause
    person: str | None
    since: Moment
    review_at: Moment | None
    reasons: tuple[str, ...]
    revives_until: Moment | None = None
    """Until when the go that was lost stands again, if its gate is met and nothing else changes."""


class Readiness(Frozen):
    """The readiness of one product in one region, judged as of one instant, with a reason for every verdict."""

    product: str
    region: str
    run: int
    name: str
    product_name: str
    tier: int
    wave: int
    owner: str
    version: int
    """Changes when a status or a verdict does, not with every figure."""
    stage: Stage
    verdict: Verdict
    rag: Rag
    index: Annotated[float, Field(ge=0, le=100)]
    coverage: Annotated[float, Field(ge=0, le=1)]
    launch_at: AwareDatetime
    """On the region's own clock."""
    time_zone: str
    at: Moment
    """The instant that everything is judged at."""
    forecast_at: Moment | None
    as_of: Moment
    """When the evidence was gathered."""
    reasons: tuple[str, ...]
    """The top reasons, worst first; at most three."""
    stages: tuple[StageReadiness, ...]
    blockers: tuple[Blocker, ...]
    decision: DecisionShown | None
    hold: HoldShown | None
    conditions: tuple[ConditionShown, ...] = ()
    waivers: tuple[WaiverShown, ...] = ()
    poll: PollShown | None = None
    polled: tuple[Function, ...] = ()
    """The functions that hold a seat in the poll; without seats there is none."""
    must_address: tuple[LessonShown, ...] = ()
    """What earlier waves learned; `objections_answered` is unmet until each is addressed."""
    below_tier: tuple[str, ...] = ()
    short_lead: bool = False
    suspended_at: Moment | None = None
    """Since when the permit of a launched region is suspended."""
    revoked_at: Moment | None = None
    """When the permit of a launched region was taken away, for ever in this run."""

    @property
    def has_learned(self) -> bool:
        """Say whether nothing of what people do is left to forecast."""
        return all(each.is_satisfied for each in self.of_people)

    @property
    def of_people(self) -> tuple[CriterionResult, ...]:
        """The criteria that are met by people who learn."""
        return tuple(each for each in self.criteria if each.key in PEOPLE_CRITERIA)

    @property
    def criteria(self) -> tuple[CriterionResult, ...]:
        """Every criterion, in the order of the stages."""
        return tuple(criterion for stage in self.stages for criterion in stage.criteria)

    def judged(self) -> tuple[Judged, ...]:
        """Return how each criterion was judged, as an event records it."""
        return tuple(
            Judged(key=c.key, status=c.status, numerator=c.numerator, denominator=c.denominator)
            for c in self.criteria
        )

    def statuses(self) -> tuple[JudgedStatus, ...]:
        """Return the status of each criterion: what a hint is decided by."""
        return tuple(JudgedStatus(key=c.key, status=c.status) for c in self.criteria)

    def of(self, stage: Stage) -> tuple[CriterionResult, ...]:
        """Return the criteria of `stage`."""
        return tuple(c for reading in self.stages if reading.stage is stage for c in reading.criteria)

    def unmet_of(self, stage: Stage) -> tuple[CriterionResult, ...]:
        """Return the mandatory criteria of `stage` that stand in the way."""
        return tuple(c for c in self.of(stage) if c.mandatory and not c.is_satisfied)


def floor_share(numerator: int, denominator: int) -> float:
    """Return the share cut to four decimals, for reading only; 0 for an empty whole."""
    return (numerator * 10_000 // denominator) / 10_000 if denominator > 0 else 0.0


def earliest(*moments: datetime | None) -> datetime | None:
    """Return the earliest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None

"""Who belongs to a region's audience, and how far has each of them come?"""

# This is the rule book's "People" and "Roster and facts" said once more in plain Python, one person at a time: what
# the store counts with grouped SQL must equal it.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field, PlainSerializer

from readiness.evidence import AudienceChange, Figures, pace_begins_at
from readiness.plan import Assessment, Course
from readiness.policy import CriterionKey, Policy, Stage
from readiness.values import Frozen, Identifier, Moment, Slug

SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
"""From when the first row about somebody holds that names no moment."""


class PersonStatus(StrEnum):
    """How far somebody has come, seen from one instant."""

    NOT_STARTED = "not_started"
    LEARNING = "learning"
    TRAINED = "trained"
    FAILED = "failed"
    """Trained, without a valid pass, and every attempt is used up."""
    CERTIFIED = "certified"
    LAPSES = "lapses"
    """Certified now, not on the day."""


LACKING: Mapping[Stage, tuple[PersonStatus, ...]] = {
    Stage.TRAINING: (PersonStatus.NOT_STARTED, PersonStatus.LEARNING),
    Stage.CERTIFICATION: (PersonStatus.TRAINED, PersonStatus.FAILED, PersonStatus.LAPSES),
}
"""Whom each stage that people pass by learning still waits for: what each of them must do next belongs to it."""


WAITED_FOR: Mapping[CriterionKey, tuple[PersonStatus, ...]] = {
    CriterionKey.TRAINING_COMPLETION: LACKING[Stage.TRAINING],
    # Who is not trained is not certified either.
    CriterionKey.CERTIFIED_SHARE: (*LACKING[Stage.TRAINING], *LACKING[Stage.CERTIFICATION]),
}
"""Whom each criterion that people meet by learning does not count yet."""


def next_stage(status: PersonStatus) -> Stage | None:
    """Return the stage by whose due date somebody has to get further; None for who is certified through the day."""
    return next((stage for stage, lacking in LACKING.items() if status in lacking), None)


def then_due_at(status: PersonStatus, policy: Policy, *, launch_at: datetime) -> datetime | None:
    """Return by when somebody who must learn first has to be certified besides; None for who is beyond learning."""
    return policy.due_at(Stage.CERTIFICATION, launch_at) if next_stage(status) is Stage.TRAINING else None


def due_at(status: PersonStatus, policy: Policy, *, launch_at: datetime) -> datetime | None:
    """Return by when somebody has to get further, as that stage is due; None for who is certified through the day."""
    stage = next_stage(status)
    return policy.due_at(stage, launch_at) if stage is not None else None


class Requirements(Frozen):
    """What a product asks of its people; where it asks for no course, nobody is ever trained."""

    courses: tuple[Course, ...]
    assessment: Assessment
    functions: tuple[Slug, ...] = Field(default=())
    """Whose people are the audience where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one row of an import said of a person in an audience; the greater `ordinal` is the later import."""

    ordinal: int
    imported_at: datetime
    known_at: datetime
    """When the import took effect."""
    effective_at: datetime | None = None
    active: bool = True
    place: int = 0
    """The row's place in its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry(Entry):
    """What one row of an import said of a person on the roster."""

    function: str
    region: str
    manager_id: str | None = None
    territory: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One version of the fact that somebody completed a course."""

    course_id: str
    completed_at: datetime
    score: Decimal | None = None
    void: bool = False
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One version of the fact that somebody took an assessment."""

    assessment_id: str
    attempted_at: datetime
    score: Decimal
    void: bool = False
    ordinal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """Everything known of one person that bears on one product and region; `named` are the rows of its audience."""

    person_id: str
    name: str | None = None
    roster: tuple[RosterEntry, ...] = ()
    named: tuple[Entry, ...] = ()
    completions: tuple[Completion, ...] = ()
    attempts: tuple[Attempt, ...] = ()


class PersonStanding(Frozen):
    """A row of the tracker: what one person has done for a product, and what is missing."""

    person_id: Identifier
    name: str | None
    """None where the name was erased."""
    manager_id: Identifier | None
    status: PersonStatus
    missing_courses: tuple[Identifier, ...]
    """Required courses without a counting completion, in the order of the plan."""
    trained_at: Moment | None
    best_score: Annotated[Decimal, PlainSerializer(float, when_used="json")] | None
    """The best of the attempts that count; a plain number to readers."""
    certified_until: Moment | None
    """When the longest pass ends, or ended; None without a pass, and for one that never lapses."""
    attempts_left: int | None
    """None where there may be any number."""
    territory: str | None = None
    last_activity_at: Moment | None = None
    """When they last completed a required course or took the assessment, whether it counts or not."""


EntryT = TypeVar("EntryT", bound=Entry)
FactT = TypeVar("FactT", Completion, Attempt)


def in_force(entries: Sequence[EntryT], at: datetime, *, known_by: datetime | None = None) -> EntryT | None:
    """Return the entry that holds at `at`, or None; of those that took effect by `known_by`, where that is given.

    Without a moment of its own the first entry holds since ever, a later one from its import. The latest counts.
    """
    first = min((entry.ordinal for entry in entries), default=0)
    holding = [
        (begins_at, entry.ordinal, entry.place, entry)
        for entry in entries
        if (begins_at := _begins_at(entry, first)) <= at and (known_by is None or entry.known_at <= known_by)
    ]
    return max(holding, key=lambda ranked: ranked[:3])[3] if holding else None


def audience_at(
    people: Iterable[PersonFacts],
    region: str,
    functions: Sequence[str],
    at: datetime,
    *,
    known_by: datetime | None = None,
) -> frozenset[str]:
    """Return who must be ready in `region` at `at`: whoever is named, or where nobody is, everyone of `functions`."""
    everyone = tuple(people)
    by_name = any(in_force(person.named, at, known_by=known_by) is not None for person in everyone)
    return frozenset(
        person.person_id
        for person in everyone
        if is_member(person, region, functions, at, by_name=by_name, known_by=known_by)
    )


def is_member(
    person: PersonFacts,
    region: str,
    functions: Sequence[str],
    at: datetime,
    *,
    by_name: bool,
    known_by: datetime | None = None,
) -> bool:
    """Say whether a person must be ready in `region` at `at`; `by_name` where anybody at all is named there then."""
    held = in_force(person.roster, at, known_by=known_by)
    if held is None or not held.active:
        return False
    entry = in_force(person.named, at, known_by=known_by)
    return (entry is not None and entry.active) if by_name else held.region == region and held.function in functions


def standing(
    facts: PersonFacts, requirements: Requirements, *, at: datetime, gathered_at: datetime
) -> PersonStanding:
    """Return how far a person has come, seen from `at`, by the facts dated up to `at` and known at `gathered_at`."""
    learned = _learned(facts, requirements, at=at, gathered_at=gathered_at)
    held = in_force(facts.roster, at)
    limit = requirements.assessment.max_attempts
    last_pass_at = max(learned.passes, default=None)
    return PersonStanding(
        person_id=facts.person_id,
        name=facts.name,
        manager_id=held.manager_id if held else None,
        status=_status(learned, requirements, at=at, gathered_at=gathered_at),
        missing_courses=tuple(
            course.course_id for course in requirements.courses if course.course_id not in learned.first_completions
        ),
        trained_at=learned.trained_at,
        best_score=max((attempt.score for attempt in learned.attempts), default=None),
        certified_until=valid_until(last_pass_at, requirements.assessment.valid_days) if last_pass_at else None,
        attempts_left=None if limit is None else limit - len(learned.attempts),
        territory=held.territory if held else None,
        last_activity_at=_last_activity_at(facts, requirements, latest_at=min(at, gathered_at)),
    )


def valid_until(passed_at: datetime, valid_days: int | None) -> datetime | None:
    """Return the first instant at which a pass no longer counts, `valid_days` times 24 hours later; None: never."""
    return None if valid_days is None else passed_at + timedelta(days=valid_days)


def count_figures(
    people: Iterable[PersonFacts],
    requirements: Requirements,
    *,
    region: str,
    at: datetime,
    gathered_at: datetime,
    revision: int = 0,
    since: datetime | None = None,
) -> Figures:
    """Return the figures of `region` at `at`; with `since`, how the audience changed from what was known then."""
    everyone = tuple(people)
    members = audience_at(everyone, region, requirements.functions, at)
    learned = {
        person.person_id: _learned(person, requirements, at=at, gathered_at=gathered_at)
        for person in everyone
        if person.person_id in members
    }
    statuses = {
        person_id: _status(one, requirements, at=at, gathered_at=gathered_at) for person_id, one in learned.items()
    }
    recent_at = pace_begins_at(gathered_at)
    firsts = [moment for one in learned.values() for moment in one.first_completions.values()]
    certified = [one for person_id, one in learned.items() if statuses[person_id] is PersonStatus.CERTIFIED]
    lapsing = [one for person_id, one in learned.items() if statuses[person_id] is PersonStatus.LAPSES]
    return Figures(
        at=at,
        gathered_at=gathered_at,
        revision=revision,
        audience=len(members),
        started=sum(1 for one in learned.values() if one.first_completions),
        trained=sum(1 for one in learned.values() if one.trained_at is not None),
        certified=len(certified),
        lapsing=len(lapsing),
        first_lapse_at=min(
            (until for one in lapsing if (until := valid_until(max(one.passes), requirements.assessment.valid_days))),
            default=None,
        ),
        completions=len(firsts),
        completions_recent=sum(1 for moment in firsts if moment > recent_at),
        certified_recent=sum(1 for one in certified if min(one.passes) > recent_at),
        last_completion_at=max(firsts, default=None),
        last_attempt_at=max((each.attempted_at for one in learned.values() for each in one.attempts), default=None),
        change=None if since is None else _change(everyone, members, requirements, region=region, at=at, since=since),
    )


@dataclass(frozen=True, slots=True)
class _Learned:
    """What of a person's facts counts: the first completion of each required course, attempts and passes in order."""

    first_completions: dict[str, datetime]
    trained_at: datetime | None
    attempts: tuple[Attempt, ...]
    passes: tuple[datetime, ...]


def _begins_at(entry: Entry, first: int) -> datetime:
    if entry.effective_at is not None:
        return entry.effective_at
    return SINCE_EVER if entry.ordinal == first else entry.imported_at


def _standing_facts(facts: Iterable[FactT], latest_at: datetime) -> list[FactT]:
    """Return what the latest imports say happened up to `latest_at`, earliest first."""
    versions: dict[tuple[str, datetime], FactT] = {}
    for fact in sorted(facts, key=lambda fact: fact.ordinal):
        versions[_identity(fact)] = fact
    standing_facts = [fact for fact in versions.values() if not fact.void and _identity(fact)[1] <= latest_at]
    return sorted(standing_facts, key=lambda fact: _identity(fact)[1])


def _last_activity_at(facts: PersonFacts, requirements: Requirements, *, latest_at: datetime) -> datetime | None:
    asked = {*(course.course_id for course in requirements.courses)}
    done = [fact.completed_at for fact in _standing_facts(facts.completions, latest_at) if fact.course_id in asked]
    sat = [
        fact.attempted_at
        for fact in _standing_facts(facts.attempts, latest_at)
        if fact.assessment_id == requirements.assessment.assessment_id
    ]
    return max((*done, *sat), default=None)


def _identity(fact: Completion | Attempt) -> tuple[str, datetime]:
    if isinstance(fact, Completion):
        return fact.course_id, fact.completed_at
    return fact.assessment_id, fact.attempted_at


def _learned(facts: PersonFacts, requirements: Requirements, *, at: datetime, gathered_at: datetime) -> _Learned:
    latest_at = min(at, gathered_at)
    least = {course.course_id: course.min_score for course in requirements.courses}
    firsts: dict[str, datetime] = {}
    for fact in _standing_facts(facts.completions, latest_at):
        if fact.course_id in least and (fact.score or Decimal(0)) >= least[fact.course_id]:
            firsts.setdefault(fact.course_id, fact.completed_at)
    if not least or len(firsts) < len(least):
        return _Learned(firsts, None, (), ())
    trained_at = max(firsts.values())
    assessment = requirements.assessment
    sat = tuple(
        attempt
        for attempt in _standing_facts(facts.attempts, latest_at)
        if attempt.assessment_id == assessment.assessment_id and attempt.attempted_at >= trained_at
    )[: assessment.max_attempts]
    passes = tuple(attempt.attempted_at for attempt in sat if attempt.score >= assessment.pass_mark)
    return _Learned(firsts, trained_at, sat, passes)


def _status(learned: _Learned, requirements: Requirements, *, at: datetime, gathered_at: datetime) -> PersonStatus:
    assessment = requirements.assessment
    if learned.trained_at is None:
        return PersonStatus.LEARNING if learned.first_completions else PersonStatus.NOT_STARTED
    if learned.passes:
        until = valid_until(max(learned.passes), assessment.valid_days)
        if until is None or at < until:
            return PersonStatus.CERTIFIED
        if gathered_at < until:
            return PersonStatus.LAPSES
    used_up = assessment.max_attempts is not None and len(learned.attempts) >= assessment.max_attempts
    return PersonStatus.FAILED if used_up else PersonStatus.TRAINED


def _change(
    everyone: tuple[PersonFacts, ...],
    members: frozenset[str],
    requirements: Requirements,
    *,
    region: str,
    at: datetime,
    since: datetime,
) -> AudienceChange:
    """Compare with the audience at `since` by what was known then, so that a row dated back hides nobody."""
    before = audience_at(everyone, region, requirements.functions, since, known_by=since)
    by_name = any(in_force(person.named, at) is not None for person in everyone)
    active = {person.person_id for person in everyone if (held := in_force(person.roster, at)) and held.active}
    gone = before - members
    excluded = gone & active if by_name else frozenset()
    return AudienceChange(
        joined=len(members - before), left=len(gone) - len(excluded), excluded=len(excluded), since=since
    )

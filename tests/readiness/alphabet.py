"""What may happen in the small world, and how does the core hear of it?"""

# Two tables carry a walk: `acts` says everything that may happen, `COMMANDS` how the core is asked. A new command is
# a row in each, and a row in the auditor's `MAY` and `EFFECTS`.

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache, partial
from itertools import product
from typing import Any

from readiness.canonical import digest
from readiness.commands import (
    Cancel,
    Choice,
    Decide,
    Hold,
    Position,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
    SignOff,
)
from readiness.content import Objection, ValueProposition, content_evidence, is_material, stage_digest
from readiness.evidence import ContentEvidence, Evidence, Figures
from readiness.people import Attempt, Completion, PersonFacts, Requirements, RosterEntry, count_figures
from readiness.policy import (
    CertificationPolicy,
    Function,
    GoNoGoPolicy,
    ObjectionHandlingPolicy,
    Policy,
    Stage,
    TrainingPolicy,
    ValuePropositionsPolicy,
)
from readiness.region import RegionLaunch
from tests.readiness.builders import started
from tests.readiness.small_world import (
    ANSWERS,
    AUDIENCES,
    BEFORE,
    DUE,
    DUE_DAYS,
    EDITS,
    EXECUTIVE,
    FIRST,
    HOUR,
    KEYS,
    LINKED,
    MARKETER,
    MESSAGE,
    MESSAGES,
    NONE,
    OBJECTIONS,
    ONE_HAT_EACH,
    OWNER,
    ROLE_FOR,
    SALES_LEAD,
    SECOND,
    SECOND_TOO_LATE,
    SIGNED,
    START,
    TOO_LATE,
    UNANSWERED,
    VALID,
    Act,
    Cast,
    World,
)

POLICY = Policy(
    tier=1,
    lead_time_days=0,
    value_propositions=ValuePropositionsPolicy(due_days=DUE_DAYS),
    objection_handling=ObjectionHandlingPolicy(top_objections=1, due_days=DUE_DAYS),
    training=TrainingPolicy(required_share=10_000, due_days=DUE_DAYS),
    certification=CertificationPolicy(required_share=5_000, due_days=DUE_DAYS),
    go_no_go=GoNoGoPolicy(due_days=DUE_DAYS),
)
_STARTED = started(policy=POLICY, launch_at=FIRST, at=START)
BEGINNING = _STARTED.model_copy(
    update={
        "person": OWNER,
        "owner": OWNER,
        "assessment": _STARTED.assessment.model_copy(update={"valid_days": VALID.days}),
    }
)
"""The first event of the region launch that is walked."""
REQUIREMENTS = Requirements(
    courses=BEGINNING.courses, assessment=BEGINNING.assessment, functions=POLICY.training.functions
)


# --- the alphabet


@dataclass(frozen=True)
class Alphabet:
    """How much of the small world is walked."""

    name: str
    cast: Cast = field(default_factory=lambda: ONE_HAT_EACH)
    moments: tuple[datetime, ...] = (START, FIRST, HOUR, TOO_LATE)
    instants: tuple[datetime, ...] = (FIRST, SECOND)
    reviews: tuple[datetime, ...] = (FIRST,)
    messages: tuple[str, ...] = ("We are 1", "We are 2")
    answers: tuple[str, ...] = ("Because 1",)
    people: tuple[str, ...] = ("idle", "ready", "on the brink")
    without: frozenset[str] = frozenset()
    """Kinds of commands and choices that are left out, so that others are walked to their end."""
    by_everyone: bool = False
    """Whether everyone tries what the core lets anyone do whom the door admits: hold, resume, cancel, reschedule."""

    @property
    def beginning(self) -> World:
        """The world in which the region launch is started."""
        return World(self.moments[0], self.messages[0], self.answers[0], self.people[0])


WHOLE = Alphabet(
    "whole",
    moments=(START, DUE, FIRST, HOUR, TOO_LATE, SECOND, SECOND_TOO_LATE),
    reviews=(DUE, HOUR),
    messages=MESSAGES,
    answers=OBJECTIONS,
    people=tuple(AUDIENCES),
    by_everyone=True,
)
"""Everything that the small world has."""


def acts(alphabet: Alphabet) -> tuple[Act, ...]:
    """Return every command by every person, lawful or not, and whatever the system does by itself."""
    commands = (*_signing(alphabet), *_deciding(alphabet), *_steering(alphabet))
    kept = (act for act in commands if act.kind not in alphabet.without and act.choice not in alphabet.without)
    return (*kept, *_BY_ITSELF)


_BY_ITSELF = (Act("look"), Act("launch"), Act("second lock says no"))


def _role(alphabet: Alphabet, person: str, wanted: str) -> str:
    """Return the role that a person would use: the wanted one if they hold it, else their usual one."""
    roles = alphabet.cast[person]
    return wanted if wanted in roles else roles[0]


def _signing(alphabet: Alphabet) -> Iterator[Act]:
    lawful = {"marketing": MARKETER, "sales": SALES_LEAD}
    for stage, function in product(SIGNED, KEYS):
        role = ROLE_FOR[function]
        for person in alphabet.cast:
            yield Act("approve", person, _role(alphabet, person, role), stage, function)
        person = lawful[function]
        yield Act("send back", person, role, stage, function)
        yield Act("approve", person, role, stage, function, revision="other")
    for stage in SIGNED:
        yield Act("send back", SALES_LEAD, "sales_lead", stage, "marketing")
        yield Act("send back", MARKETER, "marketing", stage, "marketing", has_reason=False)
    yield Act("approve", MARKETER, "marketing", MESSAGE, "marketing", seen="stale")
    yield Act("approve", MARKETER, "marketing", "training", "marketing")
    yield Act("approve", OWNER, "product_manager", MESSAGE, "enablement")


def _deciding(alphabet: Alphabet) -> Iterator[Act]:
    for person in alphabet.cast:
        yield Act("decide", person, _role(alphabet, person, "executive"), choice="go")
    decision = partial(Act, "decide", EXECUTIVE, "executive")
    for review_at in alphabet.reviews:
        yield decision(choice="no_go", review_at=review_at)
    yield decision(choice="no_go")
    yield Act("decide", MARKETER, "marketing", choice="no_go", review_at=alphabet.reviews[-1])
    yield decision(choice="conditional_go")
    yield decision(choice="hold")
    yield Act("decide", OWNER, _role(alphabet, OWNER, "executive"), choice="hold")
    yield Act("decide", MARKETER, "marketing", choice="hold")
    yield decision(choice="go", has_reason=False)
    yield decision(choice="go", seen="stale")
    yield decision(choice="go", seen="current")


def _steering(alphabet: Alphabet) -> Iterator[Act]:
    for person in alphabet.cast if alphabet.by_everyone else (OWNER,):
        role = alphabet.cast[person][0]
        for kind in ("hold", "resume", "cancel"):
            yield Act(kind, person, role)
        for instant in alphabet.instants:
            yield Act("reschedule", person, role, instant=instant)
    by = (OWNER, "product_manager")
    for kind in ("hold", "resume", "cancel"):
        yield Act(kind, *by, has_reason=False)
    yield Act("reschedule", *by, instant=alphabet.instants[-1], has_reason=False)
    yield Act("hold", *by, review_at=alphabet.reviews[0])
    yield Act("resume", *by, seen="stale")


def turns(alphabet: Alphabet, world: World) -> Iterator[tuple[Act, World]]:
    """Yield how the world may turn next: an edit, other facts, time passing; the region need not have looked."""
    for message in EDITS[MESSAGE][world.message]:
        if message in alphabet.messages:
            yield Act("edit", stage=MESSAGE, to=message), world._replace(message=message)
    for answers in EDITS[ANSWERS][world.answers]:
        if answers in alphabet.answers:
            yield Act("edit", stage=ANSWERS, to=answers), world._replace(answers=answers)
    for people in alphabet.people:
        if people != world.people:
            yield Act("learn", to=people), world._replace(people=people)
    for moment in alphabet.moments:
        if moment > world.now:
            yield Act("wait", to=moment.isoformat()), world._replace(now=moment)
            break


# --- how the core is asked


_WHY = digest("why")


def command_for(act: Act, world: World, region: RegionLaunch) -> RegionCommand:
    """Return the command that `act` is to the core, by whoever acts on `region` in `world`."""
    return _command(act, world, 0 if act.seen == "unsaid" else region.version)


@lru_cache(maxsize=65_536)
def _command(act: Act, world: World, version: int) -> RegionCommand:
    return COMMANDS[act.kind](act, world, version)


def _asked(act: Act, world: World, version: int) -> dict[str, Any]:
    return {
        "command_id": str(act),
        "person": act.person,
        "role": Role(act.role),
        "logged_at": world.now,
        "reason_digest": _WHY if act.has_reason else None,
        "seen": {"unsaid": None, "current": version, "stale": version - 1}[act.seen],
    }


def _sign(act: Act, world: World, version: int) -> RegionCommand:
    revision = world.revision(act.stage)
    if act.revision == "other":
        revisions = MESSAGES if act.stage == MESSAGE else OBJECTIONS
        revision = next(other for other in revisions if other != revision)
    return SignOff(
        **_asked(act, world, version),
        stage=Stage(act.stage),
        function=Function(act.function),
        digest=digest_of(act.stage, revision),
        position=Position.APPROVE if act.kind == "approve" else Position.SEND_BACK,
    )


def _decide(act: Act, world: World, version: int) -> RegionCommand:
    return Decide(**_asked(act, world, version), choice=Choice(act.choice), review_at=act.review_at)


def _reschedule(act: Act, world: World, version: int) -> RegionCommand:
    if act.instant is None:
        raise ValueError("a reschedule says when")
    return Reschedule(
        **_asked(act, world, version), launch_at=act.instant, wall_clock=f"{act.instant:%Y-%m-%dT%H:%M}"
    )


COMMANDS: dict[str, Callable[[Act, World, int], RegionCommand]] = {
    "approve": _sign,
    "send back": _sign,
    "decide": _decide,
    "hold": lambda act, world, version: Hold(**_asked(act, world, version), review_at=act.review_at),
    "resume": lambda act, world, version: Resume(**_asked(act, world, version)),
    "cancel": lambda act, world, version: Cancel(**_asked(act, world, version)),
    "reschedule": _reschedule,
}
"""How each kind of command is put to the core, by someone who acts on a version of the region."""


# --- what the core is judged by


@cache
def digest_of(stage: str, revision: str) -> str:
    """Return the digest under which `revision` is signed at `stage`."""
    return stage_digest(Stage(stage), _entries(revision)) if stage in SIGNED else digest(revision)


@cache
def revision_of(signed: str) -> str:
    """Return which revision of the small world has the digest `signed`."""
    pairs = [*product((MESSAGE,), MESSAGES), *product((ANSWERS,), OBJECTIONS)]
    return next(revision for stage, revision in pairs if digest_of(stage, revision) == signed)


def _entries(revision: str) -> dict[str, ValueProposition | Objection]:
    if revision in MESSAGES:
        return {"all": ValueProposition(statement=revision)}
    if revision == NONE:
        return {}
    answer = None if revision == UNANSWERED else revision
    return {"price": Objection(objection="Too dear", answer=answer, rank=1)}


@cache
def _content(stage: str, revision: str) -> ContentEvidence:
    earlier = [old for old, new in LINKED if new == revision]
    for old in earlier:
        if is_material(_entries(old)["all"], _entries(revision)["all"]):
            raise ValueError(f"{old!r} and {revision!r} are linked, and the edit between them is material")
    same_as = [digest_of(stage, old) for old in earlier]
    return content_evidence(Stage(stage), _entries(revision), POLICY, same_as)


@lru_cache(maxsize=4_096)
def _figures(people: str, at: datetime, now: datetime) -> Figures:
    learners = AUDIENCES[people]
    assessment = BEGINNING.assessment
    course_id, region = BEGINNING.courses[0].course_id, BEGINNING.plan.region
    roster = RosterEntry(ordinal=1, imported_at=BEFORE, known_at=BEFORE, function="sales", region=region)
    facts = [
        PersonFacts(
            person_id=f"seller-{number}",
            roster=(roster,),
            completions=(Completion(course_id, one.trained_at),) if one.trained_at else (),
            attempts=(Attempt(assessment.assessment_id, one.passed_at, assessment.pass_mark),)
            if one.passed_at
            else (),
        )
        for number, one in enumerate(learners)
    ]
    return count_figures(facts, REQUIREMENTS, region=region, at=at, gathered_at=now)


@lru_cache(maxsize=65_536)
def evidence(world: World, launch_at: datetime, at: datetime | None = None) -> Evidence:
    """Return what a look gathers in `world` for `launch_at`, judged at `at` or the later of that and now."""
    return Evidence(
        launch_at=launch_at,
        figures=_figures(world.people, at or max(launch_at, world.now), world.now),
        contents=tuple(_content(stage, world.revision(stage)) for stage in SIGNED),
        waivers_elsewhere=0,
    )

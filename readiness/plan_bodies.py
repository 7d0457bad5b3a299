"""What may a plan document say, field by field?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from readiness.impact import QUESTIONS
from readiness.instants import (
    MalformedWallClock,
    UnknownZone,
    checked_wall_clock,
    parse_wall_clock,
    shown,
    zone_named,
)
from readiness.policy import Function, WaveLaunch
from readiness.values import BasisPoints, Body, Identifier, Line, Slug, Text, basis_points, slugged

# Each field reads itself: it takes what YAML and JSON make of what people write, and refuses the rest with a sentence
# that says what to write instead. What takes more than one field to see is judged in `readiness.plan_document`.

MOST_REGIONS = 500
"""Regions of one launch: each is a child workflow, and Temporal advises at most this many of one parent."""

_STEPS = 10_000
"""Shares and scores are kept in steps of one ten-thousandth."""

_MOST_DIGITS = 20
"""Digits of a number; few enough for exact arithmetic with decimals."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Several:
    """A list: how many it may hold, what to say of an empty one, and the code for an item that is there twice."""

    most: int
    empty: str | None = None
    twice: str | None = None


def wrong(code: str, reason: str) -> PydanticCustomError:
    """Return the error by which a field says that it is faulty: a slug and a sentence."""
    return PydanticCustomError("fault", "{reason}", {"code": code, "reason": reason})


def number(value: object) -> Decimal:
    """Return a number as it was written, exactly; booleans, NaN and infinities are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise wrong("not-a-number", "Give a number.")
    if isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
        raise wrong("out-of-range", "Give a smaller number.")
    text = str(value).strip()
    if len(text) > 2 * _MOST_DIGITS or not _NUMBER.fullmatch(text):
        raise wrong(
            "not-a-number", f"{shown(text)} is not a number that can be used here; give one such as 0.9 or 80."
        )
    read = Decimal(text)
    if len(read.as_tuple().digits) > _MOST_DIGITS:
        raise wrong("too-fine", f"Give a number of at most {_MOST_DIGITS} digits.")
    return read


def whole(lowest: int, highest: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from `lowest` to `highest`."""

    def read(value: object) -> int:
        given = number(value)
        if not lowest <= given <= highest or given != given.to_integral_value():
            raise wrong("out-of-range", f"Give a whole number from {lowest} to {highest}.")
        return int(given)

    return read


def share(value: object) -> int:
    """Return a share, above 0 and up to 1, in basis points."""
    given = number(value)
    if given == 0:
        raise wrong("share-is-zero", "A share of 0 asks for nothing; give a share above 0, up to 1.")
    if not 0 < given <= 1:
        raise wrong("share-out-of-range", "Give a share above 0, up to 1; 90 per cent is 0.9.")
    if given * _STEPS % 1:
        raise wrong("too-fine", "Give the share in steps of 0.0001.")
    return basis_points(given)


def score(value: object) -> Decimal:
    """Return a score from 0 to 100, without idle zeros."""
    given = number(value)
    if not 0 <= given <= 100:
        raise wrong("score-out-of-range", "Give a score from 0 to 100.")
    if given * _STEPS % 1:
        raise wrong("too-fine", "Give the score in steps of 0.0001.")
    return Decimal(int(given)) if given == given.to_integral_value() else given.normalize()


def wall_clock(value: object) -> datetime:
    """Return a wall clock, written as text or already read by YAML, as a naive datetime."""
    try:
        match value:
            case datetime():
                return checked_wall_clock(value)
            case str():
                return parse_wall_clock(value)
            case date():
                raise wrong("malformed-wall-clock", f"Give the time of day too, as in {value.isoformat()}T09:00.")
            case _:
                raise wrong("malformed-wall-clock", "Give a day and time as text, as in 2027-03-01T09:00.")
    except MalformedWallClock as malformed:
        raise wrong("malformed-wall-clock", str(malformed)) from None


def time_zone(name: str) -> str:
    """Return `name` if it names a time zone."""
    try:
        return zone_named(name).key
    except UnknownZone as unknown:
        raise wrong("unknown-time-zone", str(unknown)) from None


def function(value: object) -> Function:
    """Return the function that `value` names, in whatever case."""
    name = slugged(value)
    if not isinstance(name, str) or name not in set(Function):
        raise wrong("unknown-function", f"{shown(value)} is not a function; use one of {', '.join(Function)}.")
    return Function(name)


def decider(value: object) -> str:
    """Return who decides, which is always an executive."""
    if slugged(value) != "executive":
        raise wrong("unknown-decider", "Only an executive decides: write executive or leave it out.")
    return "executive"


def wave_launch(value: object) -> WaveLaunch:
    """Return whether the regions of a wave launch alone or together, in whatever case."""
    name = slugged(value)
    if not isinstance(name, str) or name not in set(WaveLaunch):
        raise wrong("unknown-setting", f"{shown(value)} is not one of {', '.join(WaveLaunch)}; write one of these.")
    return WaveLaunch(name)


def yes_or_no(value: object) -> bool:
    """Return a switch; nothing but true and false is one."""
    if not isinstance(value, bool):
        raise wrong("not-a-switch", f"{shown(value)} is neither true nor false; write one of these.")
    return value


def answer_to(key: str) -> Callable[[object], str]:
    """Return a reader of the answer to a question of business impact, in whatever case, with - or _ between words."""
    question = next(question for question in QUESTIONS if question.key == key)

    def read(value: object) -> str:
        name = slugged(value)
        spelt = name.replace("-", "_") if isinstance(name, str) else ""
        if question.answer(spelt) is None:
            known = ", ".join(answer.key for answer in question.answers)
            raise wrong("unknown-answer", f"{shown(value)} is no answer to {question.text!r}; use one of {known}.")
        return spelt

    return read


def answers_to(key: str) -> dict[str, Any]:
    """Return the JSON Schema of the answers to a question of business impact."""
    question = next(question for question in QUESTIONS if question.key == key)
    return {"enum": [answer.key for answer in question.answers], "description": question.text, "type": "string"}


def not_blank(value: object) -> object:
    """Return `value` unless it is text in which nothing shows."""
    if isinstance(value, str) and not value.strip():
        raise wrong("empty", "Give at least one character that shows.")
    return value


Name = Annotated[Line, BeforeValidator(not_blank)]
NamedSlug = Annotated[Slug, BeforeValidator(slugged)]
ZoneName = Annotated[str, AfterValidator(time_zone)]
WallClock = Annotated[
    datetime, BeforeValidator(wall_clock), WithJsonSchema({"type": "string", "examples": ["2027-03-01T09:00"]})
]
Share = Annotated[
    BasisPoints,
    BeforeValidator(share),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.0001}),
]
ScoreField = Annotated[
    Decimal, BeforeValidator(score), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100})
]
FunctionName = Annotated[Function, BeforeValidator(function)]
SignedBy = Annotated[
    tuple[FunctionName, ...],
    Several(most=len(Function), empty="Name who signs: at least marketing and sales.", twice="function-twice"),
]


class RegionBody(Body):
    """One region of a plan."""

    region: NamedSlug
    name: Name
    time_zone: ZoneName
    wave: Annotated[int, BeforeValidator(whole(1, 100))] = 1
    launch_at: WallClock | None = None
    """The launch on the region's own clock, where it is not the plan's."""


class SlipBody(Body):
    """A new launch on the clock of a region."""

    launch_at: WallClock
    time_zone: ZoneName


class CourseBody(Body):
    """One course that everyone in the audience must complete."""

    course_id: Identifier
    title: Name
    min_score: ScoreField = Decimal(0)


class AssessmentBody(Body):
    """The assessment that certifies."""

    assessment_id: Identifier
    title: Name
    pass_mark: ScoreField
    valid_days: Annotated[int, BeforeValidator(whole(1, 36_500))] | None = None
    max_attempts: Annotated[int, BeforeValidator(whole(1, 1_000))] | None = None


class ValuePropositionsBody(Body):
    """What a plan may ask of the message."""

    segments: Annotated[
        tuple[Slug, ...],
        Several(most=200, empty="Name at least one segment, or leave segments out.", twice="segment-twice"),
    ] = ("all",)
    signed_by: SignedBy = (Function.MARKETING, Function.SALES)


class ObjectionHandlingBody(Body):
    """What a plan may ask of the answers to objections; left out, the tier's."""

    top_objections: Annotated[int, BeforeValidator(whole(1, 100))] | None = None
    answered_share: Share | None = None
    signed_by: SignedBy = (Function.MARKETING, Function.SALES)


class TrainingBody(Body):
    """What a plan may ask of training, and whose; left out, the tier's."""

    required_share: Share | None = None
    functions: Annotated[
        tuple[NamedSlug, ...],
        Several(most=50, empty="Name at least one function, or leave functions out.", twice="function-twice"),
    ] = ("sales",)


class CertificationBody(Body):
    """What a plan may ask of certification; left out, the tier's."""

    required_share: Share | None = None


class GoNoGoBody(Body):
    """Who is polled and who decides; seats left out are the tier's, and an empty list means that nobody is polled."""

    polled: Annotated[tuple[FunctionName, ...], Several(most=len(Function), twice="seat-twice")] | None = None
    decided_by: Annotated[Literal["executive"], BeforeValidator(decider)] = "executive"
    wave: Annotated[WaveLaunch, BeforeValidator(wave_launch)] = WaveLaunch.ALONE
    """Whether the regions of a wave launch each alone, or only together."""
    short_path: Annotated[bool, BeforeValidator(yes_or_no)] = False
    """Whether what an earlier wave proved unchanged needs no poll in a later one."""


class PolicyBody(Body):
    """The rules of a launch, where they are not the tier's."""

    value_propositions: ValuePropositionsBody = ValuePropositionsBody()
    objection_handling: ObjectionHandlingBody = ObjectionHandlingBody()
    training: TrainingBody = TrainingBody()
    certification: CertificationBody = CertificationBody()
    go_no_go: GoNoGoBody = GoNoGoBody()


class ImpactBody(Body):
    """The answers to the questions of business impact: all of them, since nobody guesses what was not answered."""

    revenue_at_stake: Annotated[
        str, BeforeValidator(answer_to("revenue_at_stake")), WithJsonSchema(answers_to("revenue_at_stake"))
    ]
    market: Annotated[str, BeforeValidator(answer_to("market")), WithJsonSchema(answers_to("market"))]
    promise: Annotated[str, BeforeValidator(answer_to("promise")), WithJsonSchema(answers_to("promise"))]
    replacement: Annotated[str, BeforeValidator(answer_to("replacement")), WithJsonSchema(answers_to("replacement"))]
    sellers: Annotated[str, BeforeValidator(answer_to("sellers")), WithJsonSchema(answers_to("sellers"))]
    way_back: Annotated[str, BeforeValidator(answer_to("way_back")), WithJsonSchema(answers_to("way_back"))]


class PlanBody(Body):
    """A launch plan as people write it."""

    product: Slug
    name: Name
    tier: Annotated[int, BeforeValidator(whole(1, 3))] | None = None
    """Left out, it is the one that the answers under `impact` propose."""
    impact: ImpactBody | None = None
    tier_reason: Annotated[Text, BeforeValidator(not_blank)] | None = None
    """Why it is this tier: needed where it is another than proposed."""
    owner: Identifier
    launch_at: WallClock | None = None
    """The launch on the clock of each region that does not say otherwise."""
    regions: Annotated[
        tuple[RegionBody, ...], Several(most=MOST_REGIONS, empty="Name at least one region to launch in.")
    ]
    courses: Annotated[tuple[CourseBody, ...], Several(most=200, empty="Name at least one course to complete.")]
    assessment: AssessmentBody
    policy: PolicyBody = PolicyBody()

"""What may a request that governs or edits say?"""

# A field that is not named here is refused. The person is never a field: it is whoever the token says.

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from readiness.commands import Choice, Position, Stance
from readiness.content import Objection, ValueProposition
from readiness.plan_bodies import share
from readiness.policy import CriterionKey, Function, Stage
from readiness.policy_events import Applies
from readiness.values import Body, Digest, Identifier, Line, Moment, Slug, Text

MOST_POINTS = 50
"""Proof points, buying roles or advantages of one value proposition: more is a document, not a message."""

Points = Annotated[tuple[Text, ...], Field(max_length=MOST_POINTS)]
Regions = Annotated[tuple[Slug, ...], Field(max_length=500)]
Seen = Annotated[
    int | None,
    Field(
        strict=True,
        ge=1,
        le=2**31,
        description="The `version` of the readiness that you act on; refused if it moved on.",
    ),
]


def _written_out(moment: object) -> object:
    """Return `moment` if it is written out; raises ValueError for a number, which might mean seconds or a date."""
    if not isinstance(moment, str) or "-" not in moment[1:]:
        raise ValueError("an instant is written out with its offset, as in 2027-03-01T09:00:00+01:00")
    return moment


WrittenMoment = Annotated[Moment, BeforeValidator(_written_out)]
"""An instant as text: 20270101 would be read as seconds, and as a day in August 1970."""


class GoverningBody(Body):
    """What every act on a region may say."""

    reason: Text | None = None
    seen: Seen = None


class SignOffBody(GoverningBody):
    """A function's position on one exact revision of a stage's content."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"stage": "value_propositions", "function": "sales", "digest": "sha256:" + "0" * 64},
            ]
        }
    )

    stage: Stage
    function: Function
    digest: Digest
    position: Position = Position.APPROVE


class ConditionBody(Body):
    """Something promised with a conditional go."""

    text: Text
    owner: Identifier
    due_at: WrittenMoment


class AcceptedDissentBody(Body):
    """A dissent that the decider accepts by name."""

    function: Function
    reason: Text


class DecisionBody(GoverningBody):
    """An executive's decision."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"verdict": "go", "reason": "Everyone who will sell it is certified.", "seen": 19},
                {
                    "verdict": "conditional_go",
                    "reason": "The price list follows.",
                    "conditions": [{"text": "Print the prices", "owner": "en-1", "due_at": "2027-02-22T09:00:00Z"}],
                },
                {"verdict": "no_go", "reason": "Two teams are still learning.", "review_at": "2027-02-15T09:00:00Z"},
            ]
        }
    )

    verdict: Choice
    conditions: Annotated[tuple[ConditionBody, ...], Field(max_length=20)] = ()
    dissents_accepted: Annotated[tuple[AcceptedDissentBody, ...], Field(max_length=len(Function))] = ()
    review_at: WrittenMoment | None = None


class WaiverBody(GoverningBody):
    """Which unmet criterion is to be passed, why, what is done instead, and until when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "criterion": "certified_share",
                    "reason": "Two of fifty are on sick leave.",
                    "compensating_control": "They sell beside a certified colleague.",
                    "expires_at": "2027-03-15T09:00:00Z",
                    "floor": 0.75,
                }
            ]
        }
    )

    criterion: CriterionKey
    compensating_control: Text
    expires_at: WrittenMoment
    floor: Annotated[
        Annotated[int, BeforeValidator(share)] | None,
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
        Field(description="The lowest share that the waiver covers; left out, the share as it stands."),
    ] = None


class AnswerBody(GoverningBody):
    """Why a waiver is granted, denied or revoked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The control will do until then."}]})


class PollBody(GoverningBody):
    """The wish to poll every function that holds a seat."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class BallotBody(GoverningBody):
    """A function's position; sealed until every seat has voted or the clock has run out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"function": "sales", "position": "dissent", "reason": "The north is not ready."},
            ]
        }
    )

    function: Function
    position: Stance


class NameBody(GoverningBody):
    """Whom the executive names for an idle seat, and why them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"person": "sa-2", "reason": "Their lead is away until Monday."}]}
    )

    person: Identifier


PolicyDocument = Annotated[
    dict[str, Any],
    Field(description="As a plan's `policy`; what is left out stays."),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
"""Read as plans are, with every fault named: shares come as exact fractions, which are no JSON values to pydantic."""


class PolicyChangeBody(GoverningBody):
    """Another policy for a running region, from when it counts, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "policy": {"certification": {"required_share": 0.7}},
                    "applies": "next_gate",
                    "reason": "The assessment was replaced by a harder one.",
                }
            ]
        }
    )

    policy: PolicyDocument
    applies: Applies
    from_at: WrittenMoment | None = None
    """The moment from which it counts for all stages; none for one from the next gate."""


class PolicyAnswerBody(GoverningBody):
    """Which change of policy is answered, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"change": f"sha256:{'0' * 64}", "reason": "I have read what it flips."}]}
    )

    change: Digest


class RevokePermitBody(GoverningBody):
    """Why the product may not be sold in the region any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "A fault was found that can hurt people."}]})


class MeetBody(GoverningBody):
    """What proves that a condition is met."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"proof": "The price list went out on the 20th."}]})

    proof: Text


class AddressBody(GoverningBody):
    """How what an earlier wave learned is addressed in this region."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"how": "The price list is corrected."}]})

    how: Text


class HoldBody(GoverningBody):
    """Why the launch stops, and when to look again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The price list is wrong."}]})

    review_at: WrittenMoment | None = None


class ResumeBody(GoverningBody):
    """Why the hold ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The price list is mended."}]})


class CancelBody(GoverningBody):
    """Why the region launch ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The partner left the market."}]})


class RescheduleBody(GoverningBody):
    """The new launch instant on the region's own clock, and why it moves."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"launch_at": "2027-03-08T09:00", "reason": "One more week to certify."}]}
    )

    launch_at: Annotated[str, Field(max_length=40)]


class OwnerBody(GoverningBody):
    """Who is to own the launch from now on, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "pm-8", "reason": "She takes over."}]})

    owner: Identifier
    seen: None = None
    """Each region has a version of its own, and who owns it changes none of its gates."""


class EditBody(Body):
    """What every edit of content may say."""

    material: Annotated[bool, Field(strict=True)] = True
    """False is accepted only where the text is equal but for case, space and punctuation."""
    holds: Regions = ()
    """The regions whose standing go the editor means to end."""
    regions: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)] | None = None
    """The regions that this is an adaptation for; left out, the edit is product-wide."""


class ValuePropositionBody(EditBody):
    """What is said to one segment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "statement": "Atlas 2 halves the time from order to delivery.",
                    "proof_points": ["Eleven pilots, median 48 % less."],
                }
            ]
        }
    )

    statement: Text
    proof_points: Points = ()
    buying_group: Points = ()
    economic_value: Text | None = None
    advantages: Points = ()

    def entry(self) -> ValueProposition:
        """Return the content that the body holds."""
        return ValueProposition(
            statement=self.statement,
            proof_points=self.proof_points,
            buying_group=self.buying_group,
            economic_value=self.economic_value,
            advantages=self.advantages,
        )


class ObjectionBody(EditBody):
    """What customers hold against the product, and the answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "objection": "It costs more than what we have.",
                    "answer": "It pays for itself in nine months; here is how.",
                    "rank": 1,
                }
            ]
        }
    )

    objection: Text
    answer: Text | None = None
    rank: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None

    def entry(self) -> Objection:
        """Return the content that the body holds."""
        return Objection(objection=self.objection, answer=self.answer, rank=self.rank)


class HeardBody(Body):
    """An objection that somebody heard from a customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"objection": "Does it run without the cloud?"}]})

    objection: Text
    heard: Line | None = None
    """Where or from whom it was heard."""

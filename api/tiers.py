"""Which tier should a launch be, and what does each tier ask for?"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, JsonValue

from api.guard import guarded_router, requires
from api.identity import Actor
from api.reading import TierAnswer, tier_answer
from api.rights import Action
from readiness.impact import FROM_POINTS, MOST_POINTS, QUESTIONS, Question, proposed_tier
from readiness.plan_bodies import ImpactBody
from readiness.policy import TIERS, AbsentSeat, Policy
from readiness.values import BASIS_POINTS, Body, Frozen

EXAMPLE: dict[str, JsonValue] = {question.key: question.answers[1].key for question in QUESTIONS}


class TierDefaults(TierAnswer):
    """What a tier asks for, with what no plan can change: the poll, the waivers, conditions and no-go."""

    from_points: int
    """The points from which it is proposed."""
    votes_needed: int
    absent_seat: AbsentSeat
    poll_hours: int
    waivers_per_region: int
    waivers_per_launch: int | None
    """Null for as many as its regions have."""
    deepest_floor: float
    """How far below the required share a waiver may reach."""
    waiver_days_after_launch: int
    most_conditions: int
    condition_days_after_launch: int
    longest_review_days: int | None


class TiersAnswer(Frozen):
    """The questions of business impact, and what each tier asks for."""

    questions: tuple[Question, ...]
    most_points: int
    tiers: tuple[TierDefaults, ...]


class ProposeBody(Body):
    """The answers to all questions of business impact."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answers": EXAMPLE}]})

    answers: ImpactBody


class ProposalAnswer(Frozen):
    """The tier that answers propose, with the reasons."""

    tier: int
    points: int
    most_points: int
    reasons: tuple[str, ...]
    impact: dict[str, str]
    """The answers, as a plan takes them."""


def tiers_router() -> APIRouter:
    """Return the routes by which a tier is chosen."""
    router = guarded_router(prefix="/v1/tiers", tags=["launches"])
    router.add_api_route("", tiers, methods=["GET"], response_model=TiersAnswer)
    # A POST because answers are a body, not because anything happens: nothing is written, so that there is no effect
    # to have once only, and no Idempotency-Key.
    router.add_api_route("/propose", propose_tier, methods=["POST"], response_model=ProposalAnswer)
    return router


async def tiers(actor: Annotated[Actor, requires(Action.READ_POLICIES)]) -> TiersAnswer:
    """Return the questions of business impact with their answers and points, and what each tier asks for."""
    del actor
    return TiersAnswer(
        questions=QUESTIONS,
        most_points=MOST_POINTS,
        tiers=tuple(_defaults(policy) for _, policy in sorted(TIERS.items())),
    )


async def propose_tier(
    body: ProposeBody,
    actor: Annotated[Actor, requires(Action.PROPOSE_TIER)],
) -> ProposalAnswer:
    """Propose a tier by the answers to the questions of business impact; changes nothing."""
    del actor
    proposal = proposed_tier(body.answers.model_dump())
    return ProposalAnswer(
        tier=proposal.tier,
        points=proposal.points,
        most_points=proposal.most_points,
        reasons=proposal.reasons,
        impact={each.question: each.answer for each in proposal.answers},
    )


def _defaults(policy: Policy) -> TierDefaults:
    decision, waivers = policy.go_no_go, policy.waivers
    return TierDefaults(
        **dict(tier_answer(policy)),
        from_points=FROM_POINTS[policy.tier],
        votes_needed=decision.votes_needed,
        absent_seat=decision.absent,
        poll_hours=decision.poll_hours,
        waivers_per_region=waivers.open_per_region,
        waivers_per_launch=waivers.open_per_launch,
        deepest_floor=waivers.deepest_floor / BASIS_POINTS,
        waiver_days_after_launch=waivers.days_after_launch,
        most_conditions=decision.most_conditions,
        condition_days_after_launch=decision.condition_days_after_launch,
        longest_review_days=decision.longest_review_days,
    )

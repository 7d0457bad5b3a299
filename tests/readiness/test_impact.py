"""Is a tier proposed by what a launch means for the business, and another one taken only with a reason?"""

from itertools import product
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.events import LaunchStarted
from readiness.impact import (
    FROM_POINTS,
    MOST_POINTS,
    QUESTIONS,
    ImpactAnswer,
    ProposedTier,
    TierGrounds,
    proposed_tier,
)
from readiness.plan import LaunchPlan
from readiness.plan_bodies import ImpactBody
from readiness.plan_document import plan_as_document, read_plan
from readiness.plan_faults import PlanFaulty
from readiness.policy import TIERS
from tests.readiness.plan_documents import NOW, document, faults_of

LEAST = {question.key: question.answers[0].key for question in QUESTIONS}
"""Answers by which nothing is at stake: Tier 3."""

MIDDLE = {**LEAST, "promise": "contractual"}
"""Answers that ask for Tier 2."""

REASON = "The board wants to see how the new poll works."


def every_set_of_answers() -> list[dict[str, str]]:
    """Return all sets of answers that there are."""
    keys = [question.key for question in QUESTIONS]
    return [
        dict(zip(keys, chosen, strict=True))
        for chosen in product(*([answer.key for answer in question.answers] for question in QUESTIONS))
    ]


def asked(**changes: object) -> Any:
    """Return the plan of the design with these fields given, or left out where they are None."""
    whole = {**document(), **changes}
    return {name: value for name, value in whole.items() if value is not None}


# --- the proposal


def test_where_nothing_is_at_stake_tier_3_is_proposed() -> None:
    """The least of every answer has no points, and no reason but that."""
    assert proposed_tier(LEAST) == ProposedTier(
        tier=3,
        points=0,
        most_points=MOST_POINTS,
        reasons=("0 of 15 points: Tier 3 is below 4.",),
        answers=tuple(ImpactAnswer(question=key, answer=answer) for key, answer in LEAST.items()),
    )


def test_the_reasons_are_the_weightiest_answers_first() -> None:
    """Who reads the proposal sees the sum, and then what it comes from."""
    given = {**LEAST, "revenue_at_stake": "up_to_5_percent", "market": "new_market", "sellers": "up_to_500"}
    proposal = proposed_tier(given)
    assert (proposal.tier, proposal.points) == (2, 4)
    assert proposal.reasons == (
        "4 of 15 points: Tier 2 is from 4.",
        "It is sold in a new market: 2 points.",
        "1 to 5 % of the revenue depends on it: 1 point.",
        "50 to 500 people sell it: 1 point.",
    )


@pytest.mark.parametrize(
    ("question", "answer", "tier"),
    [("promise", "regulatory", 1), ("promise", "contractual", 2), ("way_back", "none", 2)],
)
def test_what_is_serious_alone_asks_for_its_tier_by_itself(question: str, answer: str, tier: int) -> None:
    """A promise to a regulator is Tier 1 though nothing else is at stake, and the first reason says so."""
    proposal = proposed_tier({**LEAST, question: answer})
    assert proposal.tier == tier
    assert proposal.reasons[0].endswith(f"that alone asks for Tier {tier}.")


def test_a_weightier_answer_never_makes_a_tier_laxer() -> None:
    """Over every set of answers there is, raising one of them keeps the tier or makes it stricter, and all three are
    proposed for some."""
    tiers = {tuple(each.values()): proposed_tier(each).tier for each in every_set_of_answers()}
    for chosen, tier in tiers.items():
        for place, question in enumerate(QUESTIONS):
            names = [answer.key for answer in question.answers]
            higher = names.index(chosen[place]) + 1
            if higher < len(names):
                assert tiers[(*chosen[:place], names[higher], *chosen[place + 1 :])] <= tier
    assert set(tiers.values()) == set(TIERS)


def test_every_proposal_follows_from_its_points_or_from_one_answer() -> None:
    """No tier is stricter than its points unless one answer asks for it, and none is laxer than either."""
    for each in every_set_of_answers():
        proposal = proposed_tier(each)
        alone = [
            answer.at_least
            for question in QUESTIONS
            if (answer := question.answer(each[question.key])) is not None and answer.at_least is not None
        ]
        by_points = next(tier for tier in sorted(TIERS) if proposal.points >= FROM_POINTS[tier])
        assert proposal.tier == min([by_points, *alone])
        assert len(proposal.reasons) == len(set(proposal.reasons))


def test_no_answer_alone_reaches_tier_1_by_its_points() -> None:
    """The strictest tier takes several answers, or one that says so itself."""
    assert max(answer.points for question in QUESTIONS for answer in question.answers) < FROM_POINTS[2]
    assert FROM_POINTS[1] <= MOST_POINTS


@pytest.mark.parametrize(
    "answers",
    [{}, {**LEAST, "market": "mars"}, {**LEAST, "mood": "fine"}, {k: v for k, v in LEAST.items() if k != "market"}],
)
def test_nobody_guesses_what_was_not_answered(answers: dict[str, str]) -> None:
    """A question that is left open, unknown or answered beside the point proposes nothing."""
    with pytest.raises(ValueError, match="question"):
        proposed_tier(answers)


def test_every_question_may_be_answered_in_a_plan() -> None:
    """The fields of a plan's `impact` are the questions, in their order, with their answers from least to most."""
    assert list(ImpactBody.model_fields) == [question.key for question in QUESTIONS]
    for question in QUESTIONS:
        points = [answer.points for answer in question.answers]
        assert points == sorted(points)
        assert points[0] == 0
        assert question.text.endswith("?")


# --- the plan


def test_a_plan_without_a_tier_takes_the_proposed_one() -> None:
    """The answers choose the tier's defaults, and travel with the plan."""
    plan = read_plan(asked(tier=None, policy=None, impact=MIDDLE), now=NOW)
    assert (plan.tier, plan.policy) == (2, TIERS[2])
    assert plan.tier_grounds == TierGrounds(answers=proposed_tier(MIDDLE).answers, proposed=2)


def test_answers_are_read_as_people_write_them() -> None:
    """Hyphens, spaces and capitals make no difference."""
    written = {**MIDDLE, "promise": "Contractual", "sellers": "Under-50", "way_back": "within a day"}
    assert read_plan(asked(tier=None, impact=written), now=NOW).tier == 2


def test_a_plan_that_names_its_tier_alone_is_read_as_ever() -> None:
    """Without answers and a reason there is nothing to tell of."""
    assert read_plan(document(), now=NOW).tier_grounds is None


@pytest.mark.parametrize("tier", [1, 3])
def test_another_tier_than_proposed_takes_a_reason(tier: int) -> None:
    """A laxer tier and a stricter one both need a word on why; the fault says what was proposed."""
    with pytest.raises(PlanFaulty) as refused:
        read_plan(asked(tier=tier, impact=MIDDLE), now=NOW)
    (fault,) = refused.value.faults
    assert (fault.path, fault.code) == ("tier_reason", "tier-reason-missing")
    assert "Tier 2 (2 of 15 points)" in fault.reason
    plan = read_plan(asked(tier=tier, impact=MIDDLE, tier_reason=REASON), now=NOW)
    assert plan.tier == tier
    assert plan.tier_grounds is not None
    assert (plan.tier_grounds.proposed, plan.tier_grounds.reason_digest) == (2, digest(REASON))


def test_the_proposed_tier_may_be_named_without_a_reason() -> None:
    """Who agrees with the proposal need not say why."""
    assert read_plan(asked(tier=2, impact=MIDDLE), now=NOW).tier == 2


def test_the_words_of_a_reason_do_not_travel() -> None:
    """A plan goes through the workflow engine and into the ledger with the digest of the reason alone."""
    plan = read_plan(asked(tier=1, impact=MIDDLE, tier_reason=REASON), now=NOW)
    started = LaunchStarted(at=NOW, plan=plan)
    assert REASON not in started.model_dump_json()
    assert digest(REASON) in started.model_dump_json()


@pytest.mark.parametrize(
    ("impact", "fault"),
    [
        ({**MIDDLE, "market": "mars"}, ("impact.market", "unknown-answer")),
        ({**MIDDLE, "market": 7}, ("impact.market", "unknown-answer")),
        ({**MIDDLE, "market": None}, ("impact.market", "missing-field")),
        ({**MIDDLE, "mood": "fine"}, ("impact.mood", "unknown-field")),
        ("high", ("impact", "wrong-type")),
    ],
)
@pytest.mark.parametrize("tier", [1, None])
def test_an_answer_that_is_none_is_the_one_fault(impact: object, fault: tuple[str, str], tier: int | None) -> None:
    """What cannot be read proposes nothing, so no tier is missed or in need of a reason because of it."""
    assert faults_of(asked(tier=tier, impact=impact)) == [fault]


def test_a_plan_without_tier_and_answers_is_told_of_both_ways() -> None:
    """Who gives neither learns that either will do."""
    with pytest.raises(PlanFaulty, match="or answer the questions of impact") as refused:
        read_plan(asked(tier=None), now=NOW)
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("tier", "missing-field")]


def test_a_plan_with_answers_is_written_as_it_is_read() -> None:
    """With the words of the reason beside it, the document of a plan asks for the same plan again."""
    plan = read_plan(asked(tier=1, impact=MIDDLE, tier_reason=REASON), now=NOW)
    written = plan_as_document(plan, tier_reason=REASON)
    assert written["impact"] == MIDDLE
    assert read_plan(written, now=NOW) == plan
    assert LaunchPlan.model_validate_json(plan.model_dump_json()) == plan


def test_a_plan_from_before_is_read_without_grounds() -> None:
    """What the ledger holds of earlier launches has no such field, and is read as it was meant."""
    plan = read_plan(document(), now=NOW)
    earlier = plan.model_dump(mode="json", exclude={"tier_grounds"})
    assert LaunchPlan.model_validate(earlier) == plan

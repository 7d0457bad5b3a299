"""Which tier does a launch belong to, by what it means for the business?"""

# A tier is chosen by what goes wrong if the launch does, not by how much work it is. Each answer has points; their
# sum proposes a tier, and some answers ask for one by themselves. Recorded answers are names only: a later version
# may ask other questions, and what was answered before is kept as it was.

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from readiness.policy import TIERS
from readiness.values import Digest, Frozen

FROM_POINTS: dict[int, int] = {1: 8, 2: 4, 3: 0}
"""The points from which a tier is proposed. Tier 1 takes at least three answers that matter: no single one reaches it
by points, and whatever is serious enough alone says so in `at_least`."""


class Answer(Frozen):
    """One of the fixed answers to a question."""

    key: str
    text: str
    points: int
    at_least: Annotated[int, Field(ge=1, le=3)] | None = None
    """The tier that this answer asks for by itself, whatever the points; a stricter one may still be proposed."""


class Question(Frozen):
    """One plain question of business impact, with its answers from the least to the most points."""

    key: str
    text: str
    answers: tuple[Answer, ...]

    def answer(self, key: str) -> Answer | None:
        """Return the answer of that name; None where it is none of this question's."""
        return next((answer for answer in self.answers if answer.key == key), None)


QUESTIONS: tuple[Question, ...] = (
    Question(
        key="revenue_at_stake",
        text="How much of the revenue of its regions depends on this launch within a year?",
        answers=(
            Answer(key="under_1_percent", text="Under 1 % of the revenue depends on it", points=0),
            Answer(key="up_to_5_percent", text="1 to 5 % of the revenue depends on it", points=1),
            Answer(key="up_to_20_percent", text="5 to 20 % of the revenue depends on it", points=2),
            Answer(key="over_20_percent", text="Over 20 % of the revenue depends on it", points=3),
        ),
    ),
    Question(
        key="market",
        text="Whom is it sold to?",
        answers=(
            Answer(key="known", text="It is sold to those who are sold to already", points=0),
            Answer(key="new_segment", text="It is sold to a new segment of a known market", points=1),
            Answer(key="new_market", text="It is sold in a new market", points=2),
        ),
    ),
    Question(
        key="promise",
        text="What has been promised about it to others?",
        answers=(
            Answer(key="none", text="Nothing has been promised", points=0),
            Answer(key="announced", text="A date has been announced in public", points=1),
            Answer(key="contractual", text="A contract promises it", points=2, at_least=2),
            Answer(key="regulatory", text="A regulator expects it", points=3, at_least=1),
        ),
    ),
    Question(
        key="replacement",
        text="What happens to a product that is sold today?",
        answers=(
            Answer(key="nothing", text="It replaces nothing", points=0),
            Answer(key="beside", text="The product before it stays on sale beside it", points=1),
            Answer(key="instead", text="It takes the place of a product that is sold no more", points=2),
        ),
    ),
    Question(
        key="sellers",
        text="How many people must be able to sell it?",
        answers=(
            Answer(key="under_50", text="Under 50 people sell it", points=0),
            Answer(key="up_to_500", text="50 to 500 people sell it", points=1),
            Answer(key="over_500", text="Over 500 people sell it", points=2),
        ),
    ),
    Question(
        key="way_back",
        text="If it goes wrong, how is it taken back?",
        answers=(
            Answer(key="within_a_day", text="It can be taken back within a day", points=0),
            Answer(key="within_weeks", text="It takes weeks to take it back", points=1),
            Answer(key="none", text="It cannot be taken back", points=3, at_least=2),
        ),
    ),
)
"""What is asked, in the order in which people read it."""

MOST_POINTS = sum(max(answer.points for answer in question.answers) for question in QUESTIONS)


class ImpactAnswer(Frozen):
    """A question that was answered."""

    question: str
    answer: str


class TierGrounds(Frozen):
    """Why a launch has the tier that it has, as far as its plan says."""

    answers: tuple[ImpactAnswer, ...] = ()
    proposed: int | None = None
    """The tier that was proposed for these answers when the launch was planned; None where none were given."""
    reason_digest: Digest | None = None
    """The digest of why it is this tier; the words stay in the command log."""


class ProposedTier(Frozen):
    """The tier that answers propose, and why."""

    tier: int
    points: int
    most_points: int
    reasons: tuple[str, ...]
    answers: tuple[ImpactAnswer, ...]


def proposed_tier(answers: Mapping[str, str]) -> ProposedTier:
    """Return the tier that `answers`, from the key of each question to that of its answer, propose.

    Raises ValueError where a question is left open, is none of ours, or has an answer that is none of its own: nobody
    guesses what was not answered.
    """
    given: list[tuple[Question, Answer]] = []
    for question in QUESTIONS:
        answer = question.answer(answers.get(question.key, ""))
        if answer is None:
            raise ValueError(f"the question {question.key} has no answer of its own")
        given.append((question, answer))
    if len(answers) > len(given):
        raise ValueError("a question is answered that nobody asks")
    points = sum(answer.points for _, answer in given)
    by_points = min(tier for tier, least in FROM_POINTS.items() if points >= least)
    alone = [answer for _, answer in given if answer.at_least is not None and answer.at_least <= by_points]
    tier = min([by_points, *(answer.at_least for answer in alone if answer.at_least is not None)])
    weighty = sorted((answer for _, answer in given if answer.points), key=lambda answer: -answer.points)
    return ProposedTier(
        tier=tier,
        points=points,
        most_points=MOST_POINTS,
        reasons=(
            *(f"{answer.text}: that alone asks for Tier {answer.at_least}." for answer in alone),
            f"{points} of {MOST_POINTS} points: {_scale(by_points)}.",
            *(f"{answer.text}: {answer.points} {'point' if answer.points == 1 else 'points'}." for answer in weighty),
        ),
        answers=tuple(ImpactAnswer(question=question.key, answer=answer.key) for question, answer in given),
    )


def _scale(tier: int) -> str:
    if tier == max(TIERS):
        return f"Tier {tier} is below {FROM_POINTS[tier - 1]}"
    return f"Tier {tier} is from {FROM_POINTS[tier]}"

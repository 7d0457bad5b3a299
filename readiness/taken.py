"""What is told of a decision as it was taken?"""

from readiness.commands import Choice
from readiness.evaluate import condition_shown, decision_as_shown
from readiness.events import DecisionTaken
from readiness.evolve import decision_of
from readiness.policy import Policy
from readiness.readiness import ConditionShown, DecisionShown
from readiness.region import Verdict


def verdict_by(choice: Choice) -> Verdict:
    """Return how a region stands right after it was decided so."""
    return Verdict.HELD if choice is Choice.HOLD else Verdict(choice.value)


def as_taken(
    event: DecisionTaken, *, version: int, policy: Policy
) -> tuple[DecisionShown, tuple[ConditionShown, ...]]:
    """Return the decision of `event`, and what was promised with it, as readers saw them right after it was taken.

    `version` is where the region's ledger has it, and `policy` the one that it was taken by.
    """
    decision = decision_of(event, version=version)
    return decision_as_shown(decision, policy), tuple(map(condition_shown, decision.conditions))

"""Does a conditional go hold its promises, and stop where one is broken?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.commands import Choice
from readiness.events import HoldCause
from readiness.readiness import Rag
from readiness.region import ConditionStatus, RegionLaunch, Verdict
from readiness.rules import bearings, evaluate, verdict_of, wants_launch, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, decision, region_launch
from tests.readiness.governing import at, conditional, meet
from tests.readiness.steps import accepted, looked, refused, signed

DUE_AT = LAUNCH_AT - timedelta(days=7)
CONDITION = "decide-conditional_go-1"


def ready() -> RegionLaunch:
    """Return a region in which every gate is met and nobody is polled."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def conditioned() -> RegionLaunch:
    """Return it with a conditional go whose one condition is due a week before the launch."""
    return accepted(ready(), conditional(DUE_AT), READY_WORLD)


def test_a_conditional_go_stands_with_its_conditions_shown() -> None:
    """It reads as conditional go, and amber until its conditions are met."""
    region = conditioned()
    evidence = READY_WORLD.evidence()
    shown = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    assert (shown.verdict, shown.rag) == (Verdict.CONDITIONAL_GO, Rag.AMBER)
    assert [(c.id, c.owner, c.status) for c in shown.conditions] == [(CONDITION, "en-1", ConditionStatus.OPEN)]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (conditional(), "conditions-missing"),
        (conditional(DUE_AT, DUE_AT, DUE_AT, DUE_AT), "too-many-conditions"),
        (conditional(NOW), "condition-due-badly"),
        (conditional(LAUNCH_AT + timedelta(days=30, seconds=1)), "condition-due-badly"),
        (conditional(DUE_AT).model_copy(update={"choice": Choice.GO}), "conditions-not-wanted"),
    ],
)
def test_conditions_that_may_not_be_are_refused_by_name(asked: Any, kind: str) -> None:
    """More than three make no go in tier 1, and each has a date within a month after the launch."""
    assert refused(ready(), asked, READY_WORLD) == kind


def test_a_condition_that_is_met_lets_the_region_launch() -> None:
    """Its owner says so with a proof, and the launch predicate is silent."""
    region = accepted(conditioned(), meet(CONDITION), READY_WORLD)
    assert region.decision is not None
    assert region.decision.conditions[0].status is ConditionStatus.MET
    assert wants_launch(region, now=LAUNCH_AT)
    assert why_not_launch(region, at(READY_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT), at=LAUNCH_AT) == ()


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (meet("another"), "condition-unknown"),
        (meet(CONDITION, person="sa-1"), "condition-not-yours"),
        (meet(CONDITION, proof=None), "reason-missing"),
    ],
)
def test_a_word_that_does_not_count_is_refused_by_name(word: Any, kind: str) -> None:
    """Only who promised it, or the launch owner, says that it is met, and with a proof."""
    assert refused(conditioned(), word, READY_WORLD) == kind
    assert accepted(conditioned(), meet(CONDITION, person="pm-7"), READY_WORLD).decision is not None


def test_a_missed_condition_holds_the_region_at_that_moment() -> None:
    """The workflow is woken just then, and meeting it later does not bring the go back."""
    region = conditioned()
    assert bearings(region, now=NOW).due_at == DUE_AT
    still = looked(region, at(READY_WORLD, DUE_AT - timedelta(seconds=1)))
    assert verdict_of(still) is Verdict.CONDITIONAL_GO
    missed = looked(region, at(READY_WORLD, DUE_AT))
    assert missed.holding is not None
    assert missed.holding.cause is HoldCause.CONDITION_MISSED
    assert refused(missed, meet(CONDITION), at(READY_WORLD, DUE_AT)) == "condition-unknown"


def test_a_condition_due_after_the_launch_does_not_stop_it() -> None:
    """What was promised for later is judged later."""
    region = accepted(ready(), conditional(LAUNCH_AT + timedelta(days=20)), READY_WORLD)
    assert why_not_launch(region, at(READY_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT), at=LAUNCH_AT) == ()


def test_an_unmet_condition_whose_date_came_unseen_launches_nothing() -> None:
    """Also where nobody looked at its due date, the launch predicate objects and nothing reads as go."""
    region = accepted(ready(), conditional(LAUNCH_AT - timedelta(seconds=1)), READY_WORLD)
    evidence = at(READY_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT)
    assert f"the condition {CONDITION} is not met" in why_not_launch(region, evidence, at=LAUNCH_AT)
    assert evaluate(region.policy, evidence, region, at=LAUNCH_AT).verdict is Verdict.HELD


def test_a_new_decision_replaces_the_conditions() -> None:
    """A plain go after a conditional one has none, and the other way round."""
    region = accepted(conditioned(), decision(), READY_WORLD)
    assert region.decision is not None
    assert region.decision.conditions == ()
    again = accepted(region, conditional(DUE_AT).model_copy(update={"command_id": "again"}), READY_WORLD)
    assert verdict_of(again) is Verdict.CONDITIONAL_GO


def test_who_signed_a_stage_does_not_decide() -> None:
    """The decider approved none of the stages."""
    assert refused(ready(), decision(person="ma-1"), READY_WORLD) == "decider-signed-a-stage"


def test_a_no_go_is_not_parked_for_ever() -> None:
    """In tier 1 it is looked at again within a fortnight."""
    far = decision(Choice.NO_GO).model_copy(update={"review_at": NOW + timedelta(days=14, seconds=1)})
    assert refused(ready(), far, READY_WORLD) == "review-date-too-far"
    edge = decision(Choice.NO_GO).model_copy(update={"review_at": NOW + timedelta(days=14)})
    assert verdict_of(accepted(ready(), edge, READY_WORLD)) is Verdict.NO_GO

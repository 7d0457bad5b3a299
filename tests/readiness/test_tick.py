"""What happens by itself at a look, and when is the next?"""

from datetime import timedelta

import pytest

from readiness.commands import Choice
from readiness.events import HoldCause, RegionEvent, RegionHeld, ReviewCame, StagePassed, StageReopened
from readiness.ledger import Look
from readiness.policy import CriterionKey, Stage
from readiness.region import RegionLaunch
from readiness.rules import bearings, propose
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import at, conditional
from tests.readiness.steps import accepted, looked, signed, with_go

MOMENT = timedelta(microseconds=1)
IN_A_WEEK = NOW + timedelta(days=7)


def events_at_a_look(region: RegionLaunch, world: World) -> tuple[RegionEvent, ...]:
    """Return what a look proposes."""
    return propose(region, Look(), evidence=world.evidence(launch_at=region.launch_at), now=world.now).events


def ready() -> RegionLaunch:
    """Return a region in which every gate is met."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


@pytest.mark.parametrize(("moment", "is_there"), [(IN_A_WEEK - MOMENT, False), (IN_A_WEEK, True)])
def test_a_no_go_is_looked_at_again_from_its_very_moment_on(moment: object, is_there: bool) -> None:
    """Not a moment before, and at the moment itself."""
    no_go = accepted(ready(), decision(Choice.NO_GO), READY_WORLD)
    assert no_go.decision is not None
    assert no_go.decision.review_at == IN_A_WEEK
    found = events_at_a_look(no_go, at(READY_WORLD, moment))  # type: ignore[arg-type]  # A moment.
    assert any(isinstance(event, ReviewCame) for event in found) is is_there


def test_a_hold_for_an_unmet_gate_names_every_criterion_that_is_unmet() -> None:
    """Whoever reads it knows what took the go away, at whichever stages."""
    world = READY_WORLD.but(trained=10, certified=5)
    (held,) = (event for event in events_at_a_look(with_go(), world) if isinstance(event, RegionHeld))
    assert (held.cause, held.criteria) == (
        HoldCause.GATE_UNMET,
        (CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE),
    )


def test_behind_a_stage_that_opens_again_nothing_passes_anew() -> None:
    """Who learned meanwhile is trained; still the stage waits until the message is signed again."""
    nobody = READY_WORLD.but(trained=0, certified=0)
    learning = looked(signed(region_launch(), nobody), nobody)
    assert learning.stage(Stage.TRAINING).opened_at is not None
    edited = READY_WORLD.but(message="Another message")
    found = events_at_a_look(learning, edited)
    assert [event.stage for event in found if isinstance(event, StageReopened)] == [Stage.VALUE_PROPOSITIONS]
    assert not [event for event in found if isinstance(event, StagePassed)]


def test_a_condition_that_falls_due_now_is_no_next_moment_any_more() -> None:
    """What is due now is missed at this look: the timer is for what comes after it."""
    due_at = LAUNCH_AT - timedelta(days=7)
    region = accepted(ready(), conditional(due_at), READY_WORLD)
    assert bearings(region, now=due_at - MOMENT).due_at == due_at
    assert bearings(region, now=due_at).due_at == LAUNCH_AT

"""Is a decision told, right after it was taken, as the region then shows it?"""

import pytest

from readiness.commands import Choice, Decide
from readiness.events import DecisionTaken
from readiness.region import RegionLaunch
from readiness.rules import evaluate, verdict_of
from readiness.taken import as_taken, verdict_by
from tests.readiness.builders import LAUNCH_AT, READY_WORLD, decision, region_launch
from tests.readiness.governing import conditional
from tests.readiness.steps import looked, proposed, signed


def ready() -> RegionLaunch:
    """Return a region in which every gate is met and nobody is polled."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


@pytest.mark.parametrize(
    "asked",
    [decision(), conditional(LAUNCH_AT, LAUNCH_AT), decision(Choice.NO_GO)],
    ids=lambda asked: asked.choice.value,
)
def test_a_decision_is_told_as_its_region_shows_it(asked: Decide) -> None:
    """Verdict, decision and what was promised are those of the region right after it; a hold is no such decision."""
    before = ready()
    region, proposal = proposed(before, asked, READY_WORLD)
    place, taken = next((at, event) for at, event in enumerate(proposal.events) if isinstance(event, DecisionTaken))
    told, promised = as_taken(taken, version=before.version + place + 1, policy=before.policy)
    evidence = READY_WORLD.evidence()
    shown = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    assert verdict_by(taken.choice) is verdict_of(region)
    assert shown.decision == told
    assert shown.conditions == promised

"""What wakes a region, and what lets it sleep?"""

from readiness.region import RegionLaunch
from readiness.rules import evaluate, must_look
from tests.readiness.builders import READY_WORLD, World, region_launch
from tests.readiness.steps import looked, signed


def wakes(region: RegionLaunch, world: World) -> bool:
    """Say whether the region must look at the world as it is now."""
    evidence = world.evidence(launch_at=region.launch_at)
    return must_look(region, evaluate(region.policy, evidence, region, at=evidence.figures.at), evidence)


def test_a_criterion_that_is_met_or_is_so_no_more_wakes_the_region() -> None:
    """In both directions: a gate may open, and one that was passed may be lost."""
    ready = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    assert not wakes(ready, READY_WORLD)
    assert wakes(ready, READY_WORLD.but(certified=39))
    short = looked(ready, READY_WORLD.but(certified=39))
    assert not wakes(short, READY_WORLD.but(certified=39))
    assert wakes(short, READY_WORLD)


def test_progress_that_opens_no_gate_wakes_nobody() -> None:
    """The first completions are evidence and change no gate, however many people they are of."""
    begun = looked(region_launch(), World())
    assert not wakes(begun, World(trained=44, certified=1))
    assert wakes(begun, World(trained=45))


def test_a_signed_text_that_moves_on_wakes_the_region() -> None:
    """Also where the criterion stays unmet because the other key is missing: the signature is void."""
    half = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    half = half.model_copy(update={"sign_offs": half.sign_offs[:1]})
    half = looked(half, READY_WORLD)
    assert not wakes(half, READY_WORLD)
    assert wakes(half, READY_WORLD.but(message="message 2"))
    assert not wakes(half, READY_WORLD.but(message="message 1!", same_message=("message 1",)))

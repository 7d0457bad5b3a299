"""For which other regions of its wave does a region wait, and when does it not?"""

from datetime import timedelta

import pytest

from readiness.evidence import WaveMate
from readiness.policy import TIERS, WaveLaunch
from readiness.region import RegionLaunch, Verdict
from readiness.rules import evaluate, wave_unsettled, why_not_launch
from readiness.waves import MOST_NAMED, WAVE
from tests.readiness.builders import LAUNCH_AT, READY_WORLD, UNPOLLED
from tests.readiness.steps import with_go

HOUR = timedelta(hours=1)


def together(region: RegionLaunch | None = None) -> RegionLaunch:
    """Return a region with a go that launches together with its wave."""
    region = region or with_go()
    rules = UNPOLLED.go_no_go.model_copy(update={"wave": WaveLaunch.TOGETHER})
    return region.model_copy(update={"policy": UNPOLLED.model_copy(update={"go_no_go": rules})})


def mate(verdict: Verdict = Verdict.GO, *, region: str = "apac", **fields: object) -> WaveMate:
    """Return where another region of the wave stands."""
    return WaveMate.model_validate({"region": region, "verdict": verdict.value, "launch_at": LAUNCH_AT, **fields})


def objections(*mates: WaveMate, region: RegionLaunch | None = None) -> tuple[str, ...]:
    """Return what stands against launching at the instant beside these."""
    evidence = READY_WORLD.evidence().model_copy(update={"wave_mates": mates})
    return why_not_launch(region or together(), evidence, at=LAUNCH_AT)


@pytest.mark.parametrize(
    "beside",
    [
        mate(Verdict.GO),
        mate(Verdict.LAUNCHED),
        mate(Verdict.LAUNCHED, settled=False, launch_at=LAUNCH_AT - 9 * HOUR),
        mate(Verdict.CONDITIONAL_GO),
        mate(Verdict.CONDITIONAL_GO, condition_due_at=LAUNCH_AT + HOUR),
        mate(Verdict.GO, launch_at=LAUNCH_AT - HOUR),
        mate(Verdict.GO, launch_at=LAUNCH_AT + 9 * HOUR),
    ],
)
def test_a_region_launches_beside_mates_that_stand_at_a_go_or_have_launched(beside: WaveMate) -> None:
    """Clocks differ over a wave, so another instant of launch is no obstacle while the go stands."""
    assert objections(beside) == ()


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        (mate(Verdict.NOT_READY), "not ready"),
        (mate(Verdict.READY), "ready"),
        (mate(Verdict.NO_GO), "no go"),
        (mate(Verdict.HELD), "held"),
        (mate(Verdict.CONDITIONAL_GO, condition_due_at=LAUNCH_AT), "a condition of its go is not met"),
        (mate(Verdict.GO, launch_at=LAUNCH_AT - HOUR - HOUR), "its launch instant has passed"),
        (mate(Verdict.GO, settled=False), "being checked"),
    ],
)
def test_a_mate_without_a_sound_go_is_named_with_where_it_stands(beside: WaveMate, why: str) -> None:
    """Whoever reads the refusal knows which region to look at, and for what."""
    assert objections(mate(region="latam"), beside) == (f"wave 1 launches together, and waits for apac ({why})",)


def test_a_region_that_launches_alone_asks_for_nobody() -> None:
    """Every tier leaves regions alone unless the plan says otherwise, and so do launches from before."""
    assert {policy.go_no_go.wave for policy in TIERS.values()} == {WaveLaunch.ALONE}
    assert objections(mate(Verdict.HELD), region=with_go()) == ()
    assert why_not_launch(with_go(), READY_WORLD.evidence(), at=LAUNCH_AT) == ()


def test_a_wave_that_nobody_looked_at_launches_nothing() -> None:
    """What is not known counts as no."""
    found = why_not_launch(together(), READY_WORLD.evidence(), at=LAUNCH_AT)
    assert found == ("nobody looked where the other regions of wave 1 stand",)


def test_a_mate_that_is_being_settled_is_neither_a_yes_nor_a_no() -> None:
    """A launch waits for the check of another region instead of being lost to it."""
    evidence = READY_WORLD.evidence().model_copy(update={"wave_mates": (mate(settled=False), mate(region="latam"))})
    assert wave_unsettled(together(), evidence) == "of its wave apac being settled"
    assert wave_unsettled(with_go(), evidence) is None
    settled = evidence.model_copy(update={"wave_mates": (mate(Verdict.HELD),)})
    assert wave_unsettled(together(), settled) is None


def test_of_a_great_wave_some_are_named_and_the_others_counted() -> None:
    """A refusal stays readable, however large the wave."""
    (found,) = objections(*(mate(Verdict.HELD, region=f"r-{n:03}") for n in range(MOST_NAMED + 5)))
    assert found.count("(held)") == MOST_NAMED
    assert found.endswith(" and 5 more")


def test_readiness_says_beforehand_on_whom_a_region_with_a_go_waits() -> None:
    """Nobody learns it only at the launch instant."""
    evidence = READY_WORLD.evidence().model_copy(update={"wave_mates": (mate(Verdict.NOT_READY),)})
    shown = evaluate(UNPOLLED, evidence, together(), at=LAUNCH_AT)
    (blocker,) = shown.blockers
    assert (blocker.waiting_on, blocker.reason) == (WAVE, "Wave 1 launches together, and waits for apac (not ready)")
    assert shown.reasons[0] == blocker.reason
    assert shown.verdict is Verdict.GO
    ready = evidence.model_copy(update={"wave_mates": (mate(Verdict.GO),)})
    assert evaluate(UNPOLLED, ready, together(), at=LAUNCH_AT).blockers == ()


def test_a_region_without_a_go_does_not_wait_for_its_wave_yet() -> None:
    """What it lacks itself comes first."""
    evidence = READY_WORLD.evidence().model_copy(update={"wave_mates": (mate(Verdict.NOT_READY),)})
    ready = together(with_go().model_copy(update={"decision": None}))
    shown = evaluate(UNPOLLED, evidence, ready, at=LAUNCH_AT)
    assert [blocker.waiting_on for blocker in shown.blockers] == ["executive"]

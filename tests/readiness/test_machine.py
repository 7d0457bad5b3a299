"""Does any sequence of commands, edits, facts and time lead a region into a launch that the rules forbid?"""

# Auditors of their own keep what happened outside, and judge each launch by that alone.

from unittest import TestCase

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from readiness.evidence import Evidence
from readiness.region import RegionLaunch
from tests.effort import PROFILE, examples
from tests.readiness.governed_machine import GovernedMachine
from tests.readiness.machine import RegionMachine

UNSEEN = settings(
    max_examples=2_000, stateful_step_count=40, phases=[Phase.generate], database=None, derandomize=True
)
"""A search that ends with what it finds first, and does not make it small."""


def never_objects(region: RegionLaunch, evidence: Evidence, *, at: object) -> tuple[str, ...]:
    """Say of every region that it may launch."""
    del region, evidence, at
    return ()


class UnlockedMachine(RegionMachine):
    """A region whose last lock is left open."""

    why_not = staticmethod(never_objects)


class UnlockedGovernedMachine(GovernedMachine):
    """A governed region whose last lock is left open."""

    why_not = staticmethod(never_objects)


@pytest.mark.parametrize("machine", [UnlockedMachine, UnlockedGovernedMachine])
def test_an_open_lock_is_noticed(machine: type[RegionMachine]) -> None:
    """The auditors see a launch that the last lock should have refused."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=UNSEEN)


# Many sequences are short, as one of their steps may be a whole story up to its launch; some are long enough for a
# region to be held, slipped, edited and decided on again. The long run tries as many as the issue asks for, all long.
SHORT, LONG = (480, 6), (20, 40)
"""How many sequences of each machine, of how many steps at most. CI tries half of the short ones; `make sequences`
tries 20 times as many as stand here, of 40 steps: 20,000 over both machines."""


def case(machine: type[RegionMachine], many: tuple[int, int], truth: str) -> type[TestCase]:
    """Return the test of `machine` that tries so many sequences of so many steps."""
    count, steps = many
    at_most = LONG[1] if PROFILE == "long" else steps
    tries = settings(max_examples=examples(count, in_full=many is LONG), stateful_step_count=at_most)
    # Hypothesis keeps one test for each machine, so each test has a machine of its own.
    own: type[RegionMachine] = type(machine.__name__, (machine,), {})
    tried: type[TestCase] = own.TestCase
    tried.settings = tries  # type: ignore[attr-defined]  # Hypothesis makes the class.
    tried.__doc__ = truth
    return tried


_REGION = "No sequence of commands, edits, facts and time launches a region in breach of the rules."
_GOVERNED = "Nor with waivers, a sealed poll and conditions."

TestManyOfTheRegion = case(RegionMachine, SHORT, _REGION)
TestLongOnesOfTheRegion = case(RegionMachine, LONG, _REGION)
TestManyOfTheGoverned = case(GovernedMachine, SHORT, _GOVERNED)
TestLongOnesOfTheGoverned = case(GovernedMachine, LONG, _GOVERNED)

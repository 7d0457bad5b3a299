"""Does any sequence of commands, edits, facts and time lead a region into a launch that the rules forbid?"""

# Auditors of their own keep what happened outside, and judge each launch by that alone.

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from readiness.evidence import Evidence
from readiness.region import RegionLaunch
from tests.effort import examples
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


TestRegionMachine = RegionMachine.TestCase
TestRegionMachine.settings = settings(max_examples=examples(60), stateful_step_count=40)
TestRegionMachine.__doc__ = "No sequence of commands, edits, facts and time launches a region in breach of the rules."

TestGovernedMachine = GovernedMachine.TestCase
TestGovernedMachine.settings = settings(max_examples=examples(60), stateful_step_count=40)
TestGovernedMachine.__doc__ = "Nor with waivers, a sealed poll and conditions."

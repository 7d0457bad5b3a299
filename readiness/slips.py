"""What does a new launch instant do to a go?"""

# A look for a reschedule gathers evidence for the instant that is asked for, in the same snapshot as the rows. So
# whether a slip keeps the go is decided once, by whoever proposes, from what it was given; the ledger row says which
# it was, and the launch is proven anew at the new instant all the same.

from datetime import datetime
from typing import Any

from readiness.commands import Reschedule
from readiness.evaluate import evaluate, is_broken, standing_conditions
from readiness.events import RegionRescheduled
from readiness.evidence import Evidence
from readiness.evolve import evolve
from readiness.lasting import RegionSlipped
from readiness.policy import GATED_STAGES, LEARNING_STAGES
from readiness.refusals import LaunchInPast, LaunchUnchanged
from readiness.refusing import by, refuse, require_reason
from readiness.region import RegionLaunch
from readiness.roles import why_go_counts_no_more


def moved(
    region: RegionLaunch, command: Reschedule, evidence: Evidence | None, now: datetime
) -> RegionSlipped | RegionRescheduled:
    """Return the move to the instant that is asked for, with or without the standing go; raises CommandRefused."""
    require_reason(command, "A reschedule")
    if command.launch_at <= now:
        raise refuse(LaunchInPast, f"{command.wall_clock} has passed in {region.plan.time_zone}. Name a later time.")
    if command.launch_at == region.launch_at:
        raise refuse(LaunchUnchanged, f"The region launches at {command.wall_clock} already.")
    fields: dict[str, Any] = {"launch_at": command.launch_at, "wall_clock": command.wall_clock, **by(command, now)}
    if region.decision is not None and region.covers_slip_to(command.launch_at):
        slipped = RegionSlipped(choice=region.decision.choice, **fields)
        if holds_good(evolve(region, slipped), evidence, now=now):
            return slipped
    return RegionRescheduled(**fields)


def holds_good(region: RegionLaunch, evidence: Evidence | None, *, now: datetime) -> bool:
    """Say whether the go of `region` may stand: every gate is met or waived as of its launch instant, the poll is
    complete, no condition is broken, and whoever decided is an executive still.

    Conditions are judged as of now: one that is due between now and the launch may still be met.
    """
    if evidence is None or evidence.launch_at != region.launch_at:
        return False
    readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    return (
        not any(readiness.unmet_of(stage) for stage in GATED_STAGES)
        and all(region.stage(stage).is_closed for stage in LEARNING_STAGES)
        and not any(is_broken(condition, at=now) for condition in standing_conditions(region))
        and why_go_counts_no_more(region, evidence) is None
    )

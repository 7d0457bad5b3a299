"""Does a rehearsal tell what the core itself would propose, and what that makes of the region?"""

import pytest

from readiness.commands import Reschedule
from readiness.policy import LEARNING_STAGES
from readiness.rehearsal import rehearse
from readiness.rules import evolve, propose, verdict_of
from tests.readiness.alphabet import COMMANDS, acts, command_for, evidence
from tests.readiness.test_walk import CROSSROADS, MILESTONES, milestone


@pytest.mark.parametrize("name", MILESTONES)
def test_every_act_is_rehearsed_as_it_would_be_proposed(name: str) -> None:
    """At each milestone of a launch, every command by everybody: same events, same refusal, same region after it."""
    node = milestone(name)
    region, now = node.region, node.world.now
    at_hand = evidence(node.world, region.launch_at)
    for act in acts(CROSSROADS):
        if act.kind not in COMMANDS:
            continue
        command = command_for(act, node.world, region)
        instant = command.launch_at if isinstance(command, Reschedule) else region.launch_at
        seen = evidence(node.world, instant)
        told = rehearse(region, command, evidence=seen, at_hand=at_hand, now=now)
        proposal = propose(region, command, evidence=seen, now=now)
        foretold = (told.refusal, [event.type for event in told.events])
        assert foretold == (proposal.refusal, [event.type for event in proposal.events])
        after = region
        for event in proposal.events:
            after = evolve(after, event)
        assert (told.before.version, told.after.version) == (region.version, after.version)
        signed = {(each.stage, each.function) for each in after.sign_offs}
        assert {(each.stage, each.function) for each in told.would.voided}.isdisjoint(signed)
        assert bool(told.would.held) == (after.holding is not None and after.holding != region.holding)
        reopened = {each.stage for each in told.would.reopened}
        assert reopened >= {s for s in LEARNING_STAGES if region.stage(s).is_closed and not after.stage(s).is_closed}
        if told.would.held:
            assert told.would.held[0].verdict is verdict_of(region)

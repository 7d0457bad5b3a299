"""How do tests take a region launch from one state to the next?"""

import re

from readiness.commands import RegionCommand
from readiness.events import RegionLaunched
from readiness.ledger import Cause, Look, Proposal
from readiness.policy import Stage
from readiness.region import RegionLaunch
from readiness.rules import evolve, propose
from tests.readiness.builders import LAUNCH_AT, READY_WORLD, SIGNERS, World, decision, region_launch, sign_off

_SHOUTED = re.compile(r"[A-Z]{2}|\bNone\b")
"""Two capitals in a row, and what a program says for nothing: neither is a word of ours,"""
_MEANT_LOUD = re.compile(r"\b(EMEA|UTC)\b")
"""but for a region's name, and the clock's."""


def proposed(region: RegionLaunch, cause: Cause, world: World) -> tuple[RegionLaunch, Proposal]:
    """Return the region after what the core proposes for `cause`, and the proposal."""
    proposal = propose(region, cause, evidence=world.evidence(launch_at=region.launch_at), now=world.now)
    for event in proposal.events:
        region = evolve(region, event)
    return region, proposal


def accepted(region: RegionLaunch, command: RegionCommand, world: World) -> RegionLaunch:
    """Return the region after `command`, which must not be refused."""
    region, proposal = proposed(region, command, world)
    assert proposal.refusal is None, proposal.refusal
    return region


def refused(region: RegionLaunch, command: RegionCommand, world: World) -> str:
    """Return the kind of the refusal of `command`, which must be refused, in a whole sentence."""
    _, proposal = proposed(region, command, world)
    assert proposal.refusal is not None
    assert is_sentence(proposal.refusal.detail), proposal.refusal.detail
    return proposal.refusal.kind


def is_sentence(text: str) -> bool:
    """Say whether `text` begins like a sentence, or with somebody's name, ends like one, and shouts nothing."""
    begins = text[0].isupper() or not text.split(maxsplit=1)[0].isalpha()
    return begins and text.endswith(".") and not _SHOUTED.search(_MEANT_LOUD.sub("", text))


def looked(region: RegionLaunch, world: World) -> RegionLaunch:
    """Return the region after it has looked at `world`."""
    return proposed(region, Look(), world)[0]


def signed(region: RegionLaunch, world: World) -> RegionLaunch:
    """Return the region with both keys on both signed stages."""
    for stage in (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING):
        for function, role, person in SIGNERS:
            region = accepted(region, sign_off(function, role, person, stage=stage, world=world), world)
    return region


def with_go() -> RegionLaunch:
    """Return a region with a standing go."""
    return accepted(looked(signed(region_launch(), READY_WORLD), READY_WORLD), decision(), READY_WORLD)


def launched() -> RegionLaunch:
    """Return a region that has launched."""
    region = with_go()
    return evolve(region, RegionLaunched(at=LAUNCH_AT, launch_at=LAUNCH_AT, decision_version=region.version))

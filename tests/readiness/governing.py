"""How do tests ask for waivers, polls and conditions?"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    AcceptedDissent,
    CastBallot,
    Choice,
    Decide,
    DenyWaiver,
    GrantWaiver,
    MeetCondition,
    OpenPoll,
    Promise,
    RequestWaiver,
    Reschedule,
    RevokeWaiver,
    Role,
    Stance,
)
from readiness.evidence import BallotTold, Evidence
from readiness.ledger import Look
from readiness.policy import TIERS, CriterionKey, Function
from readiness.region import RegionLaunch
from readiness.rules import evolve, propose
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, region_launch
from tests.readiness.steps import accepted, looked, signed

SHORT_WORLD = World(trained=45, certified=38)
"""Two people short of the 40 of 50 that tier 1 asks for."""

SEATS = {
    Function.MARKETING: "ma-1",
    Function.SALES: "sa-1",
    Function.ENABLEMENT: "en-1",
    Function.PRODUCT: "pm-8",
}
"""Who votes for each function."""

SLIP = Reschedule(
    command_id="slip-1",
    person="pm-7",
    role=Role.PRODUCT_MANAGER,
    logged_at=NOW,
    reason_digest=decision().reason_digest,
    launch_at=LAUNCH_AT + timedelta(days=3),
    wall_clock="2027-03-04T09:00",
)


def asked(**changes: Any) -> RequestWaiver:
    """Return a request to waive the certified share down to 0.75 until a week after the launch."""
    fields: dict[str, Any] = {
        "command_id": "waiver-1",
        "person": "en-1",
        "role": Role.ENABLEMENT,
        "logged_at": NOW,
        "reason_digest": digest("two are ill"),
        "control_digest": digest("they sit with a colleague"),
        "criterion": CriterionKey.CERTIFIED_SHARE,
        "floor": 7_500,
        "expires_at": LAUNCH_AT + timedelta(days=7),
    }
    return RequestWaiver(**{**fields, **changes})


def grant(*, person: str = "ex-2", waiver: str = "waiver-1", role: Role = Role.EXECUTIVE) -> GrantWaiver:
    """Return the grant of a waiver."""
    return GrantWaiver(
        command_id="grant-1", person=person, role=role, logged_at=NOW, reason_digest=digest("fine"), waiver=waiver
    )


def deny(*, person: str = "ex-2", waiver: str = "waiver-1") -> DenyWaiver:
    """Return the denial of a waiver."""
    return DenyWaiver(
        command_id="deny-1",
        person=person,
        role=Role.EXECUTIVE,
        logged_at=NOW,
        reason_digest=digest("no"),
        waiver=waiver,
    )


def revoke(*, person: str = "ex-3", waiver: str = "waiver-1") -> RevokeWaiver:
    """Return the revocation of a waiver."""
    return RevokeWaiver(
        command_id="revoke-1",
        person=person,
        role=Role.EXECUTIVE,
        logged_at=NOW,
        reason_digest=digest("they are back"),
        waiver=waiver,
    )


def short() -> RegionLaunch:
    """Return a region of which only the certified share is unmet, by two people."""
    return looked(signed(region_launch(), SHORT_WORLD), SHORT_WORLD)


def waived(**changes: Any) -> RegionLaunch:
    """Return that region with the waiver granted."""
    return accepted(accepted(short(), asked(**changes), SHORT_WORLD), grant(), SHORT_WORLD)


def polled_region() -> RegionLaunch:
    """Return a region of tier 1, with its four seats, in which every learning gate is met."""
    return looked(signed(region_launch(policy=TIERS[1]), READY_WORLD), READY_WORLD)


def open_poll(*, at: datetime = NOW) -> OpenPoll:
    """Return the wish to poll everybody."""
    return OpenPoll(command_id="poll-1", person="pm-7", role=Role.PRODUCT_MANAGER, logged_at=at)


def ballot(function: Function, *, person: str | None = None, role: Role | None = None) -> CastBallot:
    """Return a sealed ballot."""
    return CastBallot(
        command_id=f"ballot-{function.value}",
        person=person or SEATS[function],
        role=role or ROLE_OF_FUNCTION[function],
        logged_at=NOW,
        function=function,
    )


def told(region: RegionLaunch, world: World, stances: dict[Function, Stance]) -> Evidence:
    """Return the evidence with every ballot that is in, as the store tells them once the poll may close."""
    sealed = region.poll.sealed if region.poll is not None else ()
    ballots = tuple(
        BallotTold(
            command_id=each.command_id or "",
            function=each.function,
            person=each.person,
            stance=stances.get(each.function, Stance.AGREE),
        )
        for each in sealed
    )
    return world.evidence(launch_at=region.launch_at).model_copy(update={"ballots": ballots})


def closed(region: RegionLaunch, world: World, stances: dict[Function, Stance] | None = None) -> RegionLaunch:
    """Return the region after the look at which its ballots are told."""
    evidence = told(region, world, stances or {})
    for event in propose(region, Look(), evidence=evidence, now=world.now).events:
        region = evolve(region, event)
    return region


def voted(
    region: RegionLaunch, world: World = READY_WORLD, stances: dict[Function, Stance] | None = None
) -> RegionLaunch:
    """Return the region with a poll in which every seat that is asked has voted, opened."""
    region = accepted(region, open_poll(), world)
    assert region.poll is not None
    for function in region.poll.awaited:
        region = accepted(region, ballot(function), world)
    return closed(region, world, stances)


def accepting(*functions: Function, choice: Choice = Choice.GO) -> Decide:
    """Return a decision that accepts these dissents by name."""
    accepted_dissents = tuple(AcceptedDissent(function=f, reason_digest=digest("I know")) for f in functions)
    return decision(choice).model_copy(update={"dissents_accepted": accepted_dissents})


def conditional(*due_at: datetime, owner: str = "en-1") -> Decide:
    """Return a conditional go with one condition for each date."""
    promises = tuple(Promise(owner=owner, due_at=due, text_digest=digest("a promise")) for due in due_at)
    return decision(Choice.CONDITIONAL_GO).model_copy(update={"conditions": promises})


def meet(condition: str, *, person: str = "en-1", proof: str | None = "seen") -> MeetCondition:
    """Return the word that a condition is met."""
    return MeetCondition(
        command_id="meet-1",
        person=person,
        role=Role.ENABLEMENT,
        logged_at=NOW,
        condition=condition,
        proof_digest=digest(proof) if proof is not None else None,
    )


def at(world: World, moment: datetime) -> World:
    """Return the world at another moment."""
    return replace(world, now=moment)


def slipped(region: RegionLaunch, *, hours: int = 1) -> RegionLaunch:
    """Return the region moved by three days, some hours from now, and after its look at that."""
    later = at(READY_WORLD, NOW + timedelta(hours=hours))
    return looked(accepted(region, SLIP, later), later)

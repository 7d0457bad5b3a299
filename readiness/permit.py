"""May the product be sold in the region, since when and on which decision, or why not?"""

# Never a false go: a permit stands only where the fold of the region, its launch record and the newest events of its
# ledger all say so. Whatever is unknown, contradictory or written by newer rules counts as no.

from datetime import datetime
from enum import StrEnum

from readiness.canonical import digest
from readiness.commands import Choice, RevokePermit
from readiness.evaluate import verdict_of
from readiness.keys import RegionKey
from readiness.ledger import CORE_VERSION
from readiness.permit_events import PermitRevoked
from readiness.permit_refusals import PermitNotGiven, PermitRevokedAlready
from readiness.readiness import earliest
from readiness.refusing import by, refuse, require_reason
from readiness.region import GOES, ConditionStatus, Decision, Ending, RegionLaunch, Verdict
from readiness.reinforcement import owed, suspends_at
from readiness.values import Digest, Frozen, Moment, Slug


class PermitStanding(StrEnum):
    """How it stands with a permit; only `valid` is a yes."""

    VALID = "valid"
    NOT_YET = "not_yet"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    NOT_LAUNCHED = "not_launched"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class PermitDecision(Frozen):
    """The decision that a permit rests on; who took it stays in the ledger."""

    version: int
    verdict: Choice
    at: Moment
    digest: Digest | None = None
    """The digest of the record of what it was taken on; None where none was kept."""


class PermitGrant(Frozen):
    """What a launch gives, as its record keeps it: no permit of that run ever says more."""

    id: str
    from_at: Moment
    launch_version: int
    """The version of the ledger with which the region launched."""
    decision: PermitDecision
    policy: Digest
    """The digest of the policy that the region launched by."""


class PermitProof(Frozen):
    """What the tables that are only added to tell of a launch, read together with the region's row."""

    grant: PermitGrant | None
    """None where the launch was recorded before grants were."""
    launch_version: int
    decision_version: int
    is_in_ledger: bool
    """Whether the ledger has the launch at that version."""
    is_revoked: bool
    is_suspended: bool
    """Whether the last word of the ledger on a suspension is that it is one."""


class OpenCondition(Frozen):
    """What was promised with a conditional go and is not met yet; the words stay in the command log."""

    id: str
    due_at: Moment
    missed: bool


class Permit(Frozen):
    """That a product may be sold in a region, as of the moment that was asked for."""

    id: str
    product: Slug
    product_name: str
    region: Slug
    region_name: str
    run: int
    from_at: Moment
    decision: PermitDecision
    policy: Digest
    tier: int
    conditions: tuple[OpenCondition, ...]
    ends_by: Moment | None
    """When it is suspended if nobody meets what is still owed; None where nothing is."""


class NoPermit(Frozen):
    """That it may not, why, and what changes that."""

    standing: PermitStanding
    reason: str
    since: Moment | None = None
    id: str | None = None
    """The permit that does not stand (any more); None where there never was one."""


def standing_of(found: Permit | NoPermit) -> PermitStanding:
    """Return how it stands with what was found."""
    return PermitStanding.VALID if isinstance(found, Permit) else found.standing


def permit_id(key: RegionKey) -> str:
    """Return the name of the permit of a region launch: the same for as long as there is one."""
    return f"{key.product}/{key.region}/{key.run}"


def grant_of(region: RegionLaunch, decision: Decision, *, record: Digest | None) -> PermitGrant:
    """Return what the launch of `region`, which has just happened, gives on `decision` with that record."""
    if region.ended_at is None:
        raise ValueError(f"{region.key} has not launched")
    return PermitGrant(
        id=permit_id(region.key),
        from_at=region.ended_at,
        launch_version=region.version,
        decision=PermitDecision(version=decision.version, verdict=decision.choice, at=decision.at, digest=record),
        policy=digest(region.policy.model_dump(mode="json")),
    )


def permit_of(
    region: RegionLaunch,
    proof: PermitProof | None,
    *,
    at: datetime,
    is_latest: bool = True,
    core_version: int = CORE_VERSION,
) -> Permit | NoPermit:
    """Return the permit of `region` as of `at`, or why there is none.

    `proof` is None where no launch is recorded; `core_version` is that of the rules by which the row was written.
    """
    if region.ending is not Ending.LAUNCHED:
        return _not_launched(region)
    where = f"{region.product_name} in {region.plan.name}"
    decision, launched_at, name = region.decision, region.ended_at, permit_id(region.key)
    if region.revoked_at is not None or (proof is not None and proof.is_revoked):
        return NoPermit(
            standing=PermitStanding.REVOKED,
            reason=f"The permit for {where} was revoked for good. To sell it there again, launch it anew.",
            since=region.revoked_at,
            id=name,
        )
    is_new = core_version > CORE_VERSION
    if is_new or proof is None or decision is None or launched_at is None or not _agree(region, decision, proof):
        return NoPermit(
            standing=PermitStanding.UNKNOWN,
            reason=f"What is kept of {where} does not agree with itself, which counts as no. Run `ltl doctor`.",
            id=name,
        )
    if not is_latest:
        return NoPermit(
            standing=PermitStanding.SUPERSEDED,
            reason=f"{where} is being launched anew: only its latest run says whether it may be sold.",
            id=name,
        )
    if at < launched_at:
        return NoPermit(
            standing=PermitStanding.NOT_YET,
            reason=f"{where} may be sold from {launched_at:%Y-%m-%d %H:%M:%S} UTC.",
            since=launched_at,
            id=name,
        )
    overdue = tuple(c for c in owed(region) if suspends_at(region, c) <= at)
    if region.suspended_at is not None or overdue:
        # What is overdue counts from its own moment, also while nobody is there to write the suspension down.
        return NoPermit(
            standing=PermitStanding.SUSPENDED,
            reason=f"The permit for {where} is suspended: a condition of its go was missed. "
            "It stands again once everything that was missed is met (`ltl meet`).",
            since=region.suspended_at or earliest(*(suspends_at(region, c) for c in overdue)),
            id=name,
        )
    grant = proof.grant or grant_of(
        region.model_copy(update={"version": proof.launch_version}), decision, record=None
    )
    return Permit(
        id=grant.id,
        product=region.key.product,
        product_name=region.product_name,
        region=region.key.region,
        region_name=region.plan.name,
        run=region.key.run,
        from_at=grant.from_at,
        decision=grant.decision,
        policy=grant.policy,
        tier=region.tier,
        conditions=tuple(
            OpenCondition(
                id=c.promised.id,
                due_at=c.promised.due_at,
                missed=c.status is ConditionStatus.MISSED or c.promised.due_at <= at,
            )
            for c in owed(region)
        ),
        ends_by=earliest(*(suspends_at(region, c) for c in owed(region))),
    )


def permit_revoked(region: RegionLaunch, command: RevokePermit, now: datetime) -> PermitRevoked:
    """Return that the permit was taken away; raises CommandRefused where there is none to take."""
    require_reason(command, "Revoking a permit")
    if region.ending is not Ending.LAUNCHED:
        raise refuse(
            PermitNotGiven,
            f"{region.plan.name} has not launched, so there is no permit. Hold or cancel it instead."
            if region.ending is None
            else f"{region.plan.name} was cancelled and never had a permit.",
        )
    if region.revoked_at is not None:
        raise refuse(
            PermitRevokedAlready,
            f"The permit of this run was revoked on {region.revoked_at:%Y-%m-%d %H:%M} UTC already.",
        )
    return PermitRevoked(**by(command, now))


def _agree(region: RegionLaunch, decision: Decision, proof: PermitProof) -> bool:
    """Say whether fold, launch record and ledger tell one story."""
    grant = proof.grant
    return (
        proof.is_in_ledger
        and decision.choice in GOES
        and decision.version == proof.decision_version < proof.launch_version <= region.version
        and proof.is_suspended == (region.suspended_at is not None)
        and (
            grant is None
            or (grant.id, grant.from_at, grant.decision.version, grant.decision.verdict)
            == (permit_id(region.key), region.ended_at, decision.version, decision.choice)
        )
    )


def _not_launched(region: RegionLaunch) -> NoPermit:
    where = f"{region.product_name} in {region.plan.name}"
    if region.ending is not None:
        reason = f"The launch of {where} was cancelled. Add the region again to launch it there."
        return NoPermit(standing=PermitStanding.CANCELLED, reason=reason, since=region.ended_at)
    verdict = verdict_of(region)
    planned = f"it is planned for {region.plan.wall_clock.replace('T', ' ')} there ({region.plan.time_zone})"
    match verdict:
        case Verdict.HELD:
            how = f"its launch is held; {planned}. Whoever holds the ball ends the hold"
        case Verdict.NO_GO:
            how = "an executive said no-go"
        case Verdict.GO | Verdict.CONDITIONAL_GO:
            how = f"it has a go, and {planned}"
        case Verdict.READY:
            how = f"everything is learned, an executive has yet to decide, and {planned}"
        case _:
            how = f"its stages are not all passed, and {planned}"
    return NoPermit(standing=PermitStanding.NOT_LAUNCHED, reason=f"{where} has not launched: {how}.")

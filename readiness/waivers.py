"""Who may pass an unmet criterion, down to which share, until when, and by whose leave?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.commands import DenyWaiver, GrantWaiver, RequestWaiver, RevokeWaiver, Role
from readiness.consent_refusals import (
    NothingToWaive,
    NotWaivable,
    WaiverAlreadyOpen,
    WaiverApproverNotAllowed,
    WaiverBudgetSpent,
    WaiverByDecider,
    WaiverByOwner,
    WaiverByRequester,
    WaiverExpiryBad,
    WaiverFloorBad,
    WaiverNotOpen,
    WaiverUnknown,
)
from readiness.events import (
    RegionEvent,
    WaiverDenied,
    WaiverGranted,
    WaiverLapsed,
    WaiverLapseNears,
    WaiverRequested,
    WaiverRevoked,
)
from readiness.ownership import has_owned, owner_words
from readiness.policy import SHARES, CriterionKey
from readiness.readiness import CriterionResult, Readiness
from readiness.refusals import ReasonMissing
from readiness.refusing import by, refuse, require_reason
from readiness.region import RegionLaunch, Waiver, WaiverStatus
from readiness.values import BASIS_POINTS

LAPSE_NOTICE = timedelta(days=3)
"""How long before a granted waiver lapses its requester and its approver are told: long enough to ask anew."""


def requested(
    region: RegionLaunch, command: RequestWaiver, readiness: Readiness, *, elsewhere: int, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the request for a waiver, with so many open `elsewhere` in the launch; raises CommandRefused."""
    require_reason(command, "A waiver")
    if command.control_digest is None:
        raise refuse(ReasonMissing, "A waiver says what is done instead. Say it in `compensating_control`.")
    result = _waivable(region, command.criterion, readiness)
    standing = next((w for w in region.waivers if w.is_open and w.criterion is command.criterion), None)
    if standing is not None:
        raise refuse(
            WaiverAlreadyOpen,
            f"A waiver of {command.criterion.value} is {standing.status.value} already. "
            "Have that one answered or revoked first.",
            waiver=standing.id,
            by=standing.requested_by,
            at=standing.requested_at,
        )
    _require_budget(region, elsewhere)
    latest = region.launch_at + timedelta(days=region.policy.waivers.days_after_launch)
    if not now < command.expires_at <= latest:
        raise refuse(
            WaiverExpiryBad,
            f"A waiver here ends after now and at latest on {latest:%Y-%m-%d %H:%M} UTC. Name such a moment.",
            latest=latest,
        )
    floor = command.floor
    if floor is None:
        floor = result.numerator * BASIS_POINTS // result.denominator
    required = round(result.required * BASIS_POINTS)
    deepest = max(0, required - region.policy.waivers.deepest_floor)
    if not deepest <= floor < required:
        raise refuse(
            WaiverFloorBad,
            f"A waiver of {command.criterion.value} reaches from below {_share(required)} down to {_share(deepest)}, "
            f"not to {_share(floor)}. Get closer first, or ask for less.",
            deepest=deepest / BASIS_POINTS,
        )
    return (
        WaiverRequested(
            waiver=command.command_id,
            criterion=command.criterion,
            floor=floor,
            expires_at=command.expires_at,
            **by(command, now),
        ),
    )


def answered(
    region: RegionLaunch, command: GrantWaiver | DenyWaiver | RevokeWaiver, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the grant, the denial or the revocation of a waiver; raises CommandRefused."""
    if command.role is not Role.EXECUTIVE:
        raise refuse(WaiverApproverNotAllowed, "Only an executive for this region answers or revokes a waiver.")
    require_reason(command, "An answer to a waiver")
    waiver = region.waiver(command.waiver)
    if waiver is None:
        raise refuse(WaiverUnknown, "This region has no such waiver. Look at the waivers of its readiness.")
    awaited = WaiverStatus.GRANTED if isinstance(command, RevokeWaiver) else WaiverStatus.REQUESTED
    if waiver.status is not awaited:
        raise refuse(
            WaiverNotOpen,
            f"The waiver is {waiver.status.value}, so it cannot be {_wanted(command)}.",
            status=waiver.status.value,
            by=waiver.ended_by or waiver.answered_by,
            at=waiver.ended_at or waiver.answered_at,
        )
    _require_stranger(region, waiver, command)
    event = {GrantWaiver: WaiverGranted, DenyWaiver: WaiverDenied, RevokeWaiver: WaiverRevoked}[type(command)]
    return (event(waiver=waiver.id, **by(command, now)),)


def covering(region: RegionLaunch, result: CriterionResult, *, at: datetime) -> Waiver | None:
    """Return the waiver by which `result` may be passed as of `at`: granted, not lapsed by then, and not below its
    floor; None where none does."""
    if result.key not in SHARES or result.denominator <= 0 or result.unaddressed:
        return None
    return next(
        (
            waiver
            for waiver in region.waivers
            if waiver.criterion is result.key
            and waiver.covers_at(at)
            and result.numerator * BASIS_POINTS >= waiver.floor * result.denominator
        ),
        None,
    )


def granted(region: RegionLaunch, key: CriterionKey) -> Waiver | None:
    """Return the waiver of `key` that is granted, whether or not it covers anything; None where there is none."""
    return next((w for w in region.waivers if w.criterion is key and w.status is WaiverStatus.GRANTED), None)


def parties(region: RegionLaunch) -> frozenset[str]:
    """Return everybody who asked for a waiver of this region or answered one: none of them decides on it."""
    people = (person for w in region.waivers for person in (w.requested_by, w.answered_by, w.ended_by))
    return frozenset(person for person in people if person is not None)


def lapses(region: RegionLaunch, now: datetime) -> Iterator[RegionEvent]:
    """Yield the end of every waiver whose time has come, and the notice of those whose time comes soon."""
    for waiver in region.waivers:
        if not waiver.is_open:
            continue
        if waiver.expires_at <= now:
            yield WaiverLapsed(at=now, waiver=waiver.id)
        elif _is_to_be_announced(waiver) and waiver.expires_at - LAPSE_NOTICE <= now:
            yield WaiverLapseNears(at=now, waiver=waiver.id)


def next_lapse_at(region: RegionLaunch, *, now: datetime) -> datetime | None:
    """Return when the next waiver lapses, or is to be announced as lapsing, after `now`."""
    moments = [
        moment
        for waiver in region.waivers
        if waiver.is_open
        for moment in (
            waiver.expires_at,
            waiver.expires_at - LAPSE_NOTICE if _is_to_be_announced(waiver) else waiver.expires_at,
        )
        if moment > now
    ]
    return min(moments, default=None)


def _is_to_be_announced(waiver: Waiver) -> bool:
    return waiver.status is WaiverStatus.GRANTED and not waiver.lapse_announced


def _waivable(region: RegionLaunch, key: CriterionKey, readiness: Readiness) -> CriterionResult:
    result = next((criterion for criterion in readiness.criteria if criterion.key is key), None)
    if key not in region.policy.waivers.waivable or key not in SHARES or result is None:
        raise refuse(
            NotWaivable,
            f"{key.value} cannot be waived here. Sign-offs, the poll and the go never can; meet it instead.",
        )
    if result.denominator <= 0:
        raise refuse(NotWaivable, "Nobody is in the audience, and an empty audience never passes. Import it first.")
    if result.is_satisfied:
        raise refuse(NothingToWaive, f"{key.value} is {result.status.value}, so there is nothing to waive.")
    return result


def _require_budget(region: RegionLaunch, elsewhere: int) -> None:
    allowed = region.policy.waivers
    here = sum(waiver.is_open for waiver in region.waivers)
    if here >= allowed.open_per_region:
        raise refuse(
            WaiverBudgetSpent,
            f"At most {allowed.open_per_region} waivers may be open in a region, and {here} are. "
            "Meet one of these criteria, or let a waiver go.",
            allowed=allowed.open_per_region,
            scope="region",
        )
    everywhere = here + elsewhere
    if allowed.open_per_launch is not None and everywhere >= allowed.open_per_launch:
        raise refuse(
            WaiverBudgetSpent,
            f"At most {allowed.open_per_launch} waivers may be open over the regions of a launch, and {everywhere} "
            "are. Meet one of these criteria, or let a waiver go.",
            allowed=allowed.open_per_launch,
            scope="launch",
        )


def _require_stranger(region: RegionLaunch, waiver: Waiver, command: GrantWaiver | DenyWaiver | RevokeWaiver) -> None:
    """Nobody answers their own request or waives their own item, and who decided does not loosen the gates after."""
    if command.person == waiver.requested_by:
        raise refuse(WaiverByRequester, "You asked for this waiver, so another executive answers it.")
    if has_owned(region, command.person):
        raise refuse(WaiverByOwner, f"{owner_words(region, command)} this launch, so another executive answers it.")
    if any(
        s.person == command.person and s.stage is region.policy.stage_of(waiver.criterion) for s in region.sign_offs
    ):
        raise refuse(WaiverByOwner, "You signed this stage, so another executive answers the waiver of it.")
    decision = region.decision
    if isinstance(command, GrantWaiver) and decision is not None and decision.person == command.person:
        raise refuse(WaiverByDecider, "You took the decision that stands, so another executive answers the waiver.")


def _wanted(command: GrantWaiver | DenyWaiver | RevokeWaiver) -> str:
    return {GrantWaiver: "granted", DenyWaiver: "denied", RevokeWaiver: "revoked"}[type(command)]


def _share(basis_points: int) -> str:
    return f"{basis_points / BASIS_POINTS:g}"

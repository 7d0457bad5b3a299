"""Who may own a launch, and what does a change of owner take from whom?"""

# Whoever becomes the owner loses the right to decide; whoever ceases to be it never gains that right in the regions
# that they owned, else one person could own a launch up to the decision and take it then.

from collections.abc import Iterable
from datetime import datetime

from readiness.commands import Asked, ChangeOwner, HandOver, Role
from readiness.consent_refusals import OwnerChangeNotYours, OwnerTookDecision, OwnerUnchanged, OwnerWaived
from readiness.events import OwnerChanged, RegionEvent
from readiness.refusing import by, refuse, require_reason
from readiness.region import RegionLaunch, WaiverStatus
from readiness.values import Identifier


def owner_changed(region: RegionLaunch, command: ChangeOwner, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that the region has another owner; raises CommandRefused."""
    require_giver(command, region.owner)
    require_another(command.owner, [region.owner])
    decision = region.decision
    if decision is not None and decision.person == command.owner:
        raise refuse(
            OwnerTookDecision,
            f"{command.owner} took the decision that stands in {region.plan.name}, and an owner does not decide. "
            "Have another executive decide there first, or name another owner.",
            person=command.owner,
        )
    granted = next(
        (w for w in region.waivers if w.status is WaiverStatus.GRANTED and w.answered_by == command.owner), None
    )
    if granted is not None:
        raise refuse(
            OwnerWaived,
            f"{command.owner} granted a waiver that runs in {region.plan.name}, and nobody waives what they own. "
            "Have it revoked and granted by another executive first, or name another owner.",
            person=command.owner,
            waiver=granted.id,
        )
    return (OwnerChanged(owner=command.owner, **by(command, now)),)


def require_giver(command: ChangeOwner | HandOver, owner: Identifier) -> None:
    """Raise CommandRefused unless it is the owner who asks, or a product manager, and says why."""
    if command.person != owner and command.role is not Role.PRODUCT_MANAGER:
        raise refuse(
            OwnerChangeNotYours,
            f"A product manager, or {owner} who owns the launch, hands it over. Ask one of them.",
            owner=owner,
        )
    require_reason(command, "A change of owner")


def require_another(owner: Identifier, owners: Iterable[Identifier]) -> None:
    """Raise CommandRefused where all that is to be handed to `owner` is theirs already."""
    if all(each == owner for each in owners):
        raise refuse(OwnerUnchanged, f"{owner} owns this launch already. Name another person.")


def has_owned(region: RegionLaunch, person: Identifier) -> bool:
    """Say whether `person` owns the region or has owned it."""
    return person == region.owner or person in region.former_owners


def owner_words(region: RegionLaunch, command: Asked) -> str:
    """Return what a refusal says of the person's ownership: `You own`, or `You owned`."""
    return "You own" if command.person == region.owner else "You owned"

"""How does each function that must sign stand to what a region says today?"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from readiness.commands import ROLE_OF_FUNCTION
from readiness.evidence import ContentEvidence
from readiness.policy import Function
from readiness.region import RegionLaunch
from readiness.role_values import RoleLost, lost_since
from readiness.values import Frozen, Identifier, Moment


class SigningState(StrEnum):
    """How a function stands to one stage's text."""

    SIGNED = "signed"
    """It signed what is there now, or what means the same."""
    EARLIER = "earlier"
    """It signed what has been changed since, and must sign again."""
    LOST = "lost"
    """Whoever signed for it is no longer, or will by the launch not be, in the role that gave it."""
    SENT_BACK = "sent_back"
    """It sent back what is there now."""
    WAITING = "waiting"
    """It has said nothing yet."""


class Signing(Frozen):
    """How one function stands, and by whose word; without one where nobody has said anything."""

    function: Function
    state: SigningState
    person: Identifier | None = None
    at: Moment | None = None


def signings_of(
    region: RegionLaunch, content: ContentEvidence, lost: Sequence[RoleLost], *, now: datetime
) -> tuple[Signing, ...]:
    """Return how each function that signs the stage of `content` in `region` stands to it, in the policy's order.

    `lost` are the roles that were withdrawn there; judged, as everything is, at the later of the launch and now.
    """
    counting = (content.digest, *content.same_as)
    at = max(region.launch_at, now)
    found: list[Signing] = []
    for function in region.policy.signers_of(content.stage):
        signature = region.signature(content.stage, function)
        notes = [n for n in region.sent_back if (n.stage, n.function) == (content.stage, function)]
        if signature is not None:
            role = ROLE_OF_FUNCTION[function]
            state = SigningState.SIGNED if signature.digest in counting else SigningState.EARLIER
            if lost_since(lost, signature.person, role, given_at=signature.at, at=at) is not None:
                state = SigningState.LOST
            found.append(Signing(function=function, state=state, person=signature.person, at=signature.at))
        elif notes and notes[-1].digest in counting:
            note = notes[-1]
            found.append(Signing(function=function, state=SigningState.SENT_BACK, person=note.person, at=note.at))
        else:
            found.append(Signing(function=function, state=SigningState.WAITING))
    return tuple(found)

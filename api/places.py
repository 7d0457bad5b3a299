"""Where may somebody go from every page?"""

from api.identity import Actor
from api.rights import RIGHTS, Action, Reach, allowed_regions, can
from templates.pages import Place

PLACES: tuple[tuple[Place, Action], ...] = (
    (Place("me", "/me"), Action.READ_OWN),
    (Place("board", "/"), Action.READ_BOARD),
    (Place("decide", "/decide"), Action.READ_BOARD),
    (Place("portfolio", "/portfolio"), Action.READ_BOARD),
    (Place("imports", "/imports"), Action.READ_IMPORT),
    (Place("ledger", "/ledger"), Action.READ_LEDGER),
    (Place("deliveries", "/deliveries"), Action.READ_DELIVERIES),
    (Place("access", "/access"), Action.READ_ROLES),
)
"""Every page that is linked from every other, in order, and the right that opens it."""


def places_of(actor: Actor) -> tuple[Place, ...]:
    """Return the pages that `actor` may open, somewhere at least."""
    return tuple(place for place, action in PLACES if _opens(actor, action))


def _opens(actor: Actor, action: Action) -> bool:
    if RIGHTS[action].reach is Reach.REGION:
        return bool(allowed_regions(actor, action))
    return can(actor, action)

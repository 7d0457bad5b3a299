"""What does the page of one region show of its readiness and of what happened there?"""

from api.commanding import region_not_found
from api.dependencies import Dependencies
from api.identity import Actor
from api.live import live_readiness
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.rights import Action, can
from readiness.readiness import Readiness
from store.ledger import Happening, timeline
from store.names import names_of
from store.regions import latest_region
from templates.pages import RegionPage, TimelineLine
from templates.words import happening

LATEST_ENTRIES = 20
"""Entries of the timeline that the page shows: what happened lately; all of it is in the API."""


def region_page(deps: Dependencies, actor: Actor, product: str, region: str) -> RegionPage:
    """Return the page of the latest run of `product` in `region`; raises the problem `not-found`."""
    with deps.store.reading() as tx:
        key = latest_region(tx, product, region)
        if key is None:
            raise region_not_found(product, region)
        read_at = deps.store.now(tx)
        readiness = live_readiness(tx, key, now=read_at)
        shown: tuple[Happening, ...] = ()
        if can(actor, Action.READ_TIMELINE, region):
            shown = timeline(tx, key, after=max(0, readiness.version - LATEST_ENTRIES), limit=LATEST_ENTRIES)
        asked = {entry.row.event.person for entry in shown} | _persons(readiness) | {actor.person}
        names = names_of(tx, {person for person in asked if person is not None})
    return RegionPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=REFRESH_SECONDS,
        readiness=readiness,
        read_at=read_at,
        names=names,
        timeline=tuple(_line(entry, names) for entry in reversed(shown)),
        earlier=shown[0].row.version - 1 if shown else 0,
    )


def _persons(readiness: Readiness) -> set[str | None]:
    return {
        readiness.owner,
        readiness.decision.person if readiness.decision is not None else None,
        readiness.hold.person if readiness.hold is not None else None,
    }


def _line(entry: Happening, names: dict[str, str]) -> TimelineLine:
    event = entry.row.event
    body = entry.command.body if entry.command is not None else None
    reason = body.get("reason") if isinstance(body, dict) else None
    return TimelineLine(
        version=entry.row.version,
        at=event.at,
        what=happening(event),
        who=names.get(event.person, event.person) if event.person is not None else None,
        reason=reason if isinstance(reason, str) else None,
    )

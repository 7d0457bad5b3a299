"""What will be asked of whoever reads, once what is open before it is met?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from api.identity import Actor
from api.missing_people import Naming
from api.rights import Action, can
from api.tasks import is_waited_for, key_of, not_certified_address
from readiness.asks import Ask
from readiness.keys import RegionKey
from readiness.policy import CriterionKey
from readiness.prospect import AHEAD_IS_OF, Ahead, Later, ahead, decide_by, foretell, later, voters
from readiness.readiness import PEOPLE_CRITERIA, Readiness
from store.board import BoardRow
from templates.pages import Coming


class _ToCome(NamedTuple):
    """What a region will ask of somebody."""

    due_at: datetime
    row: BoardRow
    readiness: Readiness
    each: tuple[Later, ...]
    then: tuple[Ahead, ...]
    decide_by: datetime

    @property
    def learned(self) -> tuple[CriterionKey, ...]:
        """What of it people do who learn."""
        return tuple(one.criterion for one in self.each if one.criterion in PEOPLE_CRITERIA)


def coming(
    actor: Actor, rows: Iterable[BoardRow], at_hand: Mapping[RegionKey, Readiness], naming: Naming, *, limit: int
) -> tuple[Coming, ...]:
    """Return what regions of which the readiness is at hand will ask of `actor`, the soonest due first; at most
    `limit`, with who is missing for the first that are about people."""
    found = sorted(_to_come(actor, rows, at_hand), key=attrgetter("due_at"))
    return tuple(_shown(actor, each, naming) for each in found[:limit])


def _to_come(actor: Actor, rows: Iterable[BoardRow], at_hand: Mapping[RegionKey, Readiness]) -> Iterator[_ToCome]:
    for row in rows:
        readiness = at_hand.get(key_of(row))
        if readiness is None:
            continue
        each = tuple(one for one in later(readiness) if _is_for(actor, one, row.region))
        then = tuple(one for one in ahead(readiness) if _comes_to(actor, row, readiness, one))
        last = decide_by(readiness)
        if (each or then) and last is not None:
            yield _ToCome(each[0].due_at if each else last, row, readiness, each, then, last)


def _shown(actor: Actor, found: _ToCome, naming: Naming) -> Coming:
    row, learned = found.row, found.learned
    return Coming(
        product=row.product,
        region=row.region,
        product_name=row.product_name,
        region_name=row.name,
        time_zone=row.time_zone,
        stage=row.stage,
        each=found.each,
        then=found.then,
        decide_by=found.decide_by,
        foretold=foretell(found.readiness, learned),
        missing=naming.missing(found.readiness, learned),
        people_address=not_certified_address(row) if learned and can(actor, Action.READ_PEOPLE, row.region) else None,
    )


def _is_for(actor: Actor, one: Later, region: str) -> bool:
    return any(is_waited_for(actor, function, region) for function in one.waiting_on)


def _comes_to(actor: Actor, row: BoardRow, readiness: Readiness, one: Ahead) -> bool:
    """Say whether it is for `actor` to do, and nobody waits for it yet."""
    if one is Ahead.VOTES:
        is_asked = any(blocker.ask is Ask.VOTE for blocker in row.blockers)
        return not is_asked and any(is_waited_for(actor, each.value, row.region) for each in voters(readiness))
    whose = AHEAD_IS_OF.get(one)
    if whose is None or any(blocker.waiting_on == whose for blocker in row.blockers):
        return False
    return is_waited_for(actor, whose, row.region)

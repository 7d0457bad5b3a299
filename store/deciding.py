"""Which regions wait for a decision, which have one, and what has happened in each since somebody last looked?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Case, ColumnElement, Connection, and_, case, delete, func, insert, or_, select, tuple_

from readiness.events import RegionEvent
from readiness.keys import RegionKey
from readiness.readiness import Readiness
from readiness.region import Poll, Verdict
from store.access import RolesRead
from store.access_schema import last_looks
from store.board import BoardRow, board
from store.keyed import is_among
from store.projection import readiness_of
from store.records_schema import ledger, region_launches
from store.regions import record_of
from store.verdicts import verdict_shown

MOST_TOLD = 400
"""Events read for one page of regions; who was away for longer reads the timelines."""

MOST_LOOKS = 2_000
"""Looks that are kept for one person: as many as anybody looks at. The oldest go first."""

ORDER: tuple[tuple[Verdict, ...], ...] = (
    (Verdict.READY,),
    (Verdict.HELD, Verdict.NO_GO),
    (Verdict.NOT_READY,),
    (Verdict.GO, Verdict.CONDITIONAL_GO),
)
"""What is shown first: what waits for a decision, what was stopped, what cannot be decided yet, and what stands."""

_ENDED = (Verdict.LAUNCHED.value, Verdict.CANCELLED.value)
"""Told by the index that the board is counted by: asking for `ended_at` would read every row whole."""

_EVENT: TypeAdapter[RegionEvent] = TypeAdapter(RegionEvent)

Place = tuple[int, datetime, str, str]
"""Where a region stands in the order: by what it waits for, then by its launch."""


class Look(NamedTuple):
    """Up to which version of a region somebody has read, and when they said so."""

    run: int
    version: int
    at: datetime


class ToDecide(NamedTuple):
    """One region with what a decision on it is taken on."""

    place: Place
    row: BoardRow
    poll: Poll | None


def to_decide(
    tx: Connection,
    *,
    within: Iterable[str] | None,
    words: Iterable[str] = (),
    after: Place | None = None,
    limit: int,
    now: datetime,
) -> tuple[ToDecide, ...]:
    """Return the regions that have not ended, those that wait for a decision first, then by their launch.

    `within` are the regions that the reader may see, None for all. Each of `words` is in the name of the product or
    of the region, or in their ids.
    """
    columns = region_launches.c
    rank = _rank(now)
    wanted: list[ColumnElement[bool]] = [columns.is_latest, columns.verdict.not_in(_ENDED)]
    if within is not None:
        wanted.append(columns.region.in_(sorted(set(within))))
    names = (columns.product, columns.product_name, columns.region, columns.name)
    wanted.extend(or_(*(name.icontains(word, autoescape=True) for name in names)) for word in words)
    if after is not None:
        at, moment, *key = after
        wanted.append(
            or_(
                rank > at,
                and_(rank == at, columns.launch_at > moment),
                and_(rank == at, columns.launch_at == moment, tuple_(columns.product, columns.region) > tuple_(*key)),
            )
        )
    first = (
        select(columns.product, columns.region, columns.launch_at, rank.label("rank"))
        .where(*wanted)
        .order_by(rank, columns.launch_at, columns.product, columns.region)
        .limit(limit)
        .subquery()
    )
    # The folded region is opened for the rows of the page alone: opening ten thousand takes longer than all the rest.
    of = first.c
    chosen = (
        select(of.product, of.region, columns.run, of.launch_at, of.rank, columns.state["poll"])
        .join(region_launches, and_(columns.product == of.product, columns.region == of.region))
        .where(columns.is_latest)
        .order_by(of.rank, of.launch_at, of.product, of.region)
    )
    found = tx.execute(chosen).all()
    keys = [RegionKey(product=each[0], region=each[1], run=each[2]) for each in found]
    rows = {(row.product, row.region): row for row in board(tx, among=keys, limit=limit, now=now)} if keys else {}
    return tuple(
        ToDecide((at, launch_at, product, region), rows[product, region], Poll.model_validate(poll) if poll else None)
        for product, region, _run, launch_at, at, poll in found
        if (product, region) in rows
    )


def counts_to_decide(tx: Connection, *, within: Iterable[str] | None, now: datetime) -> tuple[int, ...]:
    """Return how many regions there are of each kind of `ORDER`, by one query."""
    columns, rank = region_launches.c, _rank(now)
    wanted: list[ColumnElement[bool]] = [columns.is_latest, columns.verdict.not_in(_ENDED)]
    if within is not None:
        wanted.append(columns.region.in_(sorted(set(within))))
    found = tx.execute(select(rank, func.count()).where(*wanted).group_by(rank)).all()
    counted: dict[int, int] = {each[0]: each[1] for each in found}
    return tuple(counted.get(at, 0) for at in range(len(ORDER)))


def _rank(now: datetime) -> Case[int]:
    shown = verdict_shown(now)
    ranked = {verdict.value: at for at, verdicts in enumerate(ORDER) for verdict in verdicts}
    return case(ranked, value=shown, else_=len(ORDER))


def readiness_at_hand(tx: Connection, keys: Iterable[RegionKey]) -> dict[RegionKey, Readiness]:
    """Return how ready each of these region launches is by the figures that its row keeps; those whose figures are
    still to be counted are left out. Two queries, however many regions there are."""
    wanted = sorted({(key.product, key.region, key.run) for key in keys})
    if not wanted:
        return {}
    of = region_launches.c
    chosen = select(region_launches).where(is_among((of.product, of.region, of.run), wanted))
    records = [record_of(row) for row in tx.execute(chosen)]
    lost = RolesRead(tx).lost_in([record.region for record in records])
    return {
        record.key: readiness_of(record.region, record.figures, record.contents, lost[record.region.key])
        for record in records
        if record.figures is not None and record.contents is not None
    }


def looks_of(tx: Connection, person: str, regions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Look]:
    """Return up to where `person` has read each of these regions, by product and region; one query."""
    of = last_looks.c
    wanted = sorted(set(regions))
    if not wanted:
        return {}
    asked = select(of.product, of.region, of.run, of.version, of.looked_at).where(
        of.person == person, is_among((of.product, of.region), wanted)
    )
    return {(product, region): Look(run, version, at) for product, region, run, version, at in tx.execute(asked)}


def note_looks(tx: Connection, person: str, seen: Mapping[RegionKey, int], *, now: datetime) -> None:
    """Note that `person` has read each of these region launches up to that version; an older look is replaced."""
    of = last_looks.c
    if not seen:
        return
    places = sorted({(key.product, key.region) for key in seen})
    tx.execute(delete(last_looks).where(of.person == person, is_among((of.product, of.region), places)))
    tx.execute(
        insert(last_looks),
        [
            {
                "person": person,
                "product": key.product,
                "region": key.region,
                "run": key.run,
                "version": version,
                "looked_at": now,
            }
            for key, version in seen.items()
        ],
    )
    oldest = select(of.looked_at).where(of.person == person).order_by(of.looked_at.desc()).offset(MOST_LOOKS).limit(1)
    tx.execute(delete(last_looks).where(of.person == person, of.looked_at <= oldest.scalar_subquery()))


def happened_since(tx: Connection, looks: Mapping[RegionKey, int]) -> dict[RegionKey, tuple[RegionEvent, ...]]:
    """Return what happened in each of these region launches after that version, the latest first; one query."""
    if not looks:
        return {}
    of = ledger.c
    key_of = (of.product, of.region, of.run)
    later = or_(
        *(
            and_(of.product == key.product, of.region == key.region, of.run == key.run, of.version > version)
            for key, version in looks.items()
        )
    )
    asked = select(*key_of, of.event).where(later).order_by(of.at.desc(), of.version.desc()).limit(MOST_TOLD)
    told: dict[RegionKey, list[RegionEvent]] = {}
    for product, region, run, event in tx.execute(asked):
        key = RegionKey(product=product, region=region, run=run)
        told.setdefault(key, []).append(_EVENT.validate_python(event))
    return {key: tuple(events) for key, events in told.items()}

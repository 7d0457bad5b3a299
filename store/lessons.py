"""What did the earlier waves of a launch learn, and which regions must look when they learn more?"""

# It is read from the ledgers of the regions of these waves, and from what was heard there: nothing is copied. So a
# lesson keeps its id for ever, and an objection that is answered where it was heard is owed nowhere any more.

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, or_, select

from readiness.content import is_blank
from readiness.events import RegionEvent
from readiness.evidence import Lesson
from readiness.keys import RegionKey
from readiness.lessons import lesson_of, owed_to
from readiness.policy import Stage
from readiness.region import RegionLaunch
from store.keyed import is_among
from store.records_schema import content_revisions, ledger, region_launches
from store.regions import mark_locked
from store.types import NEVER

FIELD = "field-"
"""What the keys of objections begin with that were heard in the field."""

_EVENT: TypeAdapter[RegionEvent] = TypeAdapter(RegionEvent)
_ROWS = region_launches.c
_KEY = (_ROWS.product, _ROWS.region, _ROWS.run)
_LAUNCH = (_ROWS.product, _ROWS.launch_run)


class _Heard(NamedTuple):
    product: str
    region: str
    key: str
    at: datetime


def lessons_of(
    tx: Connection, regions: Iterable[RegionLaunch], *, as_of: datetime = NEVER
) -> dict[RegionKey, tuple[Lesson, ...]]:
    """Return what the waves before each of `regions` learned up to `as_of`, the earliest wave first.

    Asks nothing for regions of the first wave, and three queries for all others together.
    """
    asked = [region for region in regions if region.plan.wave > 1]
    if not asked:
        return {}
    launches = sorted({(region.key.product, region.launch_run) for region in asked})
    waves: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for row in tx.execute(select(*_LAUNCH, _ROWS.region, _ROWS.wave).where(is_among(_LAUNCH, launches))):
        waves[row.product, row.launch_run][row.region] = row.wave
    refused = _refused(tx, launches, as_of=as_of)
    heard = _heard(tx, {product for product, _ in launches}, as_of=as_of)
    found: dict[RegionKey, tuple[Lesson, ...]] = {}
    for region in asked:
        launch = (region.key.product, region.launch_run)
        objections = [
            Lesson(id=each.key, kind="objection", region=each.region, wave=wave, at=each.at)
            for each in heard
            if each.product == region.key.product and (wave := waves[launch].get(each.region)) is not None
        ]
        found[region.key] = owed_to(region, [*refused[launch], *objections])
    return found


def objections_heard(tx: Connection, product: str, keys: Sequence[str]) -> Mapping[str, str]:
    """Return the words of objections that were heard in the field, by key."""
    if not keys:
        return {}
    columns = content_revisions.c
    chosen = select(columns.key, columns.body).where(
        columns.product == product,
        columns.stage == Stage.OBJECTION_HANDLING.value,
        columns.key.in_(sorted(set(keys))),
        columns.region != "",
        columns.revision == 1,
    )
    return {row.key: row.body["objection"] for row in tx.execute(chosen)}


def hold_with_later_waves(tx: Connection, key: RegionKey) -> tuple[RegionKey, ...]:
    """Take the row of `key` and those of every later wave of its launch that have not ended, in key order; return
    the latter."""
    here = select(_ROWS.launch_run, _ROWS.wave).filter_by(product=key.product, region=key.region, run=key.run)
    own = tx.execute(here).first()
    if own is None:
        return ()
    is_later = and_(_ROWS.launch_run == own.launch_run, _ROWS.wave > own.wave, _ROWS.ended_at.is_(None))
    is_own = and_(_ROWS.region == key.region, _ROWS.run == key.run)
    chosen = select(*_KEY).where(_ROWS.product == key.product, or_(is_later, is_own)).order_by(*_KEY)
    rows = tx.execute(chosen.with_for_update())
    found = (RegionKey(product=row.product, region=row.region, run=row.run) for row in rows)
    return tuple(each for each in found if each != key)


def mark_later_waves(tx: Connection, key: RegionKey) -> None:
    """Note that the later waves of the launch have something new to address, so that they look."""
    mark_locked(tx, hold_with_later_waves(tx, key))


def _refused(
    tx: Connection, launches: Sequence[tuple[str, int]], *, as_of: datetime
) -> dict[tuple[str, int], list[Lesson]]:
    """Return for which commands of people regions of these launches were held or no go, by launch."""
    rows = ledger.c
    same = and_(rows.product == _ROWS.product, rows.region == _ROWS.region, rows.run == _ROWS.run)
    chosen = (
        select(*_LAUNCH, _ROWS.region, _ROWS.wave, rows.type, rows.at, rows.command_id, rows.event)
        .select_from(region_launches.join(ledger, same))
        .where(
            is_among(_LAUNCH, launches),
            rows.type.in_(("region_held", "decision_taken")),
            rows.command_id.is_not(None),
            rows.at <= as_of,
        )
    )
    found: dict[tuple[str, int], list[Lesson]] = defaultdict(list)
    for row in tx.execute(chosen):
        kind = lesson_of(_EVENT.validate_python(row.event))
        if kind is not None:
            said = {"id": row.command_id, "kind": kind, "region": row.region, "wave": row.wave, "at": row.at}
            found[row.product, row.launch_run].append(Lesson.model_validate(said))
    return found


def _heard(tx: Connection, products: Iterable[str], *, as_of: datetime) -> list[_Heard]:
    """Return what was heard in the field of these products and has no answer, there or product-wide; an objection is
    not answered by withdrawing it."""
    columns = content_revisions.c
    chosen = select(
        columns.product, columns.region, columns.key, columns.revision, columns.body, columns.withdrawn, columns.at
    ).where(
        columns.product.in_(sorted(products)),
        columns.stage == Stage.OBJECTION_HANDLING.value,
        columns.key.startswith(FIELD, autoescape=True),
        columns.at <= as_of,
    )
    first: dict[tuple[str, str], _Heard] = {}
    answered: dict[tuple[str, str, str], bool] = {}
    for row in tx.execute(chosen.order_by(columns.revision)):
        if row.revision == 1 and row.region and "heard" in row.body:
            first[row.product, row.key] = _Heard(row.product, row.region, row.key, row.at)
        answered[row.product, row.key, row.region] = not row.withdrawn and not is_blank(row.body.get("answer"))
    return [
        each
        for (product, key), each in first.items()
        if not answered[product, key, each.region] and not answered.get((product, key, ""), False)
    ]

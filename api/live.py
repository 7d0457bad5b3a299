"""How ready is a region right now, or as of another instant, computed live?"""

from datetime import datetime

from sqlalchemy import Connection

from api.commanding import region_not_found
from api.problems import Problem
from readiness.keys import RegionKey
from readiness.readiness import Readiness
from readiness.region import RegionLaunch, Verdict
from readiness.rules import evaluate, fold, judged_instant
from store.engine import Store
from store.ledger import rows_after
from store.regions import ROW_IN_DOUBT, WORKFLOW_LOST, RegionRecord, latest_record, region_record
from store.sight import gather
from store.types import NEVER
from store.words import with_words

_HOPEFUL = frozenset({Verdict.READY, Verdict.GO, Verdict.CONDITIONAL_GO})
"""Verdicts that are never shown for a coming instant unless the region has them at its own."""


def region_readiness(store: Store, product: str, region: str, *, at: datetime | None = None) -> Readiness:
    """Return the readiness of the latest run of `product` in `region`, judged as of `at` or its own instant.

    Raises the problem `not-found` where it was never started, or had not been at that instant.
    """
    with store.reading() as tx:
        return readiness_of_latest(tx, product, region, now=store.now(tx), at=at)


def readiness_of_latest(
    tx: Connection, product: str, region: str, *, now: datetime, at: datetime | None = None
) -> Readiness:
    """Return what `region_readiness` does, by evidence that is true in this transaction."""
    record = latest_record(tx, product, region)
    if record is None:
        raise region_not_found(product, region)
    return readiness_of_record(tx, record, now=now, at=at)


def live_readiness(tx: Connection, key: RegionKey, *, now: datetime, at: datetime | None = None) -> Readiness:
    """Return the readiness of one region launch; raises RegionUnknown."""
    return readiness_of_record(tx, region_record(tx, key), now=now, at=at)


def readiness_of_record(
    tx: Connection, record: RegionRecord, *, now: datetime, at: datetime | None = None
) -> Readiness:
    """Return the readiness of one region launch by evidence that is true in this transaction.

    The verdict for a coming instant is never better than at the region's own. For a past instant, sign-offs,
    decisions and content are those that stood then, and facts those dated up to then as known today.
    """
    key = record.key
    is_past = at is not None and at < now
    region = _as_it_was(tx, key, at) if is_past and at is not None else record.region
    instant = judged_instant(region, now=now) if at is None else at
    contents_as_of = instant if is_past else NEVER
    evidence = gather(tx, [record], {key: instant}, now=now, contents_as_of=contents_as_of)[key]
    shown = evaluate(region.policy, evidence, region, at=instant)
    if at is not None and not is_past and shown.verdict in _HOPEFUL:
        # A coming instant may look better than the day itself: certified then, and lapsed by the launch.
        own = readiness_of_record(tx, record, now=now)
        if own.verdict is not shown.verdict:
            shown = shown.model_copy(update={"verdict": own.verdict, "reasons": own.reasons})
    return with_words(tx, region, _shown(record, shown))


def _as_it_was(tx: Connection, key: RegionKey, at: datetime) -> RegionLaunch:
    region = fold(key, None, [row for row in rows_after(tx, key, 0) if row.event.at <= at])
    if region is None:
        raise Problem("not-found", f"The launch of {key.product} in {key.region} had not been started by then.")
    return region


def _shown(record: RegionRecord, readiness: Readiness) -> Readiness:
    """What contradicts itself reads as held, and a region whose workflow was lost, until it runs again."""
    if not record.is_whole:
        why = ROW_IN_DOUBT
    elif record.lost_at is not None and record.region.ending is None:
        why = WORKFLOW_LOST
    else:
        return readiness
    reasons = (why, *readiness.reasons)[: max(1, len(readiness.reasons))]
    return readiness.model_copy(update={"verdict": Verdict.HELD, "reasons": reasons})

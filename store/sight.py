"""What does a launch or a region launch see when it looks?"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from readiness.evidence import Evidence
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import LaunchSight
from readiness.ledger import Sight
from readiness.policy import Stage
from readiness.rules import judged_instant
from store.engine import Store
from store.figures import Question, figures
from store.ledger import launch_rows_after, rows_after
from store.regions import RegionRecord, RegionUnknown, open_regions, region_record
from store.texts import contents_of
from store.types import NEVER


def look(store: Store, key: RegionKey, known: int, launch_at: datetime | None = None) -> Sight:
    """Return the ledger's rows after version `known` and the evidence, all of one snapshot; writes nothing.

    The evidence is for the launch instant `launch_at`, or else the region's own, as of the later of it and now. A
    region launch that was never started has neither.
    """
    with store.reading() as tx:
        now = store.now(tx)
        try:
            record = region_record(tx, key)
        except RegionUnknown:
            return Sight(now=now)
        at = judged_instant(record.region, now=now) if launch_at is None else max(launch_at, now)
        evidence = gather(tx, [record], {key: at}, now=now)[key]
        if launch_at is not None:
            evidence = evidence.model_copy(update={"launch_at": launch_at})
        return Sight(rows=rows_after(tx, key, known), evidence=evidence, now=now)


def look_launch(store: Store, key: LaunchKey, known: int) -> LaunchSight:
    """Return the launch's own rows after version `known`, and the regions of its product that have not ended."""
    with store.reading() as tx:
        return LaunchSight(
            rows=launch_rows_after(tx, key, known), open_regions=open_regions(tx, key.product), now=store.now(tx)
        )


def gather(
    tx: Connection,
    records: Sequence[RegionRecord],
    instants: Mapping[RegionKey, datetime],
    *,
    now: datetime,
    contents_as_of: datetime = NEVER,
) -> dict[RegionKey, Evidence]:
    """Return the evidence for each region launch, judged at its instant of `instants` and gathered at `now`.

    Contents are those of today, or what they were `contents_as_of`.

    Takes a fixed number of queries, however many regions there are. Raises ValueError where one product and region
    comes in two runs.
    """
    if not records:
        return {}
    counted = figures(tx, [_question(record, instants[record.key]) for record in records], gathered_at=now)
    contents = contents_of(tx, [record.region for record in records], as_of=contents_as_of)
    return {
        record.key: Evidence(
            launch_at=record.region.launch_at,
            figures=counted[record.key.product, record.key.region],
            contents=contents[record.key],
        )
        for record in records
    }


def _question(record: RegionRecord, at: datetime) -> Question:
    return Question(
        product=record.key.product,
        region=record.key.region,
        at=at,
        revision=record.facts_revision,
        since=record.region.stage(Stage.TRAINING).opened_at,
    )

"""What does a launch or a region launch see when it looks?"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from readiness.commands import RegionCommand, RequestWaiver, Reschedule
from readiness.evidence import Evidence, Figures
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import LaunchSight
from readiness.ledger import Sight
from readiness.policy import Stage
from readiness.rules import judged_instant
from store.access import RolesRead
from store.ballots import told
from store.engine import Store
from store.figures import Question, figures
from store.ledger import ROWS_AT_ONCE, launch_rows_after, rows_after
from store.regions import RegionRecord, RegionUnknown, open_regions, region_record
from store.texts import contents_of
from store.types import NEVER
from store.waiver_debt import waivers_elsewhere
from store.waves import wave_mates


def look(store: Store, key: RegionKey, known: int, launch_at: datetime | None = None) -> Sight:
    """Return the ledger's rows after version `known` and the evidence, all of one snapshot; writes nothing.

    Of very many rows these are the first: whoever proposes on them is behind, and is told so as it settles.

    The evidence is for the launch instant `launch_at`, or else the region's own, as of the later of it and now. A
    region launch that was never started has neither.
    """
    with store.reading() as tx:
        now = store.now(tx)
        try:
            record = region_record(tx, key)
        except RegionUnknown:
            return Sight(now=now)
        evidence = evidence_of(tx, record, now=now, launch_at=launch_at)
        return Sight(rows=rows_after(tx, key, known, limit=ROWS_AT_ONCE), evidence=evidence, now=now)


def evidence_of(
    tx: Connection, record: RegionRecord, *, now: datetime, launch_at: datetime | None = None
) -> Evidence:
    """Return everything that a proposal for this region is made on, for `launch_at` or else its own instant."""
    evidence = _evidence_beside_waivers(tx, record, now=now, launch_at=launch_at, roles=RolesRead(tx))
    return evidence.model_copy(update={"waivers_elsewhere": waivers_elsewhere(tx, record.region)})


def evidence_at_hand(
    tx: Connection, record: RegionRecord, command: RegionCommand, *, now: datetime, roles: RolesRead
) -> Evidence | None:
    """Return what a proposal for `command` is made on; None where somebody would be counted or a text be read for it.

    What is waived in other regions matters to whoever asks for a waiver, and is unknown to the others.
    """
    launch_at = command.launch_at if isinstance(command, Reschedule) else None
    at = _instant(record, now=now, launch_at=launch_at)
    if not _holds_contents(record) or _steady(record, _question(record, at), now=now) is None:
        return None
    if isinstance(command, RequestWaiver):
        return evidence_of(tx, record, now=now)
    return _evidence_beside_waivers(tx, record, now=now, launch_at=launch_at, roles=roles)


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
    counted_anew: bool = False,
    roles: RolesRead | None = None,
) -> dict[RegionKey, Evidence]:
    """Return the evidence for each region launch, judged at its instant of `instants` and gathered at `now`.

    Contents are those of today, or what they were `contents_as_of`. What was gathered before, and no fact, no edit
    and no moment has changed since, is not gathered again unless `counted_anew`.

    Takes a fixed number of queries, however many regions there are; `roles` are those that the transaction has read
    already. Raises ValueError where one product and region
    comes in two runs.
    """
    if not records:
        return {}
    counted: dict[tuple[str, str], Figures] = {}
    asked: list[Question] = []
    for record in records:
        question = _question(record, instants[record.key])
        steady = None if counted_anew else _steady(record, question, now=now)
        if steady is None:
            asked.append(question)
        else:
            counted[question.product, question.region] = steady
    counted |= figures(tx, asked, gathered_at=now)
    contents = {
        record.key: record.contents
        for record in records
        if record.contents is not None and contents_as_of is NEVER and not counted_anew and _holds_contents(record)
    }
    unread = [record.region for record in records if record.key not in contents]
    contents |= contents_of(tx, unread, as_of=contents_as_of) if unread else {}
    # Where others stand is known of the present alone.
    mates = wave_mates(tx, (record.region for record in records)) if contents_as_of is NEVER else {}
    lost = (roles or RolesRead(tx)).lost_in([record.region for record in records])
    return {
        record.key: Evidence(
            launch_at=record.region.launch_at,
            figures=counted[record.key.product, record.key.region],
            contents=contents[record.key],
            wave_mates=mates.get(record.key),
            roles_lost=lost[record.key],
        )
        for record in records
    }


def _evidence_beside_waivers(
    tx: Connection, record: RegionRecord, *, now: datetime, launch_at: datetime | None, roles: RolesRead
) -> Evidence:
    at = _instant(record, now=now, launch_at=launch_at)
    return gather(tx, [record], {record.key: at}, now=now, roles=roles)[record.key].model_copy(
        update={
            "ballots": told(tx, record.region, now=now),
            **({"launch_at": launch_at} if launch_at is not None else {}),
        }
    )


def _instant(record: RegionRecord, *, now: datetime, launch_at: datetime | None) -> datetime:
    return judged_instant(record.region, now=now) if launch_at is None else max(launch_at, now)


def _holds_contents(record: RegionRecord) -> bool:
    """Say whether no text has changed since those that the row tells; an edit no longer marks what has ended."""
    is_current = record.figures_revision >= record.facts_revision
    return record.contents is not None and is_current and record.region.ending is None


def _question(record: RegionRecord, at: datetime) -> Question:
    return Question(
        product=record.key.product,
        region=record.key.region,
        at=at,
        revision=record.facts_revision,
        since=record.region.stage(Stage.TRAINING).opened_at,
        dated_until=record.facts_dated_until,
    )


def _steady(record: RegionRecord, question: Question, *, now: datetime) -> Figures | None:
    if record.figures is None or record.figures_revision < record.facts_revision:
        return None
    return record.figures.as_of(question.at, now=now, since=question.since)

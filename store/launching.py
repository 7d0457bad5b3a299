"""May this region launch now, and if so, does it, in this very transaction?"""

# This is the second lock. It trusts nothing that the workflow says but the version at which it ends: it folds the
# ledger again, holds every event that gives to the command log, and judges on facts of this transaction.

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from readiness.events import RegionLaunched
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.ledger import CORE_VERSION, LaunchAnswer, LaunchDenied, Launched, NotNow, RegionRow
from readiness.permit import grant_of
from readiness.region import RegionLaunch
from readiness.rules import (
    bearings,
    evaluate,
    fold,
    launches_together,
    wants_launch,
    wave_unsettled,
    why_not_launch,
)
from readiness.values import Moment
from store.alarms import AlarmKind, scope_of, sound
from store.ballots import ballots_named
from store.commands import digest_of_document, has_open_command, logged_all
from store.decision_records import kept
from store.engine import Store
from store.ledger import LedgerBehind, append, rows_after
from store.lessons import mark_later_waves
from store.projection import move_row
from store.proof import unproven
from store.records_schema import launch_records
from store.regions import RegionRecord, lock_region, region_record
from store.settling import require_not_behind
from store.sight import gather
from store.waves import hold_wave


def launch(store: Store, key: RegionKey, known: int, *, asked_at: datetime | None = None) -> LaunchAnswer:
    """Launch the region whose workflow knows its ledger up to version `known`, or say why not.

    `asked_at` is the workflow's clock as it asks: a region launches only once both clocks have reached its instant.
    A launch record that is there already is the answer. `NotNow` is neither yes nor no: look again, then try again.
    Only `LaunchDenied` holds the region. Raises RegionUnknown and StoreAway.
    """
    try:
        with store.writing() as tx:
            answer = _launch(tx, store, key, known, asked_at)
    except LedgerBehind as behind:
        sound(store, AlarmKind.LEDGER_BEHIND, key, str(behind))
        return NotNow(reason="the ledger is behind what the workflow knows")
    if isinstance(answer, Launched):
        _tell_later_waves(store, key)
    return answer


def _tell_later_waves(store: Store, key: RegionKey) -> None:
    """Have later waves look that may now take the short path; lost, they look when their figures are next counted."""
    with store.writing() as tx:
        if region_record(tx, key).region.policy.go_no_go.short_path:
            mark_later_waves(tx, key)


def launch_record(tx: Connection, key: RegionKey) -> dict[str, Any] | None:
    """Return the launch record of a region launch; None where it has not launched."""
    row = tx.execute(select(launch_records).filter_by(**scope_of(key))).mappings().first()
    return dict(row) if row is not None else None


def _launch(tx: Connection, store: Store, key: RegionKey, known: int, asked_at: datetime | None) -> LaunchAnswer:
    # What is read before any row is held decides only which rows to hold; it is asked again of the ledger.
    before = region_record(tx, key).region
    if launches_together(before):
        hold_wave(tx, before)
    record = lock_region(tx, key)
    now = store.now(tx)
    if launch_record(tx, key) is not None:
        return Launched(rows=rows_after(tx, key, known), bearings=bearings(record.region, now=now))
    require_not_behind(key, head=record.version, known=known)
    rows = rows_after(tx, key, 0)
    not_now = _not_now(tx, record, rows, known=known, now=now, asked_at=asked_at)
    if not_now is not None:
        return NotNow(reason=not_now)
    region = fold(key, None, rows)
    if region is None or region.decision is None:
        return LaunchDenied(objections=("no decision stands",))
    if launches_together(region) and not launches_together(before):
        return NotNow(reason="the rows of its wave are not held")
    named = [row.event.command_id for row in rows if row.event.command_id is not None]
    asked = logged_all(tx, (*named, *ballots_named(row.event for row in rows)))
    objections = list(unproven(key, rows, asked))
    judged: Evidence | None = None
    for at in (region.launch_at, now):
        judged = gather(tx, [record._replace(region=region)], {key: at}, now=now, counted_anew=True)[key]
        unsettled = wave_unsettled(region, judged)
        if unsettled is not None:
            return NotNow(reason=unsettled)
        objections.extend(o for o in why_not_launch(region, judged, at=at) if o not in objections)
    if not objections and not wants_launch(region, now=now):
        objections.append("the launch instant passed longer ago than the policy allows")
    if objections or judged is None:
        return LaunchDenied(objections=tuple(objections))
    return _launched(tx, record, region, judged, now=now)


def _not_now(
    tx: Connection,
    record: RegionRecord,
    rows: Sequence[RegionRow],
    *,
    known: int,
    now: datetime,
    asked_at: datetime | None,
) -> str | None:
    if record.version != known:
        return f"the ledger is at version {record.version}, the workflow at {known}"
    if len(rows) != record.version:
        return "the region's row and its ledger differ; rebuild it"
    if record.core_version != CORE_VERSION or any(row.core_version > CORE_VERSION for row in rows):
        # A worker with other rules settled last: these rules must look at the region before they launch it.
        return "other core version"
    if has_open_command(tx, record.key):
        return "a command of the region is open"
    if now < record.region.launch_at:
        return "the database's clock is before the launch instant"
    if asked_at is not None and asked_at < record.region.launch_at:
        return "Temporal's clock is before the launch instant"
    return None


def _launched(
    tx: Connection, record: RegionRecord, region: RegionLaunch, evidence: Evidence, *, now: Moment
) -> Launched:
    decision = region.decision
    if decision is None:
        raise ValueError(f"{record.key} has no decision to launch on")
    readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at).model_dump(mode="json")
    event = RegionLaunched(at=now, launch_at=region.launch_at, decision_version=decision.version)
    rows = append(tx, record.key, [event], after=record.version, now=now)
    after = fold(record.key, region, rows)
    if after is None:
        raise ValueError(f"{record.key} has no beginning")
    decided_on = kept(tx, record.key, decision.version)
    grant = grant_of(after, decision, record=decided_on.digest if decided_on is not None else None)
    tx.execute(
        insert(launch_records).values(
            **scope_of(record.key),
            at=now,
            launch_at=region.launch_at,
            version=after.version,
            decision_version=decision.version,
            readiness=readiness,
            readiness_digest=digest_of_document(readiness),
            permit=grant.model_dump(mode="json"),
        )
    )
    move_row(tx, record, after, now=now, rows=rows, seen=evidence.figures)
    return Launched(rows=rows, bearings=bearings(after, now=now))

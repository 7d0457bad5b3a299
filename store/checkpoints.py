"""What was signed of the audit record, and when was it last verified?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Row, insert, select

from readiness.sealing import Statement
from store.once import insert_once
from store.seal_checks import Report
from store.seal_schema import checkpoints, unsealed, verifications
from store.seals import Head, counts_between, head_of, moments_of
from store.sources import SOURCE_OF

CHECKPOINT_ENTRIES = 1_000
CHECKPOINT_AFTER = timedelta(minutes=5)
"""How many seals, and how long, a checkpoint may be behind: what was sealed since then nobody outside knows of."""


class Verification(NamedTuple):
    """One time that the record was verified; `since` is 0 where it was the whole."""

    at: datetime
    since: int
    until: int
    faults: int


def next_statement(tx: Connection, *, now: datetime, at_once: bool = False) -> Statement | None:
    """Return what a checkpoint has to state now; None where none is due. `at_once` asks for one whatever its age."""
    last = tx.execute(select(checkpoints).order_by(checkpoints.c.position.desc()).limit(1)).first()
    head = head_of(tx)
    behind = head.position - (last.position if last is not None else 0)
    if behind <= 0:
        return None
    is_old = last is None or now - last.at >= CHECKPOINT_AFTER
    if not (at_once or is_old or behind >= CHECKPOINT_ENTRIES):
        return None
    before = dict(last.counts) if last is not None else {}
    counts = counts_between(tx, last.position if last is not None else 0, head.position)
    for source, count in before.items():
        counts[source] += count
    return Statement(position=head.position, chain=head.chain, counts=dict(sorted(counts.items())), at=now)


def keep_checkpoint(tx: Connection, statement: Statement, signed: str) -> bool:
    """Write a checkpoint; say whether it was, for another process may have been first."""
    row = {**statement.model_dump(), "signed": signed}
    return insert_once(tx, checkpoints, row)


def signed_checkpoints(tx: Connection, *, until: int | None = None) -> Sequence[str]:
    """Return every checkpoint in order, as it was signed."""
    query = select(checkpoints.c.signed).order_by(checkpoints.c.position)
    if until is not None:
        query = query.where(checkpoints.c.position <= until)
    return tx.execute(query).scalars().all()


def keep_report(tx: Connection, report: Report, *, now: datetime) -> None:
    """Write down that the record was verified, and what was found."""
    first = [fault.model_dump(mode="json") for fault in report.faults[:10]]
    tx.execute(
        insert(verifications).values(
            at=now, since=report.since, until=report.until, faults=report.faults_found, first_faults=first
        )
    )


def last_whole(tx: Connection) -> Verification | None:
    """Return the last verification of the whole record."""
    return _verification(
        tx.execute(
            select(verifications).where(verifications.c.since == 0).order_by(verifications.c.id.desc()).limit(1)
        ).first()
    )


def last_intact(tx: Connection) -> Head | None:
    """Return the last checkpoint up to which the record was found intact; None where there is none.

    A record that was found at fault since is verified as a whole until it is intact again.
    """
    latest = _verification(tx.execute(select(verifications).order_by(verifications.c.id.desc()).limit(1)).first())
    if latest is None or latest.faults:
        return None
    stated = tx.execute(
        select(checkpoints.c.position, checkpoints.c.chain)
        .where(checkpoints.c.position <= latest.until)
        .order_by(checkpoints.c.position.desc())
        .limit(1)
    ).first()
    return Head(stated.position, stated.chain) if stated is not None else None


def latest_checkpoint(tx: Connection) -> Head | None:
    """Return what the latest checkpoint in the database states; None where there is none."""
    query = select(checkpoints.c.position, checkpoints.c.chain).order_by(checkpoints.c.position.desc()).limit(1)
    row = tx.execute(query).first()
    return Head(row.position, row.chain) if row is not None else None


def waits_since(tx: Connection) -> datetime | None:
    """Return when the row was written that has waited the longest to be sealed; None where none waits."""
    first = tx.execute(select(unsealed).order_by(unsealed.c.id).limit(1)).first()
    source = SOURCE_OF.get(first.source) if first is not None else None
    if first is None or source is None:
        return None
    at: datetime | None = next((moment for moment in moments_of(tx, source, [first.key])), None)
    return at


def _verification(row: Row[tuple[object, ...]] | None) -> Verification | None:
    return None if row is None else Verification(row.at, row.since, row.until, row.faults)

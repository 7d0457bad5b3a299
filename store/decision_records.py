"""What exactly was seen when a decision was taken, readable later byte for byte?"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select

from readiness.canonical import canonical_json, digest_of_text
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.ledger import CORE_VERSION, RegionRow
from readiness.region import RegionLaunch
from readiness.rules import evaluate
from readiness.values import Digest, Moment
from store.alarms import scope_of
from store.commands import without_fractions
from store.keyed import is_among
from store.records_schema import decision_records

# What every decision asks is put together once: building a statement takes longer than running it.
_KEPT = select(decision_records).where(
    decision_records.c.product == bindparam("product"),
    decision_records.c.region == bindparam("region"),
    decision_records.c.run == bindparam("run"),
)
_LATEST_KEPT = _KEPT.order_by(decision_records.c.version.desc()).limit(1)
_LATEST_KEPT_UNTIL = _LATEST_KEPT.where(decision_records.c.version <= bindparam("until"))


class DecisionRecord(NamedTuple):
    """The black box of one decision: its document as canonical JSON (RFC 8785), and the digest of it."""

    version: int
    at: Moment
    document: bytes
    digest: Digest


def record_row(key: RegionKey, before: RegionLaunch, row: RegionRow, evidence: Evidence) -> dict[str, Any]:
    """Return what is written down of what the decision of `row` was taken on: the region just before it, and the
    evidence.

    Fractions are written as text, because their rendering in JSON is not everybody's.
    """
    seen = evaluate(before.policy, evidence, before, at=evidence.figures.at)
    document: dict[str, Any] = {
        "core_version": CORE_VERSION,
        "decision": row.event.model_dump(mode="json"),
        "evidence": evidence.model_dump(mode="json"),
        "policy": before.policy.model_dump(mode="json"),
        "poll": before.poll.model_dump(mode="json") if before.poll is not None else None,
        "readiness": seen.model_dump(mode="json"),
        "version": row.version,
        "waivers": [waiver.model_dump(mode="json") for waiver in before.waivers],
    }
    text = canonical_json(without_fractions(document))
    return {
        **scope_of(key),
        "version": row.version,
        "at": row.event.at,
        "document": text.decode("utf-8"),
        "digest": digest_of_text(text),
    }


def kept(tx: Connection, key: RegionKey, version: int) -> DecisionRecord | None:
    """Return what the decision at that version of the region's ledger was taken on; None where none was."""
    return _record(tx.execute(select(decision_records).filter_by(**scope_of(key), version=version)).first())


def latest_kept(tx: Connection, key: RegionKey, *, until: int | None = None) -> DecisionRecord | None:
    """Return what the latest decision on the region was taken on, whether it stands or not; None where none was.

    `until` is the version beyond which the region's ledger is not looked at.
    """
    found = tx.execute(_LATEST_KEPT_UNTIL, {**scope_of(key), "until": until}) if until is not None else None
    return _record((tx.execute(_LATEST_KEPT, scope_of(key)) if found is None else found).first())


def kept_all(tx: Connection, versions: Mapping[RegionKey, int]) -> dict[RegionKey, DecisionRecord]:
    """Return what the decisions at those versions of the regions' ledgers were taken on; one query."""
    if not versions:
        return {}
    of = decision_records.c
    wanted = [(*scope_of(key).values(), version) for key, version in versions.items()]
    found = tx.execute(select(decision_records).where(is_among((of.product, of.region, of.run, of.version), wanted)))
    rows = {(row.product, row.region, row.run): row for row in found}
    kept = {key: _record(rows.get((key.product, key.region, key.run))) for key in versions}
    return {key: record for key, record in kept.items() if record is not None}


def _record(row: Row[*tuple[Any, ...]] | None) -> DecisionRecord | None:
    return DecisionRecord(row.version, row.at, row.document.encode("utf-8"), row.digest) if row is not None else None

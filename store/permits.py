"""What does the database tell, in one query, of whether products may be sold in a region?"""

# The region's row is the fold of its ledger, and somebody could have changed it. So its launch record and the ledger
# from the launch on are read with it, both of which are only ever added to: a few rows, found by their key.

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, bindparam, cast, select

from readiness.keys import RegionKey
from readiness.permit import NoPermit, Permit, PermitGrant, PermitProof, PermitStanding, permit_of, standing_of
from readiness.region import RegionLaunch, Verdict
from store.keyed import is_among
from store.records_schema import launch_records, ledger, region_launches

_ROW = region_launches.c
_RECORD = launch_records.c

_MOST_READ = 1_024
"""Regions whose fold is kept as it was read: reading it takes ten times as long as judging it, and the same text
always says the same."""

SUSPENDING = "permit_suspended"
RESTORING = "permit_restored"
REVOKING = "permit_revoked"


class PermitFound(NamedTuple):
    """How it stands with the permit of one region launch, as of the moment that was asked for."""

    key: RegionKey
    found: Permit | NoPermit


def _same_run(table: Any, other: Any) -> ColumnElement[bool]:
    return and_(table.product == other.product, table.region == other.region, table.run == other.run)


def _since_launch(*types: str) -> Select[Any]:
    """Return the rows of these types that the ledger has of the region since it launched."""
    return (
        select(ledger.c.type)
        .where(_same_run(ledger.c, _RECORD), ledger.c.version > _RECORD.version, ledger.c.type.in_(types))
        .correlate(launch_records)
    )


_IS_IN_LEDGER = (
    select(ledger.c.version)
    .where(_same_run(ledger.c, _RECORD), ledger.c.version == _RECORD.version, ledger.c.type == "region_launched")
    .correlate(launch_records)
    .exists()
)
_LAST_WORD = _since_launch(SUSPENDING, RESTORING).order_by(ledger.c.version.desc()).limit(1).scalar_subquery()
_ASKED = (
    select(
        _ROW.product,
        _ROW.region,
        _ROW.run,
        _ROW.is_latest,
        _ROW.core_version,
        cast(_ROW.state, Text).label("state"),
        _RECORD.version.label("launch_version"),
        _RECORD.decision_version,
        cast(_RECORD.permit, Text).label("permit"),
        _IS_IN_LEDGER.label("is_in_ledger"),
        _since_launch(REVOKING).exists().label("is_revoked"),
        _LAST_WORD.label("last_word"),
    )
    .select_from(region_launches)
    .outerjoin(launch_records, _same_run(_ROW, _RECORD))
)
_ONE = _ASKED.where(_ROW.product == bindparam("product"), _ROW.region == bindparam("region"))
_LATEST = _ONE.where(_ROW.is_latest)
_OF_RUN = _ONE.where(_ROW.run == bindparam("run"))
_IN_REGION = _ASKED.where(_ROW.region == bindparam("region"), _ROW.is_latest).order_by(_ROW.product)


def permit_in(tx: Connection, product: str, region: str, *, at: datetime) -> PermitFound | None:
    """Return how it stands with the permit of the latest run of `product` in `region`; None where was none."""
    row = tx.execute(_LATEST, {"product": product, "region": region}).first()
    return _found(row, at=at) if row is not None else None


def permit_of_run(tx: Connection, key: RegionKey, *, at: datetime) -> PermitFound | None:
    """Return how it stands with the permit of that very run; None where was none."""
    row = tx.execute(_OF_RUN, {"product": key.product, "region": key.region, "run": key.run}).first()
    return _found(row, at=at) if row is not None else None


def permits_in_region(tx: Connection, region: str, *, at: datetime) -> Iterator[PermitFound]:
    """Yield how it stands with every product that was ever to be launched in `region`, by product."""
    for row in tx.execute(_IN_REGION, {"region": region}):
        yield _found(row, at=at)


def standings_of(
    tx: Connection, places: Collection[tuple[str, str]], *, at: datetime
) -> dict[tuple[str, str], PermitStanding]:
    """Return whether the latest run of each product and region of `places` may be sold, by one query."""
    if not places:
        return {}
    asked = _ASKED.where(is_among((_ROW.product, _ROW.region), places), _ROW.is_latest)
    found = (_found(row, at=at) for row in tx.execute(asked))
    return {(each.key.product, each.key.region): standing_of(each.found) for each in found}


def launched_in(tx: Connection, product: str) -> tuple[str, ...]:
    """Return the regions in which the latest run of `product` has launched, in order."""
    chosen = select(_ROW.region).where(
        _ROW.product == product, _ROW.is_latest, _ROW.verdict == Verdict.LAUNCHED.value
    )
    return tuple(tx.execute(chosen.order_by(_ROW.region)).scalars())


def _found(row: Row[Any], *, at: datetime) -> PermitFound:
    key = RegionKey(product=row.product, region=row.region, run=row.run)
    try:
        region = _read(row.state)
        proof = _proof(row)
    except ValidationError:
        return PermitFound(key, _unreadable(key))
    if region.key != key:
        return PermitFound(key, _unreadable(key))
    return PermitFound(key, permit_of(region, proof, at=at, is_latest=row.is_latest, core_version=row.core_version))


@lru_cache(maxsize=_MOST_READ)
def _read(state: str) -> RegionLaunch:
    return RegionLaunch.model_validate_json(state)


@lru_cache(maxsize=_MOST_READ)
def _read_grant(permit: str) -> PermitGrant:
    return PermitGrant.model_validate_json(permit)


def _unreadable(key: RegionKey) -> NoPermit:
    """Somebody changed the row: what nobody can read, or what is another region's, permits nothing."""
    reason = f"What is kept of {key.product} in {key.region} cannot be read, which counts as no. Run `ltl doctor`."
    return NoPermit(standing=PermitStanding.UNKNOWN, reason=reason)


def _proof(row: Row[Any]) -> PermitProof | None:
    if row.launch_version is None:
        return None
    return PermitProof(
        grant=_read_grant(row.permit) if row.permit is not None else None,
        launch_version=row.launch_version,
        decision_version=row.decision_version,
        is_in_ledger=row.is_in_ledger,
        is_revoked=row.is_revoked,
        is_suspended=row.last_word == SUSPENDING,
    )

"""Does the row of a region launch tell what its ledger does?"""

# Rows are folded from the ledger and read without folding it again, so a row that somebody changed by hand would be
# believed. What rows say of a go or a launch is held against the ledger for all of them at once; each row in full is
# compared with the fold, some at a time.

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, Select, Text, and_, cast, func, or_, select, tuple_

from readiness.ball import Ball
from readiness.evidence import Figures
from readiness.keys import RegionKey
from readiness.region import RegionLaunch, Verdict
from readiness.rules import GOES, current_stage, decision_shown, due_at, fold, verdict_of
from store.ball import ball_of
from store.ledger import rows_after
from store.records_schema import launch_records, ledger, region_launches
from store.verdicts import is_told_truly

_COLUMNS = region_launches.c
_KEY = (_COLUMNS.product, _COLUMNS.region, _COLUMNS.run)
_GOES = tuple(sorted(choice.value for choice in GOES))

MOVES_A_DECISION = frozenset(
    {
        "decision_taken",
        "review_came",
        "region_held",
        "region_resumed",
        "region_rescheduled",
        "region_slipped",
        "go_revived",
        "region_cancelled",
    }
)
"""The types of events after which another decision stands than before, or none."""

_TOLD: Mapping[str, Callable[[RegionLaunch], Any]] = {
    "version": lambda region: region.version,
    "launch_run": lambda region: region.launch_run,
    "name": lambda region: region.plan.name,
    "product_name": lambda region: region.product_name,
    "time_zone": lambda region: region.plan.time_zone,
    "wave": lambda region: region.plan.wave,
    "tier": lambda region: region.tier,
    "owner": lambda region: region.owner,
    "launch_at": lambda region: region.launch_at,
    "stage": lambda region: current_stage(region).value,
    "verdict": lambda region: verdict_of(region).value,
    "started_at": lambda region: region.started_at,
    "ended_at": lambda region: region.ended_at,
}
"""The columns that hold nothing but what the ledger folds to, and how they follow from it."""


class Checked(NamedTuple):
    """One row held against its ledger."""

    key: RegionKey
    region: RegionLaunch
    """What the ledger folds to."""
    differing: tuple[str, ...]
    """The columns that tell something else; none where the row is true."""


def told(region: RegionLaunch) -> dict[str, Any]:
    """Return the columns that hold nothing but what `region` is."""
    return {name: follows(region) for name, follows in _TOLD.items()}


def check_row(tx: Connection, key: RegionKey, *, now: datetime) -> Checked | None:
    """Compare the row of `key` with the fold of its ledger; None where either is not there."""
    rows = rows_after(tx, key, 0)
    region = fold(key, None, rows)
    row = tx.execute(_as_text(key)).mappings().first()
    if region is None or row is None:
        return None
    newest = select(func.max(_COLUMNS.run)).filter_by(product=key.product, region=key.region)
    differing = list(_differing(row, region, newest=tx.execute(newest).scalar() or 0, now=now))
    if row["ball"] is not None and _read(row["ball"], Ball.model_validate) != ball_of(key, rows):
        differing.append("ball")
    return Checked(key, region, tuple(differing))


def keys_after(tx: Connection, key: RegionKey | None, *, limit: int | None) -> tuple[RegionKey, ...]:
    """Return the next region launches in key order behind `key`, whatever their rows tell; `limit` None for all."""
    chosen = select(*_KEY).order_by(*_KEY).limit(limit)
    if key is not None:
        chosen = chosen.where(tuple_(*_KEY) > tuple_(key.product, key.region, key.run))
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in tx.execute(chosen))


def unfounded(tx: Connection, *, limit: int = 200) -> tuple[RegionKey, ...]:
    """Return region launches of which a row says go or launched, and the ledger does not, by one query."""
    tells_launch = or_(_COLUMNS.verdict == Verdict.LAUNCHED.value, _COLUMNS.shown_verdict == Verdict.LAUNCHED.value)
    tells_go = or_(_COLUMNS.verdict.in_(_GOES), _COLUMNS.shown_verdict.in_(_GOES))
    wanted = or_(
        and_(tells_launch, ~_has_launch_record()),
        and_(tells_go, or_(func.coalesce(_standing_choice(), "").not_in(_GOES), _has_launch_record())),
        ~is_told_truly(),
    )
    rows = tx.execute(select(*_KEY).where(wanted).order_by(*_KEY).limit(limit))
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in rows)


def _as_text(key: RegionKey) -> Select[Any]:
    """Read every document as text: one that is none must not keep the row from being read."""
    columns = (
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in _COLUMNS
    )
    return select(*columns).filter_by(product=key.product, region=key.region, run=key.run)


def _same_run(table: Any) -> ColumnElement[bool]:
    return and_(table.product == _COLUMNS.product, table.region == _COLUMNS.region, table.run == _COLUMNS.run)


def _has_launch_record() -> ColumnElement[bool]:
    return select(launch_records.c.at).where(_same_run(launch_records.c)).correlate(region_launches).exists()


def _standing_choice() -> ColumnElement[str]:
    """What was chosen by the decision that the ledger leaves standing; NULL where none stands."""
    columns = ledger.c
    latest = (
        select(columns.event["choice"].as_string())
        .where(_same_run(columns), columns.type.in_(sorted(MOVES_A_DECISION)))
        .order_by(columns.version.desc())
        .limit(1)
        .correlate(region_launches)
    )
    return latest.scalar_subquery()


def _differing(row: Mapping[Any, Any], region: RegionLaunch, *, newest: int, now: datetime) -> Iterator[str]:
    for name, follows in _TOLD.items():
        if row[name] != follows(region):
            yield name
    if _read(row["state"], RegionLaunch.model_validate) != region:
        yield "state"
    shown = decision_shown(region)
    if _read(row["decision"], lambda found: found) != (shown.model_dump(mode="json") if shown is not None else None):
        yield "decision"
    if row["is_latest"] != (region.key.run == newest):
        yield "is_latest"
    if not _is_due(region, row["revisit_at"], now=now):
        yield "revisit_at"
    if not _may_show(row["shown_verdict"], region):
        yield "shown_verdict"
    if not _has_true_figures(row, now=now):
        yield "figures"


def _read(text: str | None, make: Callable[[Any], Any]) -> Any:
    """Return what `make` makes of a document, or the complaint about it, which equals nothing."""
    if text is None:
        return None
    try:
        return make(json.loads(text))
    except (ValueError, TypeError) as unreadable:
        return unreadable


def _is_due(region: RegionLaunch, moment: datetime | None, *, now: datetime) -> bool:
    """Say whether something of `region` was or is next due at `moment`, whenever somebody last looked."""
    if region.ending is not None or moment is None:
        return moment is None and due_at(region, now=now) is None
    return moment in {due_at(region, now=moment - timedelta.resolution), due_at(region, now=moment)}


def _may_show(shown: str, region: RegionLaunch) -> bool:
    """Say whether a row may show this verdict: the ledger's, or less where figures have moved on."""
    verdict = verdict_of(region)
    if region.ending is not None:
        return shown == verdict.value
    return shown in {verdict.value, Verdict.HELD.value} or (
        verdict is Verdict.READY and shown == Verdict.NOT_READY.value
    )


def _has_true_figures(row: Mapping[Any, Any], *, now: datetime) -> bool:
    """Say whether nothing speaks against the figures: they are counted anew each hour, unless they hide their age."""
    figures = _read(row["figures"], Figures.model_validate)
    gathered_at = row["figures_gathered_at"]
    if figures is None or gathered_at is None:
        return figures is None and gathered_at is None
    has_age = isinstance(figures, Figures) and figures.gathered_at == gathered_at and gathered_at <= now
    return has_age and row["figures_revision"] <= row["facts_revision"]

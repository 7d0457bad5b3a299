"""What does the region's row tell once its ledger or its figures moved on?"""

# Everything here is folded from the ledger and computed from the facts: it decides nothing, and can be made anew.

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from readiness.ball import Ball
from readiness.evidence import ContentEvidence, Evidence, Figures
from readiness.keys import RegionKey
from readiness.ledger import CORE_VERSION, RegionRow
from readiness.policy import Stage
from readiness.readiness import DecisionShown, Rag, Readiness
from readiness.region import RegionLaunch, Verdict
from readiness.role_values import RoleLost
from readiness.rules import (
    BEING_CHECKED,
    GOES,
    bearings,
    condition_shown,
    decision_shown,
    evaluate,
    standing_conditions,
    verdict_of,
    waiver_shown,
)
from store.access import RolesRead
from store.ball import ball_after, ball_of_ledger
from store.facts import AHEAD_AT_MOST
from store.regions import RegionRecord, insert_region, update_region
from store.texts import contents_of

UNCOUNTED = "Figures are being counted"
"""Said on the board until the figures for the region's present launch instant are there."""

FIRST_REVISION = 1
"""The revision of facts that a region launch begins with: ahead of its figures, so that it begins marked."""


def begin_row(tx: Connection, key: RegionKey, region: RegionLaunch, *, now: datetime) -> None:
    """Write the row of a region launch that begins."""
    columns = {
        **_folded(region, now=now),
        **_uncounted(region),
        "launch_run": region.launch_run,
        "name": region.plan.name,
        "product_name": region.product_name,
        "time_zone": region.plan.time_zone,
        "tier": region.tier,
        "started_at": region.started_at,
        "commands_logged": 0,
        "facts_revision": FIRST_REVISION,
        "looked_revision": 0,
        "facts_dated_until": now + AHEAD_AT_MOST,
        "ball": document_of(ball_of_ledger(tx, key)),
    }
    insert_region(tx, key, **columns)


def move_row(
    tx: Connection,
    record: RegionRecord,
    region: RegionLaunch,
    *,
    now: datetime,
    rows: Sequence[RegionRow] = (),
    seen: Figures | None = None,
) -> None:
    """Write what the held row tells once `rows` made its region launch `region`, as `moved_row` says it."""
    update_region(tx, record.key, **moved_row(tx, record, region, now=now, rows=rows, seen=seen))


def moved_row(
    tx: Connection,
    record: RegionRecord,
    region: RegionLaunch,
    *,
    now: datetime,
    rows: Sequence[RegionRow] = (),
    seen: Figures | None = None,
    looked: bool = False,
    contents: Sequence[ContentEvidence] | None = None,
    roles: RolesRead | None = None,
) -> dict[str, Any]:
    """Return what the held row tells once `rows` made its region launch `region`; `seen` are figures counted just
    before, `contents` what it would sign and `roles` how they were changed, where somebody has read that already.

    Where the figures at hand are for another launch instant, the region is marked so that they are counted anew.
    """
    columns = {**_folded(region, now=now), "lost_at": None}
    if rows or record.ball is None:
        columns["ball"] = document_of(ball_after(tx, record, rows))
    figures, revision = _newest(record, seen)
    if figures is not None and _is_for(region, figures):
        said = contents_of(tx, [region])[region.key] if contents is None else contents
        lost = (roles or RolesRead(tx)).lost_in([region])[region.key]
        readiness = readiness_of(region, figures, said, lost)
        counted = _as_counted(record, figures, revision)
        columns |= shown_by(readiness, counted, said, revision, facts_revision=record.facts_revision)
        if _since(counted) != region.stage(Stage.TRAINING).opened_at:
            # From now on it is asked since another moment how the audience changed. Counted anew behind this, whoever
            # acts or reads next need not count.
            columns["figures_steady_until"] = now
    else:
        columns |= _uncounted(region)
    if looked:
        columns["looked_at"] = now
        columns["looked_revision"] = max(record.looked_revision, seen.revision if seen is not None else 0)
    return columns


def readiness_of(
    region: RegionLaunch, figures: Figures, contents: Sequence[ContentEvidence], lost: tuple[RoleLost, ...]
) -> Readiness:
    """Return the readiness of `region` by these figures, judged at the instant that they were counted for."""
    evidence = Evidence(launch_at=region.launch_at, figures=figures, contents=tuple(contents), roles_lost=lost)
    return evaluate(region.policy, evidence, region, at=figures.at)


def shown_by(
    readiness: Readiness,
    figures: Figures,
    contents: Sequence[ContentEvidence],
    revision: int,
    *,
    facts_revision: int,
) -> dict[str, Any]:
    """Return the columns of the board by this readiness; a go on figures that facts have overtaken is not shown."""
    goes = {choice.value for choice in GOES}
    is_unchecked = readiness.verdict.value in goes and facts_revision > revision
    reasons = (BEING_CHECKED, *readiness.reasons)[: len(readiness.reasons) or 1]
    return {
        "figures": figures.model_dump(mode="json"),
        "figures_revision": revision,
        "contents": [content.model_dump(mode="json") for content in contents],
        "figures_gathered_at": figures.gathered_at,
        "figures_steady_until": figures.steady_until,
        "shown_verdict": Verdict.HELD.value if is_unchecked else readiness.verdict.value,
        "rag": readiness.rag.value,
        "index_tenths": round(readiness.index * 10),
        "coverage_hundredths": round(readiness.coverage * 100),
        "forecast_at": readiness.forecast_at,
        "reasons": list(reasons if is_unchecked else readiness.reasons),
        "blockers": [blocker.model_dump(mode="json") for blocker in readiness.blockers],
        "decision": document_of(readiness.decision),
    }


def _newest(record: RegionRecord, seen: Figures | None) -> tuple[Figures | None, int]:
    if seen is not None and seen.revision >= record.figures_revision:
        return seen, seen.revision
    return record.figures, record.figures_revision


def _as_counted(record: RegionRecord, figures: Figures, revision: int) -> Figures:
    """Return the figures of the row where `figures` only say that these still hold: a look counts nobody, so it must
    not put off the hourly counting."""
    if record.figures is None or revision != record.figures_revision:
        return figures
    is_taken = record.figures.as_of(figures.at, now=figures.gathered_at, since=_since(figures)) == figures
    return record.figures if is_taken else figures


def _since(figures: Figures) -> datetime | None:
    return figures.change.since if figures.change is not None else None


def _is_for(region: RegionLaunch, figures: Figures) -> bool:
    """Say whether these figures were counted for the present launch instant, or for a moment after it."""
    is_live = figures.at == figures.gathered_at and figures.at > region.launch_at
    return figures.at == region.launch_at or is_live


def _folded(region: RegionLaunch, *, now: datetime) -> dict[str, Any]:
    heading = bearings(region, now=now)
    return {
        "version": region.version,
        "core_version": CORE_VERSION,
        "state": region.model_dump(mode="json"),
        "owner": region.owner,
        "wave": region.plan.wave,
        "launch_at": region.launch_at,
        "stage": heading.stage.value,
        "verdict": heading.verdict.value,
        "ended_at": region.ended_at,
        "revisit_at": heading.due_at,
        "owes": heading.owes,
        "open_waivers": sum(waiver.is_open for waiver in region.waivers),
        "waivers": [
            waiver_shown(waiver, region.policy, at=region.launch_at).model_dump(mode="json")
            for waiver in region.waivers
        ],
        "conditions": [
            condition_shown(condition).model_dump(mode="json") for condition in standing_conditions(region)
        ],
    }


def _uncounted(region: RegionLaunch) -> dict[str, Any]:
    """Without figures nobody knows, and unknown counts as no: a go waits to be shown until it is checked."""
    verdict = verdict_of(region)
    is_go = verdict in {Verdict.GO, Verdict.CONDITIONAL_GO}
    return {
        "figures": None,
        "contents": None,
        "figures_revision": 0,
        "figures_gathered_at": None,
        "figures_steady_until": None,
        "shown_verdict": Verdict.HELD.value if is_go else verdict.value,
        "rag": Rag.GREY.value,
        "index_tenths": 0,
        "coverage_hundredths": 0,
        "forecast_at": None,
        "reasons": [BEING_CHECKED if is_go else UNCOUNTED],
        "blockers": [],
        "decision": document_of(decision_shown(region)),
    }


def document_of(value: DecisionShown | Ball | None) -> dict[str, Any] | None:
    """Return a value as its column holds it."""
    return value.model_dump(mode="json") if value is not None else None

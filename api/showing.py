"""How are records shown as answers?"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.answers import LaunchAnswer, RegionSummary
from api.rights import Regions
from readiness.impact import TierGrounds
from readiness.launch import Launch
from readiness.plan_document import plan_as_document
from store.board import board
from store.words import tier_reasons

MOST_REGIONS = 1_000
"""Regions of one product, over all its launches."""


def launch_answers(
    tx: Connection, launches: Iterable[Launch], allowed: Regions, *, now: datetime
) -> list[LaunchAnswer]:
    """Return those of `launches` of which a region is `allowed`, each with these regions."""
    found = list(launches)
    reasons = tier_reasons(tx, found)
    answers = (_launch_answer(tx, each, allowed, tier_reason=reasons.get(each.key), now=now) for each in found)
    return [answer for answer in answers if answer is not None]


def _launch_answer(
    tx: Connection, launch: Launch, allowed: Regions, *, tier_reason: str | None, now: datetime
) -> LaunchAnswer | None:
    planned = {region.region for region in launch.plan.regions}
    regions = tuple(
        RegionSummary(
            region=row.region,
            name=row.name,
            run=row.run,
            time_zone=row.time_zone,
            wave=row.wave,
            launch_at=row.launch_at.astimezone(ZoneInfo(row.time_zone)),
            stage=row.stage,
            verdict=row.verdict,
            rag=row.rag,
            as_of=row.as_of,
        )
        for row in board(
            tx,
            product=launch.key.product,
            within=None if allowed.everywhere else allowed.named,
            limit=MOST_REGIONS,
            now=now,
        )
        if row.region in planned
    )
    if not regions:
        return None
    plan = launch.plan
    grounds = plan.tier_grounds or TierGrounds()
    document = plan_as_document(plan)
    return LaunchAnswer(
        product=plan.product,
        name=plan.name,
        run=launch.key.run,
        tier=plan.tier,
        tier_proposed=grounds.proposed,
        tier_reason=tier_reason,
        impact=document.get("impact"),
        owner=plan.owner,
        started_at=launch.started_at,
        started_by=launch.started_by,
        ended_at=launch.ended_at,
        below_tier=plan.below_tier,
        courses=tuple(document["courses"]),
        assessment=document["assessment"],
        policy=document["policy"],
        regions=regions,
    )

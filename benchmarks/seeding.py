"""How is a store filled with launches, people and facts, many at once and the same ones for the same seed?"""

# Rows are written straight into the tables as the product would have left them: to drive 200 launches in 50 regions
# each through their workflows would take hours. Whatever a benchmark then reads, the product itself reads it.

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, Table, insert

from benchmarks.histories import SHARES, Come, History, history_of, logged
from benchmarks.learners import (
    COURSES,
    MOST_ATTEMPTS,
    PASS_MARK,
    VALID_DAYS,
    Row,
    add_audience,
    add_elsewhere,
    course_id,
    product_slug,
    proof_id,
    region_slug,
)
from readiness.commands import Role, StartLaunch
from readiness.content import Entry, Objection, ValueProposition, content_evidence, digest_of
from readiness.events import RegionLaunchStarted
from readiness.evidence import ContentEvidence
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import evolve_launch, propose_launch
from readiness.ledger import CORE_VERSION
from readiness.plan import Assessment, Course, LaunchPlan, RegionPlan
from readiness.policy import SIGNED_STAGES, TIERS, Policy, Stage
from readiness.rules import bearings
from store.alarms import scope_of
from store.ball import ball_of
from store.board import refresh_figures
from store.engine import Store
from store.projection import FIRST_REVISION, shown_by
from store.records_schema import commands, content_revisions, launches, ledger, region_launches, stage_digests
from store.requirements import require
from store.texts import PRODUCT_WIDE

SEED = 20270301
OWNER = "product-manager-1"
ZONES = ("Europe/Berlin", "Asia/Singapore", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
AHEAD = timedelta(days=60)
"""How long before their launch instant regions are that have not launched."""

Contents = tuple[ContentEvidence, ...]


class _Pattern(NamedTuple):
    """What stands in a mould for that which each region has of its own."""

    region: str
    name: str
    time_zone: str


PATTERN = _Pattern("region-zz", "Région zz", "Etc/Universal")


class _Document(str):
    """JSON text that stands for a document."""

    __slots__ = ()


class _Mould(NamedTuple):
    """The rows of a region launch, written for one region after the other: to judge each anew would take long."""

    region: Row
    events: list[Row]
    asked: list[Row]
    digests: list[Row]

    def cast(self, plan: RegionPlan, into: Mapping[Table, list[Row]]) -> None:
        """Add the rows of the region of this plan."""
        words = dict(zip(PATTERN, (plan.region, plan.name, plan.time_zone), strict=True))
        into[region_launches].append(_cast(self.region, words))
        into[ledger].extend(_cast(row, words) for row in self.events)
        into[commands].extend(_cast(row, words) for row in self.asked)
        into[stage_digests].extend(_cast(row, words) for row in self.digests)


@dataclass(frozen=True)
class Seeder:
    """Fills one store; nothing that it tells of happened after `now`."""

    store: Store
    now: datetime
    seed: int = SEED

    def launches(self, numbers: Iterable[int], *, regions: int) -> None:
        """Add the launch of each of these products in so many regions, which have come as far as is drawn.

        The first regions of the first product are still learning, so that they can be given people.
        """
        for number in numbers:
            with self.store.writing() as tx:
                self._launch(tx, number, regions)

    def people(self, product: int, region: int, count: int) -> None:
        """Add the audience of a region with what it did for a product, and let the region's figures be counted."""
        with self.store.writing() as tx:
            add_audience(tx, product, region, count, draw=self._draw(f"people/{region}"), now=self.now)
        self.settle()
        refresh_figures(self.store, [RegionKey(product=product_slug(product), region=region_slug(region), run=1)])

    def facts_elsewhere(self, product: int, numbers: range) -> None:
        """Add people with these numbers in regions that are not launched, with FACTS_EACH facts each."""
        with self.store.writing() as tx:
            add_elsewhere(tx, product, numbers, now=self.now)

    def settle(self) -> None:
        """Let PostgreSQL take stock of its tables now, as it does by itself within minutes."""
        if not self.store.is_sqlite:
            # The store's own connections wait for no statement as long as this one takes.
            url = self.store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(url, autocommit=True) as server:
                server.execute("VACUUM ANALYZE")

    def _draw(self, what: str) -> random.Random:
        """Return where the choices about one thing come from, so that they do not depend on what was made before."""
        return random.Random(f"{self.seed}/{what}")  # noqa: S311 - made-up people keep no secrets.

    # --- launches

    def _launch(self, tx: Connection, number: int, regions: int) -> None:
        draw = self._draw(f"launch/{number}")
        plan = self._plan(number, regions, draw)
        key = LaunchKey(product=plan.product, run=1)
        started_at = self.now - timedelta(days=100)
        contents = self._content(tx, number, plan, started_at)
        require(tx, plan.product, plan.courses, plan.assessment, plan.policy.training.functions)
        start = StartLaunch(
            command_id=f"start-{plan.product}",
            person=OWNER,
            role=Role.PRODUCT_MANAGER,
            logged_at=started_at,
            plan=plan,
        )
        proposal = propose_launch(key, None, start, open_regions=(), now=started_at)
        (event,) = proposal.events
        launch = evolve_launch(key, None, event)
        tx.execute(
            insert(launches).values(
                product=key.product,
                run=key.run,
                version=launch.version,
                name=plan.name,
                tier=plan.tier,
                owner=plan.owner,
                state=launch.model_dump(mode="json"),
                started_at=started_at,
            )
        )
        into: dict[Table, list[Row]] = {region_launches: [], stage_digests: []}
        into[ledger] = [_ledger_row(key, 1, event)]
        into[commands] = [logged(key, 1, start, version=1)]
        moulds: dict[Come, _Mould] = {}
        for opening, come in zip(proposal.openings, self._come(number, plan, draw), strict=True):
            if come not in moulds:
                moulds[come] = self._mould(opening, contents, come, draw)
            moulds[come].cast(opening.plan, into)
        for table, rows in into.items():
            if rows:
                tx.execute(insert(table), rows)

    def _come(self, number: int, plan: LaunchPlan, draw: random.Random) -> list[Come]:
        """Return how far each region has come; where it launched, its plan names an instant that has passed."""
        ahead = [come for come in SHARES if come is not Come.LAUNCHED]
        weights = [SHARES[come] for come in ahead]
        come = [
            Come.LAUNCHED if region.launch_at < self.now else draw.choices(ahead, weights)[0]
            for region in plan.regions
        ]
        return [Come.OBJECTIONS_SIGNED] * min(2, len(come)) + come[2:] if number == 0 else come

    def _plan(self, number: int, regions: int, draw: random.Random) -> LaunchPlan:
        product = product_slug(number)
        tier = number % 3 + 1
        planned = []
        for place in range(regions):
            has_launched = place > 1 and draw.randrange(100) < SHARES[Come.LAUNCHED]
            launch_at = self.now - timedelta(days=10) if has_launched else self.now + AHEAD
            planned.append(
                RegionPlan(
                    region=region_slug(place),
                    name=f"Région {place:02}",
                    time_zone=ZONES[place % len(ZONES)],
                    wave=place % 3 + 1,
                    launch_at=launch_at,
                    wall_clock=f"{launch_at:%Y-%m-%dT%H:%M}",
                )
            )
        return LaunchPlan(
            product=product,
            name=f"Product №{number}",
            tier=tier,
            owner=OWNER,
            regions=tuple(planned),
            courses=tuple(
                Course(course_id=course_id(number, place), title=f"Course {place} of {product}")
                for place in range(1, COURSES + 1)
            ),
            assessment=Assessment(
                assessment_id=proof_id(number),
                title=f"Proof of {product}",
                pass_mark=PASS_MARK,
                valid_days=VALID_DAYS,
                max_attempts=MOST_ATTEMPTS,
            ),
            policy=_unpolled(TIERS[tier]),
        )

    def _content(self, tx: Connection, number: int, plan: LaunchPlan, at: datetime) -> Contents:
        wide: dict[Stage, dict[str, Entry]] = {
            Stage.VALUE_PROPOSITIONS: {"all": ValueProposition(statement=f"Product {number} halves your close.")},
            Stage.OBJECTION_HANDLING: {
                f"objection-{rank}": Objection(
                    objection=f"Too much of {rank}?", answer=f"Not at all {rank}.", rank=rank
                )
                for rank in range(1, 6)
            },
        }
        rows = [
            {
                "product": plan.product,
                "stage": stage.value,
                "key": key,
                "region": PRODUCT_WIDE,
                "revision": 1,
                "digest": digest_of(entry),
                "body": entry.model_dump(mode="json", exclude_defaults=True),
                "material": True,
                "withdrawn": False,
                "person": "marketing-1",
                "at": at,
            }
            for stage, entries in wide.items()
            for key, entry in entries.items()
        ]
        tx.execute(insert(content_revisions), rows)
        return tuple(content_evidence(stage, wide[stage], plan.policy) for stage in SIGNED_STAGES)

    def _mould(self, opening: RegionLaunchStarted, contents: Contents, come: Come, draw: random.Random) -> _Mould:
        """Return what all regions of a product are written as that have come this far."""
        key = RegionKey(product=opening.product, region=PATTERN.region, run=1)
        plan = opening.plan.model_copy(update=PATTERN._asdict())
        told = history_of(key, opening.model_copy(update={"plan": plan}), contents, come, draw=draw, now=self.now)
        return _Mould(
            region=_mouldable(self._region_row(key, told, contents)),
            events=[_mouldable(_ledger_row(key, row.version, row.event)) for row in told.rows],
            asked=[
                _mouldable(logged(key, place, command, version=told.version_of(command)))
                for place, command in enumerate(told.asked, start=1)
            ],
            digests=[
                {**scope_of(key), "stage": content.stage.value, "sequence": 1, "digest": content.digest}
                | {"material": True, "at": opening.at}
                for content in contents
            ],
        )

    def _region_row(self, key: RegionKey, told: History, contents: Contents) -> Row:
        region = told.region
        heading = bearings(region, now=self.now)
        return {
            **scope_of(key),
            "is_latest": True,
            "launch_run": region.launch_run,
            "version": region.version,
            "core_version": CORE_VERSION,
            "state": region.model_dump(mode="json"),
            "name": region.plan.name,
            "product_name": region.product_name,
            "time_zone": region.plan.time_zone,
            "wave": region.plan.wave,
            "tier": region.tier,
            "owner": region.owner,
            "launch_at": region.launch_at,
            "stage": heading.stage.value,
            "verdict": heading.verdict.value,
            "started_at": region.started_at,
            "ended_at": region.ended_at,
            "revisit_at": heading.due_at,
            "commands_logged": len(told.asked),
            "facts_revision": FIRST_REVISION,
            "looked_revision": FIRST_REVISION,
            "looked_at": self.now,
            "ball": ball_of(key, told.rows).model_dump(mode="json"),
            **shown_by(told.readiness, told.figures, contents, FIRST_REVISION, facts_revision=FIRST_REVISION),
        }


def _ledger_row(key: LaunchKey | RegionKey, version: int, event: Any) -> Row:
    return {
        **scope_of(key),
        "version": version,
        "type": event.type,
        "at": event.at,
        "person": event.person,
        "command_id": event.command_id,
        "core_version": CORE_VERSION,
        "event": event.model_dump(mode="json"),
    }


def _mouldable(row: Row) -> Row:
    """Return `row` with its documents as text, in which words are quickly found."""
    return {
        name: _Document(json.dumps(value, ensure_ascii=False)) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }


def _cast(row: Row, words: Mapping[str, str]) -> Row:
    """Return `row`, of a mould, with these words in place of those of the pattern."""
    cast: Row = {}
    for name, value in row.items():
        if isinstance(value, str):
            said: str = value
            for pattern, word in words.items():
                said = said.replace(pattern, word)
            cast[name] = json.loads(said) if isinstance(value, _Document) else said
        else:
            cast[name] = value
    return cast


def _unpolled(policy: Policy) -> Policy:
    """A launch without a poll: what is measured is reading and counting, not voting."""
    alone = policy.go_no_go.model_copy(update={"polled": (), "votes_needed": 0})
    return policy.model_copy(update={"go_no_go": alone})

"""What is the least that anybody pays for the same rows: a query by the bare driver, and JSON by the library?"""

# Each query is the simplest that gives the same answer on what the benchmark has put into the store; it knows things
# about these rows that the product must find out, and it is prepared once, on one connection that stays open.

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import make_url

from api.cursors import PAGE_SIZE
from benchmarks.learners import COURSES, MOST_ATTEMPTS, PASS_MARK, VALID_DAYS, course_id, proof_id, region_slug
from benchmarks.serving import House
from store.types import to_microseconds, to_ten_thousandths

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Carries out one statement with its parameters, and returns every row."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCORE_SCALE = 10_000
VALID_SPAN_KEPT = VALID_DAYS * 86_400_000_000
"""How SQLite keeps scores, and how long a pass is valid in its microseconds."""

BOARD = """
    SELECT product, region, run, version, name, product_name, tier, wave, owner, stage, shown_verdict, rag,
        index_tenths, coverage_hundredths, launch_at, time_zone, forecast_at, figures_gathered_at, reasons, blockers,
        decision
    FROM region_launches WHERE is_latest ORDER BY product, region LIMIT ?
"""

_COURSES = ", ".join("?" * COURSES)

STANDING = f"""
    WITH members AS (
        SELECT roster.person_id, manager_id, territory FROM roster {{named}}
        WHERE region = ? AND function = 'sales' AND active = TRUE AND from_at <= ? AND until_at > ?
            AND roster.person_id > ? {{narrowed}}
        ORDER BY roster.person_id LIMIT {{members}}),
    firsts AS (
        SELECT members.person_id, members.manager_id, members.territory, done.course_id,
            MIN(done.completed_at) AS first_at
        FROM members LEFT JOIN completions done ON done.person_id = members.person_id
            AND done.course_id IN ({_COURSES}) AND done.current AND NOT done.void
        GROUP BY 1, 2, 3, 4),
    learners AS (
        SELECT person_id, manager_id, territory, COUNT(first_at) AS completed, {{listed}} AS listed,
            CASE WHEN COUNT(first_at) = {COURSES} THEN MAX(first_at) END AS trained_at
        FROM firsts GROUP BY 1, 2, 3),
    proofs AS (
        SELECT learners.person_id, COUNT(*) AS used, MAX(taken.score) AS best_score,
            MAX(CASE WHEN taken.score >= ? THEN taken.attempted_at END) AS last_pass_at
        FROM learners JOIN attempts taken ON taken.person_id = learners.person_id AND taken.assessment_id = ?
            AND taken.attempted_at >= learners.trained_at AND taken.current AND NOT taken.void
        GROUP BY 1),
    standing AS (
        SELECT learners.person_id, learners.manager_id, learners.territory, learners.listed, learners.trained_at,
            proofs.best_score, proofs.last_pass_at, COALESCE(proofs.used, 0) AS used,
            CASE
                WHEN proofs.last_pass_at > ? THEN 'certified'
                WHEN proofs.last_pass_at > ? THEN 'lapses'
                WHEN proofs.used >= {MOST_ATTEMPTS} THEN 'failed'
                WHEN learners.trained_at IS NOT NULL THEN 'trained'
                WHEN learners.completed > 0 THEN 'learning'
                ELSE 'not_started' END AS status
        FROM learners LEFT JOIN proofs ON proofs.person_id = learners.person_id)
"""

PEOPLE = f"""{STANDING}
    SELECT standing.person_id, people.name, manager_id, status, listed, trained_at, best_score, last_pass_at, used,
        territory, (
            SELECT MAX(completed_at) FROM completions done
            WHERE done.person_id = standing.person_id AND done.course_id IN ({_COURSES})
                AND done.current AND NOT done.void), (
            SELECT MAX(attempted_at) FROM attempts taken
            WHERE taken.person_id = standing.person_id AND taken.assessment_id = ?
                AND taken.current AND NOT taken.void)
    FROM standing JOIN people ON people.person_id = standing.person_id {{judged}}
    ORDER BY standing.person_id LIMIT ?
"""
"""Without a filter by what people have learned nobody is looked at who is not on the page; with one, everybody is."""

TOTALS = f"{STANDING} SELECT status, COUNT(*) FROM standing GROUP BY status"


class _Asked(NamedTuple):
    """Whose people are asked for, from whom on, and when that is judged."""

    product: int
    region: int
    launch_at: datetime
    now: datetime
    after: str

    @property
    def courses(self) -> list[str]:
        """The courses that the product asks for."""
        return [course_id(self.product, place) for place in range(1, COURSES + 1)]


class Bare:
    """Asks one database through nothing but its driver."""

    def __init__(self, ask: Ask, *, is_sqlite: bool) -> None:
        self._ask = ask
        self._is_sqlite = is_sqlite

    def board(self, limit: int) -> str:
        """Return the first rows of the board, as the API lists them."""
        items = [
            {
                "product": product,
                "region": region,
                "run": run,
                "version": version,
                "name": name,
                "product_name": product_name,
                "tier": tier,
                "wave": wave,
                "owner": owner,
                "stage": stage,
                "verdict": verdict,
                "rag": rag,
                "index": index / 10,
                "coverage": coverage / 100,
                "launch_at": self._moment(launch_at, ZoneInfo(time_zone)),
                "time_zone": time_zone,
                "forecast_at": self._moment(forecast_at),
                "as_of": self._moment(as_of),
                "reasons": self._document(reasons),
                "blockers": self._document(blockers),
                "decision": self._document(decision),
                "conditions": [],
                "waivers": [],
            }
            for (
                product,
                region,
                run,
                version,
                name,
                product_name,
                tier,
                wave,
                owner,
                stage,
                verdict,
                rag,
                index,
                coverage,
                launch_at,
                time_zone,
                forecast_at,
                as_of,
                reasons,
                blockers,
                decision,
            ) in self._ask(BOARD, (limit,))
        ]
        return json.dumps({"items": items})

    def people(
        self,
        product: int,
        region: int,
        *,
        launch_at: datetime,
        now: datetime,
        after: str = "",
        status: str | None = None,
        manager: str | None = None,
        territory: str | None = None,
        course: str | None = None,
        name: str | None = None,
        limit: int = PAGE_SIZE,
    ) -> str:
        """Return people of a region by their id, as the API lists them."""
        asked = _Asked(product, region, launch_at, now, after)
        placed = {
            "manager_id = ?": manager,
            "territory = ?": territory,
            "LOWER(people.name) LIKE ?": name and f"%{name}%",
        }
        narrowed = {text: value for text, value in placed.items() if value is not None}
        judged = {"status = ?": status, "(listed IS NULL OR listed NOT LIKE ?)": course and f"%{course}%"}
        learned = {text: value for text, value in judged.items() if value is not None}
        statement = self._spelt(
            PEOPLE,
            members="(SELECT COUNT(*) FROM roster)" if learned else str(limit),
            named="" if name is None else "JOIN people ON people.person_id = roster.person_id",
            narrowed=" ".join(f"AND {text}" for text in narrowed),
            judged=f"WHERE {' AND '.join(learned)}" if learned else "",
        )
        values = (
            *self._values(asked, narrowed.values()),
            *asked.courses,
            proof_id(product),
            *learned.values(),
            limit,
        )
        items = [
            {
                "person_id": person_id,
                "name": printed,
                "manager_id": manager_id,
                "status": found,
                "missing_courses": [each for each in asked.courses if each not in (listed or "").split()],
                "trained_at": self._moment(trained_at),
                "best_score": None if best is None else float(best) / (SCORE_SCALE if self._is_sqlite else 1),
                "certified_until": None
                if passed_at is None
                else self._moment(passed_at + (VALID_SPAN_KEPT if self._is_sqlite else timedelta(days=VALID_DAYS))),
                "attempts_left": MOST_ATTEMPTS - used,
                "territory": placed_in,
                "last_activity_at": self._moment(max(filter(None, (completed_at, attempted_at)), default=None)),
            }
            for (
                person_id,
                printed,
                manager_id,
                found,
                listed,
                trained_at,
                best,
                passed_at,
                used,
                placed_in,
                completed_at,
                attempted_at,
            ) in self._ask(statement, values)
        ]
        return json.dumps({"items": items})

    def totals(self, product: int, region: int, *, launch_at: datetime, now: datetime) -> str:
        """Return how many people of a region have come how far."""
        asked = _Asked(product, region, launch_at, now, after="")
        statement = self._spelt(TOTALS, members="(SELECT COUNT(*) FROM roster)", named="", narrowed="")
        return json.dumps(dict(self._ask(statement, self._values(asked, ()))))

    def _spelt(self, statement: str, **parts: str) -> str:
        return statement.format(
            listed=f"{'GROUP_CONCAT' if self._is_sqlite else 'STRING_AGG'}(course_id, ' ')", **parts
        )

    def _values(self, asked: "_Asked", narrowed: Iterable[object]) -> tuple[Any, ...]:
        valid = timedelta(days=VALID_DAYS)
        at, valid_from, valid_now_from = map(
            self._kept, (asked.launch_at, asked.launch_at - valid, asked.now - valid)
        )
        return (
            *(region_slug(asked.region), at, at, asked.after, *narrowed, *asked.courses),
            *(self._score(PASS_MARK), proof_id(asked.product), valid_from, valid_now_from),
        )

    def _kept(self, moment: datetime) -> Any:
        return to_microseconds(moment) if self._is_sqlite else moment

    def _score(self, score: Decimal) -> Any:
        return to_ten_thousandths(score) if self._is_sqlite else score

    def _moment(self, kept: Any, zone: ZoneInfo | None = None) -> str | None:
        if kept is None:
            return None
        moment: datetime = _EPOCH + timedelta(microseconds=kept) if self._is_sqlite else kept
        return moment.astimezone(zone or UTC).isoformat().replace("+00:00", "Z")

    def _document(self, kept: Any) -> Any:
        return json.loads(kept) if self._is_sqlite and kept is not None else kept


@contextmanager
def bare_sql(house: House) -> Iterator[Bare]:
    """Open the store of `house` through the bare driver."""
    if house.store.is_sqlite:
        file = sqlite3.connect(house.directory / "store.sqlite")
        try:
            yield Bare(lambda statement, values: file.execute(statement, values).fetchall(), is_sqlite=True)
        finally:
            file.close()
    else:
        url = make_url(house.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as server, server.cursor() as cursor:
            server.prepare_threshold = 0
            yield Bare(
                lambda statement, values: cursor.execute(statement.replace("?", "%s"), values).fetchall(),
                is_sqlite=False,
            )

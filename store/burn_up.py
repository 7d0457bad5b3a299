"""On which days did the people of regions become trained and certified?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, String, column, text

from readiness.keys import RegionKey
from readiness.rules import judged_instant
from store.figures import Question, questions_document
from store.figures_sql import dated_learners
from store.regions import RegionRecord
from store.requirements import requirements

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Progress:
    """The audience of a region as it is now, and how many of them became what on which day, oldest first."""

    audience: int = 0
    trained: tuple[tuple[date, int], ...] = ()
    certified: tuple[tuple[date, int], ...] = ()


def burn_up(tx: Connection, records: Sequence[RegionRecord], *, now: datetime) -> dict[RegionKey, Progress]:
    """Return how the audience of each region came to where it stands, by one query over the facts dated up to `now`.

    A person is trained on the day of the last required course, and certified on the day of the first counting pass if
    they hold one that is valid at the launch: so the last figures are those that the region is judged by.
    """
    if not records:
        return {}
    questions = [
        Question(
            product=record.key.product,
            region=record.key.region,
            at=judged_instant(record.region, now=now),
        )
        for record in records
    ]
    asked = requirements(tx, (question.product for question in questions))
    document = questions_document(tx, questions, asked, gathered_at=now)
    found: dict[int, dict[str, list[tuple[date, int]]]] = {n: {} for n in range(len(questions))}
    for n, what, day, people in tx.execute(_dated(tx.dialect.name), {"asked": document}):
        found[n].setdefault(what, []).append((_FIRST_DAY + timedelta(days=day), people))
    return {
        record.key: Progress(
            audience=sum(people for _, people in found[n].get("audience", ())),
            trained=tuple(sorted(found[n].get("trained", ()))),
            certified=tuple(sorted(found[n].get("certified", ()))),
        )
        for n, record in enumerate(records)
    }


@cache
def _dated(dialect: str) -> Any:
    return text(dated_learners(dialect)).columns(
        column("n", Integer), column("what", String), column("day", Integer), column("people", Integer)
    )

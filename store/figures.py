"""What do the facts say of many regions, each at its own instant?"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, column, text

from readiness.evidence import AudienceChange, Figures, pace_begins_at, pace_forgets_at
from readiness.people import Requirements, valid_until
from store.figures_sql import changed_audiences, counted_learners, next_moves
from store.requirements import requirements
from store.types import EVER, NEVER, UtcDateTime, to_microseconds, to_ten_thousandths


class Question(NamedTuple):
    """For which product and region figures are asked, at which instant, and at which revision of its facts."""

    product: str
    region: str
    at: datetime
    revision: int = 0
    since: datetime | None = None
    """When the stage opened: with it the answer says how the audience changed from what was known then."""
    dated_until: datetime | None = None
    """The latest moment that one of its facts may be dated; None: none is dated ahead of the gathering."""


def figures(
    tx: Connection, questions: Sequence[Question], *, gathered_at: datetime
) -> dict[tuple[str, str], Figures]:
    """Return the figures of each product and region that was asked about, all counted by one query.

    The answer is `readiness.people.count_figures` of the same facts. Changes of audiences take a second query, for
    the questions with `since` only. Where nothing is required for a product nobody is trained. Raises ValueError
    where a product and region is asked about twice.
    """
    if len({question[:2] for question in questions}) < len(questions):
        raise ValueError("a product and region is asked about once at a time")
    if not questions:
        return {}
    asked = requirements(tx, (question.product for question in questions))
    document = questions_document(tx, questions, asked, gathered_at=gathered_at)
    moves = _next_moves(tx, questions, asked, gathered_at=gathered_at)
    changes = _changes(tx, questions, asked, gathered_at=gathered_at)
    counted = {row.n: row._asdict() for row in tx.execute(_counting(tx.dialect.name), {"asked": document})}
    answers = {}
    for n, question in enumerate(questions):
        counts = counted.get(n, {"n": n, "audience": 0})
        del counts["n"]
        valid_days = asked[question.product].assessment.valid_days if question.product in asked else None
        first_lapse_at, first_valid_lapse_at = (
            valid_until(passed_at, valid_days) if passed_at else None
            for passed_at in (counts.pop("first_lapsing_pass_at", None), counts.pop("first_valid_pass_at", None))
        )
        recent = (counts.pop("first_recent_at", None), counts.pop("first_recent_pass_at", None))
        fading = [first_lapse_at, *(pace_forgets_at(moment) for moment in recent if moment is not None)]
        if question.at == gathered_at:
            fading += [first_valid_lapse_at, moves.get(n)]
        answers[question.product, question.region] = Figures(
            **counts,
            at=question.at,
            gathered_at=gathered_at,
            revision=question.revision,
            first_lapse_at=first_lapse_at,
            change=changes.get(n),
            steady_until=_steady_until(question, fading, gathered_at=gathered_at),
        )
    return answers


def _steady_until(question: Question, fading: Iterable[datetime | None], *, gathered_at: datetime) -> datetime | None:
    """Return when time alone may change the counts; None where that is as good as now."""
    is_past = question.at < gathered_at
    if is_past or (question.dated_until is not None and question.dated_until > gathered_at):
        return None
    return min((moment for moment in fading if moment is not None), default=NEVER)


# Each query is put together once: that takes longer than it takes to count a small region.
@cache
def _counting(dialect: str) -> Any:
    return text(counted_learners(dialect)).columns(
        *(column(name, Integer) for name in ("n", "audience", "started", "trained", "certified", "lapsing")),
        column("first_lapsing_pass_at", UtcDateTime),
        column("first_valid_pass_at", UtcDateTime),
        *(column(name, BigInteger) for name in ("completions", "completions_recent", "certified_recent")),
        column("first_recent_at", UtcDateTime),
        column("first_recent_pass_at", UtcDateTime),
        column("last_completion_at", UtcDateTime),
        column("last_attempt_at", UtcDateTime),
    )


@cache
def _moving(dialect: str) -> Any:
    return text(next_moves(dialect)).columns(column("n", Integer), column("moves_at", UtcDateTime))


@cache
def _changing(dialect: str) -> Any:
    return text(changed_audiences(dialect))


def questions_document(
    tx: Connection,
    questions: Sequence[Question],
    asked: Mapping[str, Requirements],
    *,
    gathered_at: datetime,
) -> str:
    """Return the questions as the JSON document that the queries begin with, numbered by their place."""
    sqlite = tx.dialect.name == "sqlite"

    def moment(at: datetime | None) -> int | str | None:
        if at is None:
            return None
        return to_microseconds(at) if sqlite else at.isoformat()

    def one(n: int, question: Question) -> dict[str, Any]:
        wanted = asked.get(question.product)
        entry: dict[str, Any] = {
            "n": n,
            "product": question.product,
            "region": question.region,
            "at": moment(question.at),
            "latest_at": moment(min(question.at, gathered_at)),
            "recent_at": moment(pace_begins_at(gathered_at)),
            "since": moment(question.since),
        }
        if wanted is not None:
            proof = wanted.assessment
            entry |= {
                "valid_from": moment(valid_from(question.at, proof.valid_days)),
                "valid_now_from": moment(valid_from(gathered_at, proof.valid_days)),
                "assessment_id": proof.assessment_id,
                "pass_mark": to_ten_thousandths(proof.pass_mark) if sqlite else str(proof.pass_mark),
                "max_attempts": proof.max_attempts,
                "required": len(wanted.courses),
            }
        return entry

    return json.dumps([one(n, question) for n, question in enumerate(questions)])


def valid_from(at: datetime, valid_days: int | None) -> datetime:
    """Return the moment after which a pass is still valid at `at`: then `at` comes before its end."""
    if valid_days is None or at - EVER < timedelta(days=valid_days):
        return EVER
    return at - timedelta(days=valid_days)


def _next_moves(
    tx: Connection,
    questions: Sequence[Question],
    asked: Mapping[str, Requirements],
    *,
    gathered_at: datetime,
) -> dict[int, datetime]:
    """Return when time alone changes the audience next, by the number of the question, for those asked as of now."""
    numbers = [n for n, question in enumerate(questions) if question.at == gathered_at]
    if not numbers:
        return {}
    document = questions_document(tx, [questions[n] for n in numbers], asked, gathered_at=gathered_at)
    return {numbers[row.n]: row.moves_at for row in tx.execute(_moving(tx.dialect.name), {"asked": document})}


def _changes(
    tx: Connection,
    questions: Sequence[Question],
    asked: Mapping[str, Requirements],
    *,
    gathered_at: datetime,
) -> dict[int, AudienceChange]:
    """Return how the audience changed, by the number of the question, for the questions that say since when."""
    numbers = [n for n, question in enumerate(questions) if question.since is not None]
    if not numbers:
        return {}
    chosen = [questions[n] for n in numbers]
    document = questions_document(tx, chosen, asked, gathered_at=gathered_at)
    return {
        numbers[row.n]: AudienceChange(
            joined=row.joined, left=row.gone - row.excluded, excluded=row.excluded, since=chosen[row.n].since
        )
        for row in tx.execute(_changing(tx.dialect.name), {"asked": document})
    }

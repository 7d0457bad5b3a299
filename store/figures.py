"""What do the facts say of many regions, each at its own instant?"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, column, text

from readiness.evidence import PACE_WINDOW, AudienceChange, Figures
from readiness.people import Requirements, valid_until
from store.figures_sql import changed_audiences, counted_learners
from store.requirements import requirements
from store.types import EVER, UtcDateTime, to_microseconds, to_ten_thousandths


class Question(NamedTuple):
    """For which product and region figures are asked, at which instant, and at which revision of its facts."""

    product: str
    region: str
    at: datetime
    revision: int = 0
    since: datetime | None = None
    """When the stage opened: with it the answer says how the audience changed from what was known then."""


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
    query = text(counted_learners(tx.dialect.name)).columns(
        *(column(name, Integer) for name in ("n", "audience", "started", "trained", "certified", "lapsing")),
        column("first_lapsing_pass_at", UtcDateTime),
        *(column(name, BigInteger) for name in ("completions", "completions_recent", "certified_recent")),
        column("last_completion_at", UtcDateTime),
        column("last_attempt_at", UtcDateTime),
    )
    changes = _changes(tx, questions, asked, gathered_at=gathered_at)
    counted = {row.n: row._asdict() for row in tx.execute(query, {"asked": document})}
    answers = {}
    for n, question in enumerate(questions):
        counts = counted.get(n, {"n": n, "audience": 0})
        del counts["n"]
        lapsing_pass_at = counts.pop("first_lapsing_pass_at", None)
        answers[question.product, question.region] = Figures(
            **counts,
            at=question.at,
            gathered_at=gathered_at,
            revision=question.revision,
            first_lapse_at=lapsing_pass_at
            and valid_until(lapsing_pass_at, asked[question.product].assessment.valid_days),
            change=changes.get(n),
        )
    return answers


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
            "recent_at": moment(gathered_at - PACE_WINDOW),
            "since": moment(question.since),
        }
        if wanted is not None:
            proof = wanted.assessment
            entry |= {
                "valid_from": moment(_valid_from(question.at, proof.valid_days)),
                "valid_now_from": moment(_valid_from(gathered_at, proof.valid_days)),
                "assessment_id": proof.assessment_id,
                "pass_mark": to_ten_thousandths(proof.pass_mark) if sqlite else str(proof.pass_mark),
                "max_attempts": proof.max_attempts,
                "required": len(wanted.courses),
            }
        return entry

    return json.dumps([one(n, question) for n, question in enumerate(questions)])


def _valid_from(at: datetime, valid_days: int | None) -> datetime:
    """Return the moment after which a pass is still valid at `at`: then `at` comes before its end."""
    if valid_days is None or at - EVER < timedelta(days=valid_days):
        return EVER
    return at - timedelta(days=valid_days)


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
    query = text(changed_audiences(tx.dialect.name))
    return {
        numbers[row.n]: AudienceChange(
            joined=row.joined, left=row.gone - row.excluded, excluded=row.excluded, since=chosen[row.n].since
        )
        for row in tx.execute(query, {"asked": document})
    }

"""What became of what was asked, and how is it told to whoever waits for it?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, func, select, update

from readiness.keys import RegionKey
from readiness.ledger import Outcome
from readiness.values import Frozen
from store.records_schema import commands
from store.regions import MOVE_ONE, update_region, which

OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
"""Reads an outcome as the log of commands keeps it."""

OUTCOMES = "ltl_outcomes"
"""The channel on which PostgreSQL tells of each outcome, as `OutcomeTold` in JSON, once that is committed."""

_LONGEST_NEWS = 7_500
"""Bytes of what PostgreSQL tells at once: it refuses 8,000."""

# What every act asks is put together once: building a statement takes longer than running it.
_OUTCOMES = select(commands.c.id, commands.c.outcome).where(
    commands.c.id.in_(bindparam("command_ids", expanding=True)), commands.c.settled_at.is_not(None)
)
_SETTLE_OPEN = update(commands).where(commands.c.id == bindparam("command_id"), commands.c.settled_at.is_(None))
_SETTLE_AND_TELL = _SETTLE_OPEN.returning(func.pg_notify(OUTCOMES, bindparam("told")))
_SETTLED = (
    _SETTLE_OPEN.values(
        outcome=bindparam("of_outcome", type_=commands.c.outcome.type),
        settled_at=bindparam("was_settled_at", type_=commands.c.settled_at.type),
    )
    .returning(func.pg_notify(OUTCOMES, bindparam("told")).label("told"))
    .cte("settled")
)
_MOVE_AND_SETTLE = MOVE_ONE.where(select(_SETTLED.c.told).exists())
"""Both at once: one trip to PostgreSQL. SQLite writes nothing within a statement that writes."""


class OutcomeTold(Frozen):
    """What PostgreSQL tells of a command that got its outcome; None where that is too long to tell."""

    command_id: str
    outcome: Outcome | None


def outcome_of(tx: Connection, command_id: str) -> Outcome | None:
    """Return what became of a command; None while it is open or where the log has no such command."""
    kept = tx.execute(select(commands.c.outcome).where(commands.c.id == command_id)).scalar()
    return OUTCOME.validate_python(kept) if kept is not None else None


def outcomes_of(tx: Connection, command_ids: Iterable[str]) -> dict[str, Outcome]:
    """Return what became of those of the commands that are open no more, by id."""
    found = tx.execute(_OUTCOMES, {"command_ids": sorted(set(command_ids))})
    return {command_id: OUTCOME.validate_python(outcome) for command_id, outcome in found}


def outcome_told(news: str) -> OutcomeTold | None:
    """Return what PostgreSQL told on `OUTCOMES`; None where another version of ours said it in its own way."""
    try:
        return OutcomeTold.model_validate_json(news)
    except ValidationError:
        return None


def record_outcome(tx: Connection, command_id: str, outcome: Outcome, *, now: datetime) -> None:
    """Write what became of a command, once and for good."""
    settled = {"command_id": command_id, "outcome": outcome.model_dump(mode="json"), "settled_at": now}
    settling = _SETTLE_AND_TELL if tx.dialect.name == "postgresql" else _SETTLE_OPEN
    told = {} if settling is _SETTLE_OPEN else {"told": _news_of(command_id, outcome)}
    if tx.execute(settling, {**settled, **told}).rowcount != 1:
        raise ValueError(f"command {command_id} has an outcome already")


def settle_and_move(
    tx: Connection, key: RegionKey, command_id: str, outcome: Outcome, columns: Mapping[str, Any], *, now: datetime
) -> None:
    """Write what became of a command, once and for good, and what the held row of its region tells by that."""
    if tx.dialect.name != "postgresql":
        record_outcome(tx, command_id, outcome, now=now)
        update_region(tx, key, **columns)
        return
    settled = {
        "command_id": command_id,
        "of_outcome": outcome.model_dump(mode="json"),
        "was_settled_at": now,
        "told": _news_of(command_id, outcome),
    }
    if tx.execute(_MOVE_AND_SETTLE, {**columns, **which(key), **settled}).rowcount != 1:
        raise ValueError(f"command {command_id} has an outcome already")


def _news_of(command_id: str, outcome: Outcome) -> str:
    news = OutcomeTold(command_id=command_id, outcome=outcome).model_dump_json()
    if len(news.encode()) <= _LONGEST_NEWS:
        return news
    return OutcomeTold(command_id=command_id, outcome=None).model_dump_json()

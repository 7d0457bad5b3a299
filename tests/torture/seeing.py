"""What is to be seen in the database of an act, once what differs from try to try is left out?"""

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from store.alarms import standing_alarms
from store.facts_schema import (
    attempts,
    audience,
    completions,
    fact_imports,
    people,
    roster,
    staged_audience,
    staged_people,
)
from store.import_schema import import_errors, imports
from store.records_schema import (
    commands,
    content_revisions,
    launch_records,
    launches,
    ledger,
    outbox,
    region_launches,
    stage_digests,
)

_BY_PRODUCT: Mapping[Table, tuple[str, ...]] = {
    commands: (
        "region",
        "run",
        "sequence",
        "kind",
        "person",
        "role",
        "idempotency_key",
        "body",
        "command",
        "outcome",
    ),
    ledger: ("region", "run", "version", "type", "person", "core_version", "event"),
    launch_records: ("region", "run", "version", "decision_version", "readiness"),
    outbox: ("region", "run", "version", "type"),
    content_revisions: ("stage", "key", "region", "revision", "body", "material", "withdrawn", "person"),
    stage_digests: ("region", "run", "stage", "sequence", "material"),
    launches: ("run", "version", "name", "owner", "state"),
    region_launches: (
        *("region", "run", "is_latest", "version", "state", "commands_logged", "stage", "verdict", "shown_verdict"),
        *("rag", "index_tenths", "coverage_hundredths", "reasons", "blockers", "decision"),
    ),
}
"""What is seen of each table that is about products; moments are left out."""

_COUNTED = ("audience", "started", "trained", "certified", "completions")

_BY_PERSON: Mapping[Table, tuple[str, ...]] = {
    people: ("person_id", "name", "email"),
    roster: ("person_id", "place", "function", "region", "active"),
    audience: ("product", "region", "person_id", "place", "active"),
    completions: ("person_id", "course_id", "score", "void", "current"),
    attempts: ("person_id", "assessment_id", "score", "void", "current"),
}

_IMPORTED = (
    *("kind", "size", "state", "rows_total", "staged", "rows_read", "accepted", "unchanged", "rejected", "unknown"),
    *("next_chunk", "reported", "code", "line"),
)

_DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"), "MOMENT"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "DIGEST"),
    (re.compile(r'"key-\d+"'), '"KEY"'),
    (re.compile(r"field-[0-9a-f]{12}"), "HEARD"),
    (re.compile(r"(people|audience|completions|attempts)-[0-9a-f]{24}-\d+"), "IMPORT"),
)


def alike(document: Any, tag: str) -> Any:
    """Return a document without moments, ids and digests, in which the act's own names are the same for all."""
    text = json.dumps(document, default=str, sort_keys=True).replace(tag, "TAG").replace(tag.upper(), "TAG")
    for pattern, name in _DIFFERS:
        text = pattern.sub(name, text)
    return json.loads(text)


def seen(tx: Connection, tag: str, digits: str) -> dict[str, Any]:
    """Return everything that the database tells of what has `tag` in its name, and of a file with these digits."""
    found: dict[str, Any] = {}
    for table, names in _BY_PRODUCT.items():
        chosen = select(*(table.c[name] for name in names)).where(table.c.product == tag)
        found[table.name] = _rows(tx, chosen)
    for table, names in _BY_PERSON.items():
        chosen = select(*(table.c[name] for name in names)).where(table.c.person_id.startswith(tag))
        found[table.name] = _rows(tx, chosen)
    counted = select(region_launches.c.figures).where(region_launches.c.product == tag)
    figures = tx.execute(counted.order_by(region_launches.c.region)).scalars()
    found["figures"] = [{name: each[name] for name in _COUNTED} if each else None for each in figures]
    found |= _imported(tx, digits)
    found["alarms"] = [alarm for alarm in standing_alarms(tx) if alarm.product == tag]
    return {name: alike(rows, tag) for name, rows in found.items()}


def _imported(tx: Connection, digits: str) -> dict[str, Any]:
    """Return what became of the file whose digest begins with these digits."""
    chosen = select(imports.c.id, *(imports.c[name] for name in _IMPORTED)).where(imports.c.id.contains(digits))
    rows = _rows(tx, chosen)
    ids = [row["id"] for row in rows]
    found = select(import_errors.c.number, import_errors.c.line, import_errors.c.code)
    begun = select(fact_imports.c.kind, fact_imports.c.finished)
    staged = [select(func.count()).where(table.c.import_id.in_(ids)) for table in (staged_people, staged_audience)]
    return {
        "imports": rows,
        "import_errors": _rows(tx, found.where(import_errors.c.import_id.in_(ids))),
        "fact_imports": _rows(tx, begun.where(fact_imports.c.import_id.in_(ids))),
        "staged": [tx.execute(count).scalar_one() for count in staged],
    }


def _rows(tx: Connection, chosen: Select[Any]) -> list[dict[str, Any]]:
    """Return rows in an order that does not depend on when they were written."""
    return sorted((dict(row) for row in tx.execute(chosen).mappings()), key=str)

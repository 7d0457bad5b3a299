"""Which rows of which tables are evidence, and what does the audit record say of each?"""

# One declaration per kind of row is all that a table needs to be sealed, guarded, verified and exported: its triggers
# (`store/guards.py`) and its entries follow from it. A member without a value is left out of the entry, so a column
# that is added later changes no entry that is sealed already.

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ColumnElement, DateTime, String, Table, cast, type_coerce

from store.access_schema import api_keys, denials, role_changes, turned_away
from store.import_schema import imports
from store.records_schema import (
    commands,
    content_revisions,
    decision_records,
    launch_records,
    ledger,
    stage_digests,
)
from store.types import UtcDateTime

_quoted = json.encoder.encode_basestring  # As JSON, not only in ASCII.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what is added to it is in UTC, and the zone is written by hand.


@dataclass(frozen=True)
class Source:
    """One kind of row: `members` names what its entry says, and the column that says it where that differs.

    A row is sealed as it is written; one with `settled_by` once that column has a value. Of a row that is `whole` no
    column ever changes; of others those columns that are sealed, from then on.
    """

    name: str
    table: Table
    members: Mapping[str, str]
    at: str
    settled_by: str | None = None
    whole: bool = True
    key: tuple[str, ...] = field(default=())

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        """The columns by which a row is known: those of the primary key unless said."""
        return self.key or tuple(column.name for column in self.table.primary_key.columns)

    @cached_property
    def key_types(self) -> tuple[bool, ...]:
        """For each column of the key, whether it is text."""
        return tuple(isinstance(self.table.c[name].type, String) for name in self.key_columns)

    @cached_property
    def _readers(self) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
        return tuple((name, _reader(self.table.c[column].type)) for name, column in self.members.items())

    def columns(self, *, is_sqlite: bool) -> list[ColumnElement[Any]]:
        """Return what is selected of a row, as near to how the database keeps it as can be."""
        return [_raw(self.table.c[column], is_sqlite=is_sqlite).label(column) for column in self.members.values()]

    def entry(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the entry of a row whose columns came in the order of `columns`; raises ValueError, TypeError."""
        return {
            name: value if read is None else read(value)
            for (name, read), value in zip(self._readers, values, strict=False)
            if value is not None
        }

    @cached_property
    def _writers(self) -> tuple[tuple[int, str, Callable[[Any], str]], ...]:
        places = {name: at for at, name in enumerate(self.members)}
        kinds = {name: self.table.c[column].type for name, column in self.members.items()}
        return tuple((places[name], f'"{name}":', _writer(kinds[name])) for name in sorted(self.members))

    def likely_bytes(self, values: Sequence[Any]) -> bytes:
        """Return the canonical JSON of a row's entry, if its documents are kept in canonical form: then in a fraction
        of the time. Where they are not it is other bytes, whose digest is nobody's. Raises as `entry`.
        """
        written = [name + write(value) for at, name, write in self._writers if (value := values[at]) is not None]
        return f"{{{','.join(written)}}}".encode()


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_REGION = ("product", "region", "run")

SOURCES: tuple[Source, ...] = (
    Source(
        "commands",
        commands,
        {
            **_same("id", *_REGION, "sequence", "kind", "person", "role", "idempotency_key", "body", "body_digest"),
            **{"command": "command", "digest": "command_digest", "at": "logged_at"},
            **_same("name_digest", "on_behalf_of", "request_id", "address", "token_id", "authenticated_at"),
        },
        at="logged_at",
        whole=False,
    ),
    Source(
        "outcomes",
        commands,
        {**_same("id", *_REGION, "kind", "person", "role", "outcome"), "at": "settled_at"},
        at="settled_at",
        settled_by="settled_at",
        whole=False,
    ),
    Source(
        "ledger",
        ledger,
        {**_same(*_REGION, "version", "at", "person", "command_id", "core_version", "event"), "kind": "type"},
        at="at",
    ),
    Source(
        "denials",
        denials,
        {
            **_same("id", "at", "person", "token_id", "product", "region", "method", "path", "request_id", "address"),
            **_same("on_behalf_of"),
            "kind": "action",
        },
        at="at",
    ),
    Source(
        "turned_away",
        turned_away,
        {
            **_same("id", "at", "person", "on_behalf_of", "token_id", "authenticated_at", "role", "product"),
            **_same(
                "region", "method", "route", "status", "problem", "faults", "fault_count", "request_id", "address"
            ),
            **{"kind": "action", "digest": "body_digest"},
        },
        at="at",
    ),
    Source(
        "role_changes",
        role_changes,
        {
            **_same("id", "at", "person", "role", "region", "effective_at", "by", "reason", "idempotency_key"),
            **{"kind": "change", "digest": "body_digest"},
        },
        at="at",
    ),
    Source(
        "api_keys",
        api_keys,
        {
            **_same("id", "name", "grants", "expires_at", "idempotency_key"),
            **{"person": "created_by", "at": "created_at", "digest": "body_digest"},
        },
        at="created_at",
        whole=False,
    ),
    Source(
        "api_key_ends",
        api_keys,
        {"id": "id", "person": "revoked_by", "at": "revoked_at"},
        at="revoked_at",
        settled_by="revoked_at",
        whole=False,
    ),
    Source(
        "launch_records",
        launch_records,
        {
            **_same(*_REGION, "at", "launch_at", "version", "decision_version", "readiness", "permit"),
            "digest": "readiness_digest",
        },
        at="at",
    ),
    Source(
        "decision_records",
        decision_records,
        _same(*_REGION, "version", "at", "document", "digest"),
        at="at",
    ),
    Source(
        "content_revisions",
        content_revisions,
        _same(
            *("product", "stage", "key", "region", "revision", "digest", "body", "material", "withdrawn"),
            *("person", "at"),
        ),
        at="at",
    ),
    Source(
        "stage_digests",
        stage_digests,
        _same(*_REGION, "stage", "sequence", "digest", "material", "at"),
        at="at",
    ),
    Source(
        "imports",
        imports,
        {
            **_same("seq", "id", "kind", "digest", "file_name", "size", "on_behalf_of"),
            **{"person": "uploaded_by", "at": "created_at"},
        },
        at="created_at",
        whole=False,
    ),
    Source(
        "import_outcomes",
        imports,
        {
            **_same("id", "kind", "state", "rows_total", "rows_read", "accepted", "unchanged", "rejected", "unknown"),
            **_same("code", "reason", "line"),
            "at": "finished_at",
        },
        at="finished_at",
        settled_by="finished_at",
        whole=False,
    ),
)
"""Every kind of evidence. Add one here and it is guarded, sealed, verified and exported."""

SOURCE_OF: dict[str, Source] = {source.name: source for source in SOURCES}


def _raw(column: Any, *, is_sqlite: bool) -> ColumnElement[Any]:
    if isinstance(column.type, JSON):
        return type_coerce(column, String) if is_sqlite else cast(column, String)
    if isinstance(column.type, UtcDateTime):
        return type_coerce(column, BigInteger() if is_sqlite else DateTime(timezone=True))
    if isinstance(column.type, Boolean) and is_sqlite:
        return type_coerce(column, BigInteger())
    return column  # type: ignore[no-any-return]  # A column of any table.


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, JSON):
        return _document
    if isinstance(kind, UtcDateTime):
        return moment_text
    return _truth if isinstance(kind, Boolean) else None


def moment_text(moment: Any) -> str:
    """Return a moment as entries write it, to the microsecond in UTC, from how either database keeps it."""
    if isinstance(moment, int):
        return (_EPOCH + timedelta(microseconds=moment)).isoformat(timespec="microseconds") + "Z"
    return str(moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")) + "Z"


def _fraction(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


_parsed = json.JSONDecoder(parse_float=_fraction).decode


def _document(text: str) -> Any:
    return _parsed(text)


def _writer(kind: Any) -> Callable[[Any], str]:
    if isinstance(kind, JSON):
        return str
    if isinstance(kind, UtcDateTime):
        return lambda moment: f'"{moment_text(moment)}"'
    if isinstance(kind, Boolean):
        return lambda value: "true" if _truth(value) else "false"
    return _quoted if isinstance(kind, String) else _whole


def _whole(value: Any) -> str:
    if type(value) is int:
        return int.__repr__(value)
    raise ValueError(f"{value!r} is no whole number")


def _truth(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError(f"{value!r} is neither true nor false")

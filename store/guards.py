"""Which triggers keep evidence as it was written, and have it sealed?"""

# They follow from the declarations in `store/sources.py` and are made after each migration, so that a new source is
# guarded by being declared. What a source held before it was declared waits to be sealed from then on.

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, Table, UniqueConstraint, text

from store.records_schema import printed_names
from store.seal_schema import checkpoints, seals, verifications
from store.sources import SOURCES, Source

_KEPT_FOR_GOOD = (seals, checkpoints, verifications)
"""Tables of the record itself; `printed_names` may only be removed from, to erase a name."""


def guard(tx: Connection) -> None:
    """Make the triggers of every source that are not there, and put in line what is not sealed; idempotent."""
    is_sqlite = tx.dialect.name == "sqlite"
    statements = _on_sqlite() if is_sqlite else _on_postgresql()
    known = _triggers(tx, is_sqlite=is_sqlite)
    for name, statement in statements:
        if name not in known:
            tx.execute(text(statement))
    for source in SOURCES:
        if f"{source.name}_is_sealed" not in known:
            settled = f" WHERE {source.settled_by} IS NOT NULL" if source.settled_by else ""
            key = key_sql(source, is_sqlite=is_sqlite)
            tx.execute(
                text(
                    f"INSERT INTO unsealed (source, key) SELECT '{source.name}', {key} "
                    f"FROM {source.table.name}{settled} ORDER BY {source.at}"
                )
            )


def unguard(tx: Connection) -> None:
    """Take every trigger away, as somebody with rights over the database could: for tests of what is then found."""
    is_sqlite = tx.dialect.name == "sqlite"
    for name, table in _triggers(tx, is_sqlite=is_sqlite).items():
        tx.execute(text(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {table}"))


def key_sql(source: Source, *, is_sqlite: bool, of: str = "") -> str:
    """Return the SQL of a row's key as seals write it, the JSON array of its key columns; `of` qualifies them."""
    names = [f"{of}{name}" for name in source.key_columns]
    if is_sqlite:
        return f"json_array({', '.join(names)})"
    return "'[' || " + " || ',' || ".join(f"to_json({name})::text" for name in names) + " || ']'"


def _triggers(tx: Connection, *, is_sqlite: bool) -> dict[str, str]:
    found = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if is_sqlite
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal"
    )
    return {row[0]: row[1] for row in tx.execute(text(found))}


def _guards(
    keep: Callable[[Table], Iterator[tuple[str, str]]],
    freeze: Callable[[str, Table, str], Iterator[tuple[str, str]]],
    queue: Callable[[Source], tuple[str, str]],
    differs: str,
) -> Iterator[tuple[str, str]]:
    """Yield the name and the statement of every trigger, made as this database writes them."""
    whole = dict.fromkeys((*(source.table for source in SOURCES if source.whole), *_KEPT_FOR_GOOD))
    partly = dict.fromkeys(source.table for source in SOURCES if not source.whole)
    for table in (*whole, *partly):
        yield from keep(table)
    for table in whole:
        yield from freeze(f"{table.name}_keeps_update", table, "TRUE")
    yield from freeze("printed_names_keeps_update", printed_names, "TRUE")
    for source in SOURCES:
        if not source.whole:
            changed = " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in source.members.values())
            after = f"OLD.{source.settled_by} IS NOT NULL AND " if source.settled_by else ""
            yield from freeze(f"{source.name}_keeps_sealed", source.table, f"{after}({changed})")
        yield queue(source)
    unsettled = "(NEW.outcome IS NULL) <> (NEW.settled_at IS NULL)"
    yield from freeze("commands_settle_whole", SOURCES[0].table, unsettled)


def _on_sqlite() -> Iterator[tuple[str, str]]:
    def refusal(table: Table) -> str:
        return f"BEGIN SELECT RAISE(ABORT, '{table.name} is only added to'); END"

    def keep(table: Table) -> Iterator[tuple[str, str]]:
        name = table.name
        delete = "commands_keep_delete" if name == "commands" else f"{name}_keeps_delete"
        yield delete, f"CREATE TRIGGER {delete} BEFORE DELETE ON {name} {refusal(table)}"
        key = _same([column.name for column in table.primary_key.columns])
        yield (
            f"{name}_keeps_replace",
            (
                f"CREATE TRIGGER {name}_keeps_replace BEFORE INSERT ON {name} "
                f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {key}) {refusal(table)}"
            ),
        )
        # Another key of the same row removes it just as well. Commands are written with ON CONFLICT DO NOTHING, which
        # is to go on doing nothing.
        refused = "BEGIN SELECT RAISE(IGNORE); END" if name == "commands" else refusal(table)
        for number, unique in enumerate(_uniques(table)):
            yield (
                f"{name}_keeps_twin{number}",
                (
                    f"CREATE TRIGGER {name}_keeps_twin{number} BEFORE INSERT ON {name} "
                    f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {_same(unique)} AND NOT ({key})) {refused}"
                ),
            )

    def freeze(name: str, table: Table, when: str) -> Iterator[tuple[str, str]]:
        yield name, f"CREATE TRIGGER {name} BEFORE UPDATE ON {table.name} WHEN {when} {refusal(table)}"

    def queue(source: Source) -> tuple[str, str]:
        name, table = f"{source.name}_is_sealed", source.table.name
        when = "AFTER INSERT"
        condition = ""
        if source.settled_by:
            when = f"AFTER UPDATE OF {source.settled_by}"
            condition = f"WHEN OLD.{source.settled_by} IS NULL AND NEW.{source.settled_by} IS NOT NULL "
        key = key_sql(source, is_sqlite=True, of="NEW.")
        return name, (
            f"CREATE TRIGGER {name} {when} ON {table} {condition}"
            f"BEGIN INSERT INTO unsealed (source, key) VALUES ('{source.name}', {key}); END"
        )

    yield from _guards(keep, freeze, queue, "IS NOT")
    same = _same([column.name for column in printed_names.primary_key.columns])
    yield (
        "printed_names_keeps_replace",
        (
            "CREATE TRIGGER printed_names_keeps_replace BEFORE INSERT ON printed_names "
            f"WHEN EXISTS (SELECT 1 FROM printed_names WHERE {same}) {refusal(printed_names)}"
        ),
    )


def _on_postgresql() -> Iterator[tuple[str, str]]:
    def keep(table: Table) -> Iterator[tuple[str, str]]:
        name = table.name
        delete = "commands_keep_delete" if name == "commands" else f"{name}_keeps_delete"
        yield (
            delete,
            (f"CREATE TRIGGER {delete} BEFORE DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION refuse_change()"),
        )
        yield (
            f"{name}_keeps_all",
            (
                f"CREATE TRIGGER {name}_keeps_all BEFORE TRUNCATE ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ),
        )

    def freeze(name: str, table: Table, when: str) -> Iterator[tuple[str, str]]:
        yield (
            name,
            (
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {table.name} FOR EACH ROW WHEN ({when}) "
                "EXECUTE FUNCTION refuse_change()"
            ),
        )

    def queue(source: Source) -> tuple[str, str]:
        name = f"{source.name}_is_sealed"
        when = "AFTER INSERT"
        condition = ""
        if source.settled_by:
            when = f"AFTER UPDATE OF {source.settled_by}"
            condition = f"WHEN (OLD.{source.settled_by} IS NULL AND NEW.{source.settled_by} IS NOT NULL) "
        return name, (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO unsealed (source, key) VALUES ('{source.name}', "
            f"{key_sql(source, is_sqlite=False, of='NEW.')}); RETURN NULL; END $$; "
            f"CREATE TRIGGER {name} {when} ON {source.table.name} FOR EACH ROW {condition}"
            f"EXECUTE FUNCTION {name}()"
        )

    yield from _guards(keep, freeze, queue, "IS DISTINCT FROM")


def _same(columns: Sequence[str]) -> str:
    return " AND ".join(f"{name} = NEW.{name}" for name in columns)


def _uniques(table: Table) -> list[list[str]]:
    found = [[c.name for c in each.columns] for each in table.constraints if isinstance(each, UniqueConstraint)]
    return sorted(found)

"""Which rows of cells does a bulk file hold, whatever its format?"""

from collections.abc import Iterator
from pathlib import Path

from activities.import_csv import csv_lumps
from activities.import_lines import FileRefused, ImportLimits, Lump, first_character
from activities.import_ndjson import ndjson_lumps
from readiness.rows import COLUMNS, ImportKind


def lumps(path: Path, kind: ImportKind, *, limits: ImportLimits) -> Iterator[Lump]:
    """Yield the rows of the CSV or NDJSON file at `path`; raises FileRefused as soon as it is not what it claims."""
    with path.open("rb") as file:
        first = first_character(file, limits)
        if first == b"[":
            raise FileRefused(
                "not-ndjson", "this is a JSON array; NDJSON has one object a line and nothing around them"
            )
        take_apart = ndjson_lumps if first == b"{" else csv_lumps
        room = limits.rows
        for lump in take_apart(file, COLUMNS[kind], limits):
            if len(lump.lines) > room:
                reason = f"more than {limits.rows} rows; split the file"
                raise FileRefused("too-many-rows", reason, lump.lines[room])
            room -= len(lump.lines)
            yield lump

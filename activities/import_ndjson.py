"""How is an NDJSON file taken apart into columns of cells?"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from activities.import_lines import (
    Block,
    Cells,
    Fault,
    FileRefused,
    ImportLimits,
    Lump,
    Record,
    blocks_of,
    lumped,
    missing_columns,
    shown,
    unknown_column,
)
from readiness.rows import REJECTED_BECAUSE, Columns


def ndjson_lumps(file: BinaryIO, columns: Columns, limits: ImportLimits) -> Iterator[Lump]:
    """Yield the rows of an NDJSON file; raises FileRefused as soon as it is not what it claims."""
    return lumped(_rows(file, columns, limits), width=len(columns.required) + len(columns.optional))


def _rows(file: BinaryIO, columns: Columns, limits: ImportLimits) -> Iterator[Record]:
    known = (*columns.required, *columns.optional)
    named = frozenset(known)
    missing = set(columns.required)
    # Numbers stay the text that was written, so that they are judged as in a CSV file and nothing is rounded.
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)
    first: int | None = None
    lines = chain.from_iterable(map(Block.lines, blocks_of(file, limits)))
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            value = decoder.decode(text)
        except _NameTwiceError as error:
            yield number, Fault(None, "name-twice", f"the name {shown(error.name)} is there twice")
            continue
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            if first is None:
                raise FileRefused(
                    "not-ndjson", "the line is not one JSON object; NDJSON has one object a line", number
                )
            yield number, Fault(None, "not-json", "the line is not one JSON object")
            continue
        first = first or number
        value.pop(REJECTED_BECAUSE, None)
        if not named.issuperset(value):
            raise unknown_column(next(name for name in value if name not in named), known, number)
        if missing:
            missing -= value.keys()
        yield number, _cells(value, known)
    if missing:
        raise missing_columns([name for name in columns.required if name in missing], first or 1)


class _NameTwiceError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NameTwiceError(next(name for name in names if names.count(name) > 1))
    return value


def _cells(value: dict[str, Any], known: tuple[str, ...]) -> Cells | Fault:
    cells = []
    for name in known:
        cell = value.get(name, "")
        if not isinstance(cell, str):
            if isinstance(cell, dict | list):
                return Fault(name, "not-a-value", "a list or an object cannot stand here")
            cell = "" if cell is None else str(cell).lower()
        cells.append(cell)
    return tuple(cells)

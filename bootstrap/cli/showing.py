"""How is what the API answers shown to people?"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

_WIDTH_OF_A_FILE = 160
"""Columns where nobody looks at a terminal: rows stay on one line for `grep`."""

COLOURS = {"red": "red", "amber": "yellow", "green": "green", "grey": "bright_black"}
SIGNS = {"red": "✗", "amber": "!", "green": "✓", "grey": "·"}
"""A colour is never shown by colour alone."""


def console(*, stderr: bool = False) -> Console:
    """Return where people read, as wide as their terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _WIDTH_OF_A_FILE)


def as_json(document: Any) -> None:
    """Print a document of the API for programs."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def plain(value: Any) -> str:
    """Return `value` as text that cannot steer a terminal; times lose their T, lists become words."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {plain(item)}" for name, item in value.items())
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"} else "\ufffd"
        for character in str(value)
    )


def moment(value: str | None) -> str:
    """Return an instant of the API to the minute, with its offset: `2027-03-01 09:00 +01:00`."""
    if not value:
        return "-"
    from datetime import datetime

    try:
        to_the_minute = datetime.fromisoformat(value).isoformat(" ", "minutes")
    except ValueError:
        return plain(value)
    return f"{to_the_minute[:16]} {to_the_minute[16:]}".rstrip()


def words(value: str | None) -> str:
    """Return a name such as `not_ready` as words."""
    return plain(value).replace("_", " ")


def share(value: float | None) -> str:
    """Return a share as a percentage that is cut, never rounded up."""
    if value is None:
        return "-"
    tenths = int(value * 1000 + 1e-9)
    return f"{tenths // 10}.{tenths % 10} %"


def rag(value: str | None) -> Text:
    """Return a colour as a sign with its name, in that colour."""
    return Text(f"{SIGNS.get(value or '', '?')} {plain(value)}", style=COLOURS.get(value or "", ""))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """Return a table under its title; whatever is not yet text is made plain."""
    shown = Table(header_style="bold")
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    # As the table's own title it would be folded to the table's width.
    return Group(Text(title, style="bold"), shown)


def line(text: str, *, style: str = "") -> None:
    """Print one line as it is."""
    console().print(Text(plain(text), style=style), soft_wrap=True)

"""What does a person read when a command could not be carried out?"""

import json
import sqlite3
import sys
from typing import Any

from bootstrap.api_client import NoAnswer, Refused
from bootstrap.cli import showing
from bootstrap.cli.door import NotRunning, TokenMissing
from bootstrap.cli.supply import PlanUnreadable
from bootstrap.keys import KeyFileUnusable
from bootstrap.settings import Settings

REFUSED = 1
MISUSED = 2


def told(error: Exception, *, as_json: bool) -> int | None:
    """Tell the person of `error` and return the exit status; None where it is one of ours to mend."""
    if isinstance(error, Refused):
        if as_json:
            print(json.dumps(error.problem, indent=2, ensure_ascii=False))
        else:
            refusal(error.problem)
        return REFUSED
    if isinstance(error, PlanUnreadable):
        return _said(error, MISUSED)
    if isinstance(error, NotRunning | TokenMissing | NoAnswer | KeyFileUnusable | sqlite3.OperationalError):
        return _said(error, REFUSED)
    return _told_of_the_machine(error)


def refusal(problem: dict[str, Any]) -> None:
    """Print a problem as sentences, and whatever it lists (faults, unmet criteria) as tables."""
    out = showing.console(stderr=True)
    title = showing.plain(problem.get("title") or "The server refused.")
    detail = showing.plain(problem.get("detail") or "")
    out.print(f"✗ {title}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    if detail and detail != title:
        out.print(f"  {detail}", markup=False, highlight=False, soft_wrap=True)
    for name, member in problem.items():
        if isinstance(member, list) and member and all(isinstance(item, dict) for item in member):
            columns = list(dict.fromkeys(key for item in member for key in item))
            out.print(
                showing.table(name.replace("_", " ").capitalize(), columns, [list(item.values()) for item in member])
            )
        elif isinstance(member, list) and member:
            listed = ", ".join(showing.plain(item) for item in member)
            out.print(f"  {name.replace('_', ' ')}: {listed}", markup=False, highlight=False, soft_wrap=True)


def _told_of_the_machine(error: Exception) -> int | None:
    from pydantic import ValidationError

    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        for fault in error.errors():
            where = ".".join(str(step) for step in fault["loc"])
            print(f"The setting {where} cannot be used: {fault['msg']}", file=sys.stderr)
        return MISUSED
    # Only a command that used the database has these loaded.
    engine, upgrade = sys.modules.get("store.engine"), sys.modules.get("store.upgrade")
    known = tuple(
        kind
        for module, name in ((engine, "StoreAway"), (upgrade, "SchemaIsNewer"))
        if module is not None and isinstance(kind := getattr(module, name), type)
    )
    return _said(error, REFUSED) if isinstance(error, known) else None


def _said(error: Exception, status: int) -> int:
    print(error, file=sys.stderr)
    return status

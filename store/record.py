"""What does the audit record show to whom, entry by entry?"""

# Names and meanings stand beside the sealed entry: a name may be erased, and then only its digest is left.

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from readiness.meanings import meaning_of
from store.records_schema import commands, ledger, printed_names
from store.seals import Seal, entries_of, seals_after, seals_before, seals_of_act
from store.sources import moment_text

LOOKED_AT_ONCE = 500
MOST_LOOKED_AT = 20_000
"""Seals that one page looks through at most: what comes of a narrow filter is asked for again from there."""

_OF_ACTS = frozenset({"commands", "outcomes", "ledger"})

WITHHELD = "The poll is open: ballots are told once it has closed."


class PrintedName(NamedTuple):
    """A name as it was printed, and the salt of its digest in the entry; None for an older one."""

    name: str
    salt: str | None


class Shown(NamedTuple):
    """One entry as it is shown: what is sealed, and beside it the printed name and what a signature meant.

    `entry` is None where it cannot be read, or may not be yet: then `withheld` says why.
    """

    seal: Seal
    entry: dict[str, Any] | None
    printed: PrintedName | None
    meaning: str | None
    withheld: str | None = None

    @property
    def said(self) -> dict[str, Any]:
        """The entry, empty where there is none."""
        return self.entry or {}

    @property
    def reason(self) -> str | None:
        """Why, in the words of who asked or of what refused."""
        body, outcome = self.said.get("body"), self.said.get("outcome")
        if isinstance(body, dict) and isinstance(body.get("reason"), str):
            return str(body["reason"])
        if isinstance(outcome, dict) and isinstance(outcome.get("refusal"), dict):
            return str(outcome["refusal"].get("detail", "")) or None
        return self.said.get("reason") if isinstance(self.said.get("reason"), str) else None

    @property
    def act(self) -> str | None:
        """The id of the command that it belongs to; None where it belongs to none, or is withheld."""
        return _command_of(self.seal.source, self.said) or None if self.seal.source in _OF_ACTS else None

    @property
    def outcome(self) -> str | None:
        """`accepted`, `refused` or `denied` at the door; None where the entry is no answer."""
        if self.seal.source == "denials":
            return "denied"
        if self.seal.source == "turned_away":
            return "refused"
        outcome = self.said.get("outcome")
        return str(outcome.get("kind")) if isinstance(outcome, dict) else None

    @property
    def refusal(self) -> str | None:
        """The kind of the refusal, `gates-not-met` for instance."""
        if self.seal.source == "turned_away":
            return str(self.said.get("problem"))
        outcome = self.said.get("outcome")
        refusal = outcome.get("refusal") if isinstance(outcome, dict) else None
        if isinstance(refusal, dict):
            return str(refusal.get("kind"))
        return "not-allowed" if self.seal.source == "denials" else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; what is None asks for nothing. `within` are the regions that may be seen."""

    product: str | None = None
    region: str | None = None
    person: str | None = None
    kind: str | None = None
    kinds: frozenset[str] | None = None
    """Of several kinds that belong to one word; each counts."""
    choice: str | None = None
    """What was decided, such as `go`, of a decision that says so itself."""
    since: str | None = None
    within: tuple[str, ...] | None = None

    @property
    def is_everything(self) -> bool:
        """Say whether no entry is left out."""
        return self == Wanted()

    def takes(self, entry: dict[str, Any] | None) -> bool:
        """Say whether the entry is asked for, and may be seen."""
        if entry is None:
            return self.is_everything
        if self.within is not None and entry.get("region") not in self.within:
            return False
        if self.since is not None and str(entry.get("at", "")) < self.since:
            return False
        if self.kinds is not None and entry.get("kind") not in self.kinds:
            return False
        if self.choice is not None and self.choice != _choice(entry):
            return False
        asked = (("product", self.product), ("region", self.region), ("person", self.person), ("kind", self.kind))
        return all(value is None or entry.get(name) == value for name, value in asked)


def shown_after(tx: Connection, position: int, wanted: Wanted, *, limit: int) -> tuple[list[Shown], int | None]:
    """Return up to `limit` entries behind `position`, and behind which position more may be; None at the end."""
    shown: list[Shown] = []
    for batch in _batches(tx, position):
        for each in _shown(tx, batch, wanted):
            shown.append(each)
            if len(shown) == limit:
                return shown, each.seal.position
        last = batch[-1].position
        if last - position >= MOST_LOOKED_AT:
            return shown, last
    return shown, None


def shown_before(tx: Connection, position: int, wanted: Wanted, *, limit: int) -> tuple[list[Shown], int | None]:
    """Return up to `limit` entries before `position`, the newest first, and before which more may be; None at the
    beginning."""
    shown: list[Shown] = []
    begun = position
    while batch := seals_before(tx, position, limit=LOOKED_AT_ONCE):
        for each in _shown(tx, batch, wanted):
            shown.append(each)
            if len(shown) == limit:
                return shown, each.seal.position if each.seal.position > 1 else None
        position = batch[-1].position
        if begun - position >= MOST_LOOKED_AT:
            return shown, position
    return shown, None


def shown_of_act(tx: Connection, command_id: str, wanted: Wanted) -> list[Shown]:
    """Return every entry of one act that is wanted, in order."""
    return list(_shown(tx, seals_of_act(tx, command_id), wanted))


def batch_after(tx: Connection, position: int, until: int, wanted: Wanted) -> tuple[list[Shown], int | None]:
    """Return what is wanted of the next seals up to `until`, and the last that was looked at; None behind the end."""
    batch = [seal for seal in seals_after(tx, position, limit=LOOKED_AT_ONCE) if seal.position <= until]
    return (list(_shown(tx, batch, wanted)), batch[-1].position) if batch else ([], None)


def _batches(tx: Connection, position: int) -> Iterator[list[Seal]]:
    while batch := seals_after(tx, position, limit=LOOKED_AT_ONCE):
        yield batch
        position = batch[-1].position


def _shown(tx: Connection, batch: Sequence[Seal], wanted: Wanted) -> Iterator[Shown]:
    found = {(source, key): entry for source, key, entry in entries_of(tx, [(s.source, s.key) for s in batch])}
    chosen = [(seal, found.get((seal.source, seal.key))) for seal in batch]
    chosen = [(seal, entry) for seal, entry in chosen if wanted.takes(entry)]
    names = _printed(tx, [entry for _, entry in chosen if entry is not None])
    for seal, entry in chosen:
        if entry is not None and seal.source == "commands" and _is_sealed_ballot(tx, entry):
            yield Shown(seal, None, None, None, WITHHELD)
            continue
        said = entry or {}
        meaning = meaning_of(str(said.get("kind")), said.get("body")) if seal.source == "commands" else None
        yield Shown(seal, entry, names.get(_command_of(seal.source, said)), meaning)


def _choice(entry: dict[str, Any]) -> str | None:
    """Return what a decision decided, in the wish for it or in what happened by it."""
    for name in ("command", "event"):
        said = entry.get(name)
        if isinstance(said, dict) and isinstance(said.get("choice"), str):
            return str(said["choice"])
    return None


def _command_of(source: str, entry: dict[str, Any]) -> str:
    return str(entry.get("id" if source in ("commands", "outcomes") else "command_id", ""))


def _printed(tx: Connection, entries: Sequence[dict[str, Any]]) -> dict[str, PrintedName]:
    ids = {str(entry[name]) for entry in entries for name in ("id", "command_id") if name in entry}
    if not ids:
        return {}
    rows = tx.execute(select(printed_names).where(printed_names.c.command_id.in_(sorted(ids))))
    return {row.command_id: PrintedName(row.name, row.salt) for row in rows}


def _is_sealed_ballot(tx: Connection, entry: dict[str, Any]) -> bool:
    """Say whether the entry is a ballot of a poll that has not closed."""
    if entry.get("kind") != "cast_ballot":
        return False
    logged = tx.execute(select(commands.c.logged_at).where(commands.c.id == entry["id"])).scalar()
    closed = select(ledger.c.version).where(
        ledger.c.product == entry.get("product"),
        ledger.c.region == entry.get("region"),
        ledger.c.run == entry.get("run"),
        ledger.c.type == "poll_closed",
        ledger.c.at >= logged,
    )
    return logged is None or tx.execute(closed.limit(1)).first() is None


__all__ = [
    "PrintedName",
    "Shown",
    "Wanted",
    "batch_after",
    "moment_text",
    "shown_after",
    "shown_before",
    "shown_of_act",
]

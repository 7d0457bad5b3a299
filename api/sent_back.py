"""In whose words, and why, were the texts sent back that are to be written anew?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from api.identity import Actor
from api.rights import Action, can
from readiness.asks import Ask
from readiness.keys import RegionKey
from readiness.readiness import Blocker
from readiness.region import Signature
from store.board import records_of
from store.commands import LoggedCommand, logged_all, reason_under
from store.names import names_of
from templates.pages import SaidBack


@dataclass(frozen=True, slots=True)
class SentBack:
    """The notes by which texts were sent back, with the words and the names under them."""

    notes: Mapping[RegionKey, tuple[Signature, ...]]
    said: Mapping[str, LoggedCommand]
    names: Mapping[str, str]

    def under(self, key: RegionKey, blocker: Blocker) -> tuple[SaidBack, ...]:
        """Return the last words of each function that sent back what `blocker` asks to be written anew."""
        of_stage = [
            note
            for note in self.notes.get(key, ())
            if note.stage is blocker.stage and note.function in blocker.sent_back_by
        ]
        latest = {note.function: note for note in of_stage}.values()
        return tuple(
            SaidBack(who=self.names.get(note.person, note.person), at=note.at, text=reason)
            for note in latest
            if (reason := reason_under(self.said, note.command_id)) is not None
        )


NOTHING_SENT_BACK = SentBack({}, {}, {})
"""Where nobody sent anything back."""


def sent_back(tx: Connection, actor: Actor, waits: Iterable[tuple[RegionKey, Blocker]]) -> SentBack:
    """Return what was said where texts are to be written anew and `actor` may read who did what; at most three
    queries, none where no text is."""
    keys = {key for key, blocker in waits if blocker.ask is Ask.WRITE_ANEW}
    readable = [key for key in keys if can(actor, Action.READ_TIMELINE, key.region)]
    if not readable:
        return NOTHING_SENT_BACK
    notes = {record.key: record.region.sent_back for record in records_of(tx, readable)}
    said = logged_all(tx, (note.command_id for each in notes.values() for note in each if note.command_id))
    return SentBack(notes, said, names_of(tx, {note.person for each in notes.values() for note in each}))

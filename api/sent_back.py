"""In whose words, and why, were the texts sent back that are to be written anew?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from api.identity import Actor
from api.rights import Action, can
from readiness.asks import Ask
from readiness.keys import RegionKey
from readiness.policy import Function
from readiness.readiness import Blocker
from readiness.region import RegionLaunch, Signature
from store.board import records_of
from store.commands import LoggedCommand, logged_all, reason_under
from store.names import names_of
from templates.pages import SaidBack


@dataclass(frozen=True, slots=True)
class SentBack:
    """The regions in which texts were sent back, with the words and the names under that."""

    regions: Mapping[RegionKey, RegionLaunch]
    said: Mapping[str, LoggedCommand]
    names: Mapping[str, str]

    def under(self, key: RegionKey, blocker: Blocker) -> tuple[SaidBack, ...]:
        """Return the last words of each function that sent back what `blocker` asks to be written anew."""
        return tuple(
            SaidBack(who=self.names.get(note.person, note.person), at=note.at, text=reason)
            for note in self._latest(key, blocker)
            if (reason := reason_under(self.said, note.command_id)) is not None
        )

    def people_under(self, key: RegionKey, blocker: Blocker) -> frozenset[str]:
        """Return who spoke last for the functions that sent back what `blocker` asks to be written anew."""
        return frozenset(note.person for note in self._latest(key, blocker))

    def signers_under(self, key: RegionKey, blocker: Blocker) -> tuple[Function, ...]:
        """Return who signs what `blocker` asks to be written anew; empty where that is not for the reader."""
        region = self.regions.get(key)
        return region.policy.signers_of(blocker.stage) if region is not None else ()

    def _notes(self, key: RegionKey) -> tuple[Signature, ...]:
        region = self.regions.get(key)
        return region.sent_back if region is not None else ()

    def _latest(self, key: RegionKey, blocker: Blocker) -> tuple[Signature, ...]:
        of_stage = [
            note for note in self._notes(key) if note.stage is blocker.stage and note.function in blocker.sent_back_by
        ]
        return tuple({note.function: note for note in of_stage}.values())


NOTHING_SENT_BACK = SentBack({}, {}, {})
"""Where nobody sent anything back."""


def sent_back(tx: Connection, actor: Actor, waits: Iterable[tuple[RegionKey, Blocker]]) -> SentBack:
    """Return what was said where texts are to be written anew and `actor` may read who did what; at most three
    queries, none where no text is."""
    keys = {key for key, blocker in waits if blocker.ask is Ask.WRITE_ANEW}
    readable = [key for key in keys if can(actor, Action.READ_TIMELINE, key.region)]
    if not readable:
        return NOTHING_SENT_BACK
    regions = {record.key: record.region for record in records_of(tx, readable)}
    notes = [note for region in regions.values() for note in region.sent_back]
    said = logged_all(tx, (note.command_id for note in notes if note.command_id))
    return SentBack(regions, said, names_of(tx, {note.person for note in notes}))

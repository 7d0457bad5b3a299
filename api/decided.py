"""What does a cell of a small board tell of the decision that stands, as far as the reader may know it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from api.decision_seen import command_of, readiness_of_record, record_address
from api.dependencies import Dependencies
from api.identity import Actor
from api.rights import Action, can
from api.speakers import names_known
from api.tasks import key_of
from readiness.commands import Stance
from readiness.keys import RegionKey
from readiness.readiness import PEOPLE_CRITERIA
from readiness.roles import grant_behind
from store.access import RecordedChange, RolesRead
from store.board import BoardRow
from store.commands import LoggedCommand, logged_all, reason_under
from store.decision_records import DecisionRecord, kept_all
from templates.pages import Counted, Decided, Proof, act_address, region_address


@dataclass(frozen=True, slots=True)
class DecisionsRead:
    """What was read of the decisions that stand."""

    names: Mapping[str, str]
    records: Mapping[RegionKey, DecisionRecord]
    """What they were taken on, where the reader may read what happened."""
    commands: Mapping[RegionKey, str]
    """By which command each was taken, where the reader may read the audit record."""
    wishes: Mapping[str, LoggedCommand]
    """Those commands, by id."""
    grants: Mapping[str, RecordedChange]
    """By which grant made here each command had its right, by id; what came with a sign-in is not among them."""

    def of(self, row: BoardRow) -> Decided | None:
        """Return the decision that stands in the region of `row`; None where none does."""
        decision, record = row.decision, self.records.get(key_of(row))
        if decision is None:
            return None
        then = readiness_of_record(record) if record is not None else None
        required = {each.key: each.required for each in then.criteria} if then is not None else {}
        seats = then.poll.seats if then is not None and then.poll is not None else ()
        votes = tuple((seat.function, seat.position) for seat in seats if seat.position is not None)
        proof = self._proof(row, record) if record is not None else None
        return Decided(
            choice=decision.verdict,
            by=self._named(decision.person),
            at=decision.at,
            counted=tuple(
                Counted(each.key, each.numerator, each.denominator, required.get(each.key))
                for each in decision.judged
                if each.key in PEOPLE_CRITERIA
            ),
            votes=votes if proof is not None else tuple(vote for vote in votes if vote[1] is not Stance.AGREE),
            seen_address=f"{region_address(row.product, row.region)}#seen" if record is not None else None,
            proof=proof,
        )

    def _proof(self, row: BoardRow, record: DecisionRecord) -> Proof | None:
        wish = self.wishes.get(self.commands.get(key_of(row), ""))
        if wish is None:
            return None
        grant = self.grants.get(wish.id)
        return Proof(
            right=wish.role,
            granted_by=self._named(grant.by) if grant is not None else None,
            granted_at=grant.at if grant is not None else None,
            reason=reason_under(self.wishes, wish.id),
            act_address=act_address(wish.id),
            record_address=record_address(row.product, row.region, record.version),
            digest=record.digest,
        )

    def _named(self, person: str) -> str:
        return self.names.get(person, person)


def decisions_read(tx: Connection, deps: Dependencies, actor: Actor, rows: Sequence[BoardRow]) -> DecisionsRead:
    """Read what is told of the decisions that stand in these few regions; a fixed number of queries."""
    decided = {key_of(row): row.decision for row in rows if row.decision is not None}
    versions = {key: each.version for key, each in decided.items() if can(actor, Action.READ_TIMELINE, key.region)}
    records = kept_all(tx, versions)
    commands = {
        key: command
        for key, record in records.items()
        if can(actor, Action.READ_LEDGER, key.region) and (command := command_of(record)) is not None
    }
    wishes = logged_all(tx, commands.values())
    regions = {command: key.region for key, command in commands.items()}
    changes = RolesRead(tx).of(wish.person for wish in wishes.values())
    grants = {
        id_: grant for id_, wish in wishes.items() if (grant := _grant(changes, wish, regions[id_])) is not None
    }
    people = {*(each.person for each in decided.values()), *(grant.by for grant in grants.values())}
    return DecisionsRead(names_known(tx, deps, people), records, commands, wishes, grants)


def _grant(changes: Sequence[RecordedChange], wish: LoggedCommand, region: str) -> RecordedChange | None:
    own = [change for change in changes if change.person == wish.person]
    return grant_behind(own, wish.role, region, at=wish.logged_at)

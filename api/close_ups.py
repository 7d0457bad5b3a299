"""What does a cell of the board tell where there are so few that each is read from close by?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from api.decision_seen import command_of, readiness_of_record
from api.dependencies import Dependencies
from api.identity import Actor
from api.rights import Action, can
from api.speakers import Speakers, speakers
from api.tasks import key_of
from readiness.commands import Stance
from readiness.keys import RegionKey
from readiness.permit import PermitStanding
from readiness.policy import Stage
from readiness.prospect import ahead, decide_by, later, red_for
from readiness.readiness import PEOPLE_CRITERIA, Readiness
from readiness.region import Verdict
from store.board import BoardRow
from store.commands import LoggedCommand, logged_all
from store.deciding import readiness_at_hand
from store.decision_records import DecisionRecord, kept_all
from store.names import names_of
from store.permits import standings_of
from templates.pages import CellLater, CellWait, CloseUp, Counted, Decided, Spoken, act_address, region_address


@dataclass(frozen=True, slots=True)
class Looked:
    """What was read besides the rows of a small board, as far as it is for the reader."""

    names: Mapping[str, str]
    sales: Mapping[tuple[str, str], PermitStanding]
    speaking: Speakers
    at_hand: Mapping[RegionKey, Readiness]
    """How ready each region is that is not ready."""
    records: Mapping[RegionKey, DecisionRecord]
    """What the decisions that stand were taken on."""
    wishes: Mapping[str, LoggedCommand]
    """The wishes for them, by id."""


def looked_at(tx: Connection, deps: Dependencies, actor: Actor, rows: Sequence[BoardRow], *, now: datetime) -> Looked:
    """Read what is told of these few regions beside their rows; a fixed number of queries."""
    decided = {key_of(row): row.decision for row in rows if row.decision is not None}
    versions = {key: each.version for key, each in decided.items() if can(actor, Action.READ_TIMELINE, key.region)}
    records = kept_all(tx, versions)
    asked = (command_of(record) for key, record in records.items() if can(actor, Action.READ_LEDGER, key.region))
    sold = {(row.product, row.region) for row in rows if can(actor, Action.READ_PERMIT, row.region)}
    return Looked(
        names=names_of(tx, {each.person for each in decided.values()}),
        sales=standings_of(tx, sold, at=now),
        speaking=speakers(tx, deps, actor, {row.region for row in rows}, now=now),
        at_hand=readiness_at_hand(tx, (key_of(row) for row in rows if row.verdict is Verdict.NOT_READY)),
        records=records,
        wishes=logged_all(tx, (command for command in asked if command is not None)),
    )


def close_up(row: BoardRow, seen: Looked) -> CloseUp:
    """Return what the cell of `row` tells beside the rest."""
    said = {blocker.reason for blocker in row.blockers}
    readiness = seen.at_hand.get(key_of(row))
    behind = tuple(_later(row.region, readiness, seen.speaking)) if readiness is not None else ()
    comes = row.stage is not Stage.GO_NO_GO
    return CloseUp(
        waits=tuple(
            CellWait(
                whom=blocker.waiting_on,
                since=blocker.since,
                reason=blocker.reason,
                ask=blocker.ask,
                criterion=blocker.criterion,
                due_at=blocker.due_at,
                shortfall=blocker.shortfall,
                names=seen.speaking.of(row.region, blocker.waiting_on),
            )
            for blocker in row.blockers
        ),
        texts_later=tuple(each for each in behind if each.each[0].criterion not in PEOPLE_CRITERIA),
        people_later=tuple(each for each in behind if each.each[0].criterion in PEOPLE_CRITERIA),
        ahead=ahead(readiness) if comes and readiness is not None else (),
        decide_by=decide_by(readiness) if comes and readiness is not None else None,
        red_for=red_for(readiness) if readiness is not None else (),
        reason=next((reason for reason in row.reasons[:1] if reason not in said), None),
        decided=_decided(row, seen),
        sale=seen.sales.get((row.product, row.region)),
    )


def _later(region: str, readiness: Readiness, speaking: Speakers) -> Iterator[CellLater]:
    for functions, each in groupby(later(readiness), key=lambda one: one.waiting_on):
        of = tuple(Spoken(whom, speaking.of(region, whom)) for whom in functions)
        yield CellLater(of=of, each=tuple(each))


def _decided(row: BoardRow, seen: Looked) -> Decided | None:
    decision, record = row.decision, seen.records.get(key_of(row))
    if decision is None:
        return None
    then = readiness_of_record(record) if record is not None else None
    required = {each.key: each.required for each in then.criteria} if then is not None else {}
    seats = then.poll.seats if then is not None and then.poll is not None else ()
    wish = seen.wishes.get(command_of(record) or "")
    return Decided(
        choice=decision.verdict,
        by=seen.names.get(decision.person, decision.person),
        at=decision.at,
        counted=tuple(
            Counted(each.key, each.numerator, each.denominator, required.get(each.key))
            for each in decision.judged
            if each.key in PEOPLE_CRITERIA
        ),
        unlike=tuple((s.function, s.position) for s in seats if s.position not in {None, Stance.AGREE}),
        seen_address=f"{region_address(row.product, row.region)}#seen" if record is not None else None,
        right=wish.role if wish is not None else None,
        act_address=act_address(wish.id) if wish is not None else None,
    )

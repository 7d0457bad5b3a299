"""What does a cell of the board tell where there are so few that each is read from close by?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from api.decided import DecisionsRead, decisions_read
from api.dependencies import Dependencies
from api.identity import Actor
from api.missing_people import Naming
from api.rights import Action, can
from api.sent_back import SentBack, sent_back
from api.speakers import Speakers, speakers
from api.tasks import is_waited_for, key_of, not_certified_address
from readiness.keys import RegionKey
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Stage
from readiness.prospect import GO_STANDS, decide_by, fewest_to_launch, later, red_for
from readiness.readiness import PEOPLE_CRITERIA, Readiness
from readiness.region import Verdict
from store.board import BoardRow
from store.deciding import readiness_at_hand
from store.permits import standings_of
from templates.pages import CellLater, CellWait, CertifiedForGo, CloseUp, Spoken

_LOOKED_INTO = frozenset({Verdict.NOT_READY, *GO_STANDS})
"""Of the other verdicts a cell tells why there is nothing to be done for its people."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was read besides the rows of a small board, as far as it is for the reader."""

    decisions: DecisionsRead
    sales: Mapping[tuple[str, str], PermitStanding]
    speaking: Speakers
    at_hand: Mapping[RegionKey, Readiness]
    """How ready each region is that is not ready, or that has a go."""
    back: SentBack
    """Why texts were sent back, but for those that the reader is asked to write anew: they are told above."""
    may_see_people: frozenset[str]
    """The regions of which the reader may see who has learned."""


def looked_at(tx: Connection, deps: Dependencies, actor: Actor, rows: Sequence[BoardRow], *, now: datetime) -> Looked:
    """Read what is told of these few regions beside their rows; a fixed number of queries."""
    sold = {(row.product, row.region) for row in rows if can(actor, Action.READ_PERMIT, row.region)}
    others = [
        (key_of(row), blocker)
        for row in rows
        for blocker in row.blockers
        if not is_waited_for(actor, blocker.waiting_on, row.region)
    ]
    return Looked(
        decisions=decisions_read(tx, deps, actor, rows),
        sales=standings_of(tx, sold, at=now),
        speaking=speakers(tx, deps, actor, {row.region for row in rows}, now=now),
        at_hand=readiness_at_hand(tx, (key_of(row) for row in rows if row.verdict in _LOOKED_INTO)),
        back=sent_back(tx, actor, others),
        may_see_people=frozenset(row.region for row in rows if can(actor, Action.READ_PEOPLE, row.region)),
    )


def close_up(actor: Actor, row: BoardRow, seen: Looked, naming: Naming) -> CloseUp:
    """Return what the cell of `row` tells `actor` beside the rest, with who is missing as far as `naming` goes."""
    said = {blocker.reason for blocker in row.blockers}
    readiness = seen.at_hand.get(key_of(row))
    behind = tuple(_later(row.region, readiness, seen.speaking)) if readiness is not None else ()
    comes = row.verdict is Verdict.NOT_READY and row.stage is not Stage.GO_NO_GO
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
                said_back=seen.back.under(key_of(row), blocker),
            )
            for blocker in row.blockers
        ),
        texts_later=tuple(each for each in behind if each.each[0].criterion not in PEOPLE_CRITERIA),
        people_later=tuple(each for each in behind if each.each[0].criterion in PEOPLE_CRITERIA),
        ahead=seen.speaking.thens(readiness) if comes and readiness is not None else (),
        decide_by=decide_by(readiness) if comes and readiness is not None else None,
        red_for=red_for(readiness) if readiness is not None else (),
        reason=next((reason for reason in row.reasons[:1] if reason not in said), None),
        decided=seen.decisions.of(row),
        certified=_certified(actor, row, readiness, seen, naming),
        people_address=not_certified_address(row) if row.region in seen.may_see_people else None,
        sale=seen.sales.get((row.product, row.region)),
    )


def _later(region: str, readiness: Readiness, speaking: Speakers) -> Iterator[CellLater]:
    for functions, each in groupby(later(readiness), key=lambda one: one.waiting_on):
        of = tuple(Spoken(whom, speaking.of(region, whom)) for whom in functions)
        yield CellLater(of=of, each=tuple(each))


def _certified(
    actor: Actor, row: BoardRow, readiness: Readiness | None, seen: Looked, naming: Naming
) -> CertifiedForGo | None:
    """Return how many are certified where a go stands; None where none does, or nobody is asked to be."""
    if readiness is None or row.verdict not in GO_STANDS:
        return None
    found = next((each for each in readiness.criteria if each.key is CriterionKey.CERTIFIED_SHARE), None)
    fewest = fewest_to_launch(readiness, CriterionKey.CERTIFIED_SHARE)
    if found is None or fewest is None:
        return None
    is_short = found.numerator < found.denominator
    nudges = is_short and can(actor, Action.NUDGE, row.region)
    return CertifiedForGo(
        reached=found.numerator,
        of_all=found.denominator,
        fewest=fewest,
        missing=naming.missing(readiness, (found.key,)) if nudges else None,
        people_address=not_certified_address(row) if is_short and row.region in seen.may_see_people else None,
        nudge_address=not_certified_address(row, "/nudge") if nudges else None,
    )

"""What is asked of whoever reads, region by region: what, why, by when, and where is it done?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from api.identity import Actor
from api.missing_people import MOST_NAMED_FOR, Naming
from api.nudging import NOT_CERTIFIED
from api.rights import RIGHTS, Action, can, may_act_for
from api.sent_back import SentBack, sent_back
from api.speakers import NOBODY_NAMED, Speakers
from readiness.asks import Ask
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.keys import RegionKey
from readiness.policy import Function
from readiness.prospect import foretell
from readiness.readiness import PEOPLE_CRITERIA, Blocker, Readiness
from store.board import BoardRow
from store.content import stage_content
from templates.pages import (
    GivenBack,
    PeopleFilters,
    TextToWrite,
    WaitedFor,
    content_address,
    launch_address,
    region_address,
    rewrite_address,
)

Waiting = tuple[BoardRow, Blocker]
"""A region, and what it waits for."""

_FORMS = {
    Ask.SIGN: "sign-off",
    Ask.ADDRESS_LESSONS: "address-lesson",
    Ask.OPEN_POLL: "open-poll",
    Ask.VOTE: "cast-ballot",
    Ask.DECIDE: "decide",
    Ask.ANSWER_WAIVER: "grant-waiver",
    Ask.RESUME: "resume",
    Ask.NAME_SEAT: "name-seat",
}
"""By which form of a region's page it is done."""

_OF_PEOPLE = frozenset({Ask.LEARN, Ask.CERTIFY})
"""What people must do who learn, whoever is waited for."""


class Tasks(NamedTuple):
    """What of some regions is somebody's to do."""

    waiting: tuple[Waiting, ...]
    """What waits for them, the longest waiting first."""
    helping: tuple[Waiting, ...]
    """What waits for others, and is about people whom they lead."""
    given_back: tuple[Waiting, ...]
    """What they sent back, and others are to write anew first."""


def speaks(actor: Actor) -> bool:
    """Say whether others may wait for `actor`: whoever speaks for a function somewhere, or decides."""
    roles = {*ROLE_OF_FUNCTION.values(), *RIGHTS[Action.DECIDE].roles}
    return any(grant.role in roles for grant in actor.roles)


def is_waited_for(actor: Actor, waiting_on: str, region: str) -> bool:
    """Say whether what is waited for, as a blocker names it, is what `actor` speaks for in `region`, or decides."""
    if waiting_on in set(Function):
        return may_act_for(actor, Function(waiting_on), region)
    return waiting_on == Role.EXECUTIVE.value and can(actor, Action.DECIDE, region)


def tasks_in(actor: Actor, rows: Iterable[BoardRow]) -> Tasks:
    """Return what of these regions is for `actor` to do."""
    each = [(row, blocker) for row in rows for blocker in row.blockers]
    waiting = (one for one in each if _waits_for(actor, *one))
    return Tasks(
        waiting=tuple(sorted(waiting, key=lambda one: (one[1].since, one[0].product, one[0].region))),
        helping=tuple(one for one in each if _helps(actor, *one)),
        given_back=tuple(one for one in each if _spoke_by(actor, *one) is not None),
    )


def waited_for(
    tx: Connection,
    actor: Actor,
    tasks: Sequence[Waiting],
    at_hand: Mapping[RegionKey, Readiness],
    naming: Naming,
    speaking: Speakers = NOBODY_NAMED,
) -> tuple[WaitedFor, ...]:
    """Return these tasks as pages show them: with the words by which a text was sent back (three queries at most),
    and of the first that are about people and whose readiness is at hand, who is missing."""
    back = sent_back(tx, actor, [(key_of(row), blocker) for row, blocker in tasks])
    anew = [(row, blocker) for row, blocker in tasks if blocker.ask is Ask.WRITE_ANEW]
    written = {key_of(row): _texts(tx, actor, row, blocker) for row, blocker in anew[:MOST_NAMED_FOR]}
    return tuple(
        WaitedFor(
            product=row.product,
            region=row.region,
            product_name=row.product_name,
            region_name=row.name,
            whom=blocker.waiting_on,
            names=speaking.of(row.region, blocker.waiting_on),
            stage=blocker.stage,
            since=blocker.since,
            reason=blocker.reason,
            time_zone=row.time_zone,
            ask=blocker.ask,
            criterion=blocker.criterion,
            due_at=blocker.due_at,
            shortfall=blocker.shortfall,
            texts=written.get(key_of(row), ()),
            said_back=back.under(key_of(row), blocker),
            signers=back.signers_under(key_of(row), blocker),
            **_learning(row, blocker, at_hand, naming),
            act_address=_where(actor, row, blocker),
        )
        for row, blocker in tasks
    )


def given_back(
    tx: Connection, actor: Actor, tasks: Sequence[Waiting], speaking: Speakers = NOBODY_NAMED
) -> tuple[GivenBack, ...]:
    """Return what is sent back, and `actor` speaks for who did, as pages show it; three queries at most."""
    back = sent_back(tx, actor, [(key_of(row), blocker) for row, blocker in tasks])
    return tuple(_given_back(actor, row, blocker, back, speaking) for row, blocker in tasks)


def _given_back(actor: Actor, row: BoardRow, blocker: Blocker, back: SentBack, speaking: Speakers) -> GivenBack:
    return GivenBack(
        product=row.product,
        region=row.region,
        product_name=row.product_name,
        region_name=row.name,
        whom=_spoke_by(actor, row, blocker) or blocker.waiting_on,
        stage=blocker.stage,
        since=blocker.since,
        due_at=blocker.due_at,
        time_zone=row.time_zone,
        is_own=actor.person in back.people_under(key_of(row), blocker),
        writer=blocker.waiting_on,
        names=speaking.of(row.region, blocker.waiting_on),
    )


def not_certified_address(row: BoardRow, below: str = "") -> str:
    """Return where those of the audience are who are not certified yet; `below` it, where they are reminded."""
    return PeopleFilters(product=row.product, region=row.region, statuses=NOT_CERTIFIED).address(below)


def _learning(
    row: BoardRow, blocker: Blocker, at_hand: Mapping[RegionKey, Readiness], naming: Naming
) -> dict[str, Any]:
    """Return what is told besides where a region waits for people who learn, as far as its readiness is at hand."""
    readiness = at_hand.get(key_of(row)) if blocker.criterion in PEOPLE_CRITERIA else None
    if readiness is None or blocker.criterion is None:
        return {"foretold": None, "missing": None}
    asked = (blocker.criterion,)
    return {"foretold": foretell(readiness, asked), "missing": naming.missing(readiness, asked)}


def _texts(tx: Connection, actor: Actor, row: BoardRow, blocker: Blocker) -> tuple[TextToWrite, ...]:
    """Return the texts of a stage that was sent back, each with where the region writes it in its own words."""
    if not can(actor, Action.EDIT_CONTENT, row.region):
        return ()
    texts = (entry.text for entry in stage_content(tx, key_of(row), blocker.stage).entries)
    return tuple(
        TextToWrite(text.key, rewrite_address(text.product, text.stage, text.key, row.region)) for text in texts
    )


def _waits_for(actor: Actor, row: BoardRow, blocker: Blocker) -> bool:
    """Say whether a region waits for what `actor` speaks for there, or decides, or was named for."""
    if blocker.named is not None:
        return blocker.named == actor.person
    return is_waited_for(actor, blocker.waiting_on, row.region)


def _helps(actor: Actor, row: BoardRow, blocker: Blocker) -> bool:
    """Say whether people whom `actor` leads are missing, while somebody else is waited for."""
    leads = may_act_for(actor, Function.SALES, row.region) and can(actor, Action.NUDGE, row.region)
    return blocker.ask in _OF_PEOPLE and leads and not _waits_for(actor, row, blocker)


def _spoke_by(actor: Actor, row: BoardRow, blocker: Blocker) -> str | None:
    """Return for which function that sent a text back `actor` speaks, where others are to write it anew first."""
    if is_waited_for(actor, blocker.waiting_on, row.region):
        return None
    return next((each for each in blocker.sent_back_by if is_waited_for(actor, each, row.region)), None)


def _where(actor: Actor, row: BoardRow, blocker: Blocker) -> str:
    """Return where it is done: the form itself where there is one for it."""
    here = region_address(row.product, row.region)
    if blocker.ask in _OF_PEOPLE and can(actor, Action.READ_PEOPLE, row.region):
        return not_certified_address(row)
    if blocker.ask in {Ask.WRITE, Ask.ANSWER}:
        return content_address(row.product)
    if blocker.ask is Ask.WRITE_ANEW:
        return f"{here}#content-{blocker.stage.value}"
    if blocker.ask is Ask.RESCHEDULE:
        return launch_address(row.product)
    return f"{here}/acts/{_FORMS[blocker.ask]}" if blocker.ask in _FORMS else here


def key_of(row: BoardRow) -> RegionKey:
    """Return the key of the region launch that a row is of."""
    return RegionKey(product=row.product, region=row.region, run=row.run)

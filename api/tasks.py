"""What is asked of whoever reads, region by region: what, why, by when, and where is it done?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection

from api.identity import Actor
from api.nudging import NOT_CERTIFIED
from api.rights import RIGHTS, Action, can, may_act_for
from api.speakers import NOBODY_NAMED, Speakers
from readiness.asks import Ask
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.keys import RegionKey
from readiness.policy import Function
from readiness.prospect import Later, later
from readiness.readiness import PEOPLE_CRITERIA, Blocker, Readiness
from readiness.region import Signature
from store.board import BoardRow, records_of
from store.commands import logged_all, reason_under
from store.names import names_of
from templates.pages import (
    Coming,
    GivenBack,
    PeopleFilters,
    SaidBack,
    WaitedFor,
    content_address,
    launch_address,
    region_address,
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
    tx: Connection, actor: Actor, tasks: Sequence[Waiting], speaking: Speakers = NOBODY_NAMED
) -> tuple[WaitedFor, ...]:
    """Return these tasks as pages show them, with the words by which a text was sent back; three queries at most."""
    anew = [(row, blocker) for row, blocker in tasks if blocker.ask is Ask.WRITE_ANEW]
    notes = {
        (record.key.product, record.key.region): record.region.sent_back
        for record in records_of(tx, [key_of(row) for row, _ in anew if can(actor, Action.READ_TIMELINE, row.region)])
    }
    said = logged_all(tx, (note.command_id for each in notes.values() for note in each if note.command_id))
    names = names_of(tx, {note.person for each in notes.values() for note in each})
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
            said_back=tuple(
                SaidBack(who=names.get(note.person, note.person), at=note.at, text=reason)
                for note in _latest(notes.get((row.product, row.region), ()), blocker)
                if (reason := reason_under(said, note.command_id)) is not None
            ),
            act_address=_where(actor, row, blocker),
        )
        for row, blocker in tasks
    )


def given_back(actor: Actor, row: BoardRow, blocker: Blocker) -> GivenBack:
    """Return what `actor` sent back as pages show it."""
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
    )


def coming(actor: Actor, rows: Iterable[BoardRow], at_hand: Mapping[RegionKey, Readiness]) -> tuple[Coming, ...]:
    """Return what regions of which the readiness is at hand will ask of `actor`, the soonest due first."""
    found: list[tuple[datetime, Coming]] = []
    for row in rows:
        readiness = at_hand.get(key_of(row))
        behind = later(readiness) if readiness is not None else ()
        mine = [each for each in behind if _is_for(actor, each, row.region)]
        if mine:
            found.append((mine[0].due_at, _coming(actor, row, tuple(mine))))
    return tuple(each for _, each in sorted(found, key=itemgetter(0)))


def _is_for(actor: Actor, later: Later, region: str) -> bool:
    return any(is_waited_for(actor, function, region) for function in later.waiting_on)


def _coming(actor: Actor, row: BoardRow, each: tuple[Later, ...]) -> Coming:
    is_of_people = any(one.criterion in PEOPLE_CRITERIA for one in each)
    return Coming(
        product=row.product,
        region=row.region,
        product_name=row.product_name,
        region_name=row.name,
        time_zone=row.time_zone,
        stage=row.stage,
        each=each,
        people_address=_people_address(row) if is_of_people and can(actor, Action.READ_PEOPLE, row.region) else None,
    )


def _people_address(row: BoardRow) -> str:
    return PeopleFilters(product=row.product, region=row.region, statuses=NOT_CERTIFIED).address()


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
        return _people_address(row)
    if blocker.ask in {Ask.WRITE, Ask.ANSWER}:
        return content_address(row.product)
    if blocker.ask is Ask.WRITE_ANEW:
        return f"{here}#content-{blocker.stage.value}"
    if blocker.ask is Ask.RESCHEDULE:
        return launch_address(row.product)
    return f"{here}/acts/{_FORMS[blocker.ask]}" if blocker.ask in _FORMS else here


def _latest(notes: Iterable[Signature], blocker: Blocker) -> Iterable[Signature]:
    """Return the last note of each function that sent back what is to be written anew."""
    of_stage = [note for note in notes if note.stage is blocker.stage and note.function in blocker.sent_back_by]
    return {note.function: note for note in of_stage}.values()


def key_of(row: BoardRow) -> RegionKey:
    """Return the key of the region launch that a row is of."""
    return RegionKey(product=row.product, region=row.region, run=row.run)

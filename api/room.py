"""What may a viewer do in a region as it stands, what not now and why, and what is for others?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from api.commanding import Request as Asking
from api.dependencies import Dependencies
from api.identity import Actor
from api.page_forms import blank_form
from api.problems import Problem
from api.rights import FRESH_LOGIN, RIGHTS, Action, can, may_act_for, right_used
from api.room_acts import ROOM_ACTS, RoomAct, Sight, Subject, dissents
from readiness.commands import ROLE_OF_FUNCTION, Choice, RegionCommand, Role
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.rehearsal import why_not
from readiness.signing import signings_of
from store.access import RolesRead
from store.commands import logged_all, reason_under
from store.content import ContentEntry, StageContent
from store.regions import RegionRecord
from store.rehearsing import NOT_LOGGED
from store.sight import evidence_of
from templates.pages import (
    ActElsewhere,
    ActNotNow,
    ActOffer,
    Form,
    RoomActs,
    SentBackLine,
    ShownContent,
    SignedLine,
    TextLine,
    rewrite_address,
    text_address,
)

Given = Mapping[tuple[str, str], Form]
"""Forms that were filled in and not carried out, by the name of their act and what they are about."""


def room_acts(
    tx: Connection,
    deps: Dependencies,
    actor: Actor,
    record: RegionRecord,
    sight: Sight,
    *,
    given: Given | None = None,
    opened: str | None = None,
) -> RoomActs:
    """Return every act in the region of `record`, as far as it makes sense there.

    What is `given` keeps what was filled in; the form of the act called `opened` lies open.
    """
    given = given or {}
    offers: list[ActOffer] = []
    not_now: list[ActNotNow] = []
    elsewhere: list[ActElsewhere] = []
    evidence: Evidence | None = None
    region = record.key.region
    for row in ROOM_ACTS:
        for subject in row.subjects(sight):
            if evidence is None:
                evidence = evidence_of(tx, record, now=sight.now)
            if not _may(actor, row, subject, region):
                roles = _roles_of(row, subject)
                ask = _Asked(tx, subject.person, roles[0], row, subject, record, evidence, sight.now)
                # What nobody may do as things stand is no news of others.
                if any(_refused(ask, said) is None for said in subject.said):
                    elsewhere.append(ActElsewhere(name=row.name, about=subject.about, roles=roles))
                continue
            role = _role(actor, row, subject, region)
            ask = _Asked(tx, actor.person, role, row, subject, record, evidence, sight.now)
            refused = [_refused(ask, said) for said in subject.said]
            kept = given.get((row.name, subject.key))
            if kept is None and all(why is not None for why in refused):
                not_now.append(ActNotNow(name=row.name, about=subject.about, why=_first(refused)))
                continue
            offers.append(_offer(deps, actor, row, subject, refused, sight, kept, offers, opened))
    return RoomActs(
        offers=tuple(offers),
        not_now=tuple(not_now),
        elsewhere=tuple(elsewhere),
        fresh_until=_fresh_until(deps, actor),
    )


def _offer(
    deps: Dependencies,
    actor: Actor,
    row: RoomAct,
    subject: Subject,
    refused: list[str | None],
    sight: Sight,
    kept: Form | None,
    before: Iterable[ActOffer],
    opened: str | None,
) -> ActOffer:
    namesakes = sum(offer.name == row.name for offer in before)
    choices, impossible = [], []
    if row.action is Action.DECIDE:
        for said, why in zip(subject.said, refused, strict=True):
            if why is None:
                choices.append(Choice(said["verdict"]))
            else:
                impossible.append((Choice(said["verdict"]), why))
    fresh_until = _fresh_until(deps, actor)
    is_fresh = fresh_until is not None and deps.clock() <= fresh_until
    return ActOffer(
        name=row.name,
        key=subject.key,
        anchor=f"act-{row.name}" if not namesakes else f"act-{row.name}-{namesakes + 1}",
        at=row.at,
        about=subject.about,
        form=kept or blank_form(),
        fixed={**subject.fixed, **({"seen": str(sight.readiness.version)} if row.sends_seen else {})},
        is_open=kept is not None or opened == row.name,
        choices=tuple(choices),
        impossible=tuple(impossible),
        latest=subject.latest,
        dissents=dissents(sight.readiness) if row.action is Action.DECIDE else (),
        conditions=min(sight.region.policy.go_no_go.most_conditions, MOST_CONDITIONS_ASKED),
        asks_first=row.asks_first,
        needs_login=row.action in FRESH_LOGIN and not is_fresh,
        has_spoken=subject.has_spoken,
    )


MOST_CONDITIONS_ASKED = 5
"""Conditions that the form has room for; no tier allows more."""


def _may(actor: Actor, row: RoomAct, subject: Subject, region: str) -> bool:
    if not can(actor, row.action, region):
        return False
    return subject.function is None or may_act_for(actor, subject.function, region)


def _roles_of(row: RoomAct, subject: Subject) -> tuple[Role, ...]:
    return RIGHTS[row.action].roles if subject.function is None else (ROLE_OF_FUNCTION[subject.function],)


def _role(actor: Actor, row: RoomAct, subject: Subject, region: str) -> Role:
    """Return the role by which somebody acts who may."""
    used = right_used(actor, row.action, region)
    return used if subject.function is None and used is not None else _roles_of(row, subject)[0]


class _Asked(NamedTuple):
    """Who would do what, about what and on which evidence."""

    tx: Connection
    person: str
    role: Role
    row: RoomAct
    subject: Subject
    record: RegionRecord
    evidence: Evidence
    now: datetime


def _refused(ask: _Asked, said: dict[str, Any]) -> str | None:
    """Return why the core would refuse what the form would say; None where it would not."""
    key = ask.record.key
    try:
        act = ask.row.make(ask.row.body.model_validate(said), ask.subject.key)
        fields = act.fields(ask.tx, ask.now, key.product, key.region)
    except Problem as problem:
        return str(problem.detail)
    words = act.body.model_dump(mode="json")
    asked = Asking(Actor(ask.person, (), ""), ask.role, "", act.kind, words).asked(NOT_LOGGED, ask.now)
    command: RegionCommand = act.command.model_validate({**asked, **fields})
    refusal = why_not(ask.record.region, command, evidence=ask.evidence, now=ask.now)
    return refusal.detail if refusal is not None else None


def _first(refused: Iterable[str | None]) -> str:
    return next(why for why in refused if why is not None)


def _fresh_until(deps: Dependencies, actor: Actor) -> datetime | None:
    return actor.logged_in_at + deps.settings.login_age if actor.logged_in_at is not None else None


def shown_contents(
    tx: Connection, actor: Actor, record: RegionRecord, contents: Iterable[StageContent], *, now: datetime
) -> tuple[ShownContent, ...]:
    """Return what is signed in a region as its page shows it to `actor`; one query for all reasons."""
    held = tuple(contents)
    lost = RolesRead(tx).lost_in([record.region])[record.key] if held else ()
    ids = [each.command_id for content in held for each in content.sent_back if each.command_id is not None]
    said = logged_all(tx, ids)

    return tuple(
        ShownContent(
            stage=content.stage,
            digest=content.evidence.digest,
            missing=content.evidence.missing,
            texts=tuple(_text(actor, record.key, entry) for entry in content.entries),
            raised=tuple(_text(actor, record.key, entry) for entry in content.raised),
            signed=tuple(
                SignedLine(function=each.function, person=each.person, at=each.at, state=each.state)
                for each in signings_of(record.region, content.evidence, lost, now=now)
            ),
            sent_back=tuple(
                SentBackLine(
                    function=each.function,
                    person=each.person,
                    at=each.at,
                    reason=reason_under(said, each.command_id),
                    of_this=each.digest == content.evidence.digest,
                )
                for each in content.sent_back
            ),
        )
        for content in held
    )


def _text(actor: Actor, key: RegionKey, entry: ContentEntry) -> TextLine:
    body, text = entry.text.body, entry.text
    rank = body.get("rank")
    address = text_address(text.product, text.stage, text.key)
    may_write = can(actor, Action.EDIT_CONTENT, key.region)
    return TextLine(
        address=f"{address}?region={key.region}" if text.region else address,
        write=rewrite_address(text.product, text.stage, text.key, key.region) if may_write else None,
        key=text.key,
        revision=text.revision,
        is_adapted=bool(text.region),
        moved_on=entry.moved_on,
        headline=str(body.get("statement") or body.get("objection") or ""),
        answer=_words(body.get("answer")),
        rank=rank if isinstance(rank, int) else None,
        points=(*_several(body.get("proof_points")), *_several(body.get("advantages"))),
        buyers=_several(body.get("buying_group")),
        worth=_words(body.get("economic_value")),
    )


def _words(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _several(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()

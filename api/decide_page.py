"""What waits for whose decision, and on what would it be taken?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.cursors import Cursors, CursorText
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.page_answers import REFRESH_SECONDS, page_response, see_other, viewer_of
from api.page_forms import filled_in
from api.rights import Action, allowed_regions, can
from api.speakers import Speakers, speakers
from api.tasks import key_of
from readiness.commands import Stance
from readiness.events import CriteriaJudged, OpenedBallot, RegionEvent
from readiness.prospect import later, red_for
from readiness.readiness import PEOPLE_CRITERIA, Blocker, Readiness
from readiness.region import ConditionStatus, Poll, Verdict, WaiverStatus
from store.commands import LoggedCommand, logged_all, reason_under
from store.deciding import (
    ORDER,
    Look,
    Place,
    ToDecide,
    counts_to_decide,
    happened_since,
    looks_of,
    note_looks,
    readiness_at_hand,
    to_decide,
)
from store.names import names_of
from store.regions import latest_region, region_record
from templates.pages import DecidePage, DecideRow, DecideSection, Promised, Short, Vote, WaitsOn, Waived

DECIDE_PATH = "/decide"

PAGE_ROWS = 25
MOST_CHANGES = 5
"""Changes told of one region; more are counted, and the region's page has them all."""
MOST_WORDS = 5
SECTIONS = ("waiting", "stopped", "behind", "standing")
"""What each kind of `store.deciding.ORDER` is called."""

_CURSORS = Cursors(tuple[int, datetime, str, str])


def decide_router() -> APIRouter:
    """Return the routes of the page on which executives see what to decide."""
    router = guarded_router()
    router.add_api_route(DECIDE_PATH, show_decisions, methods=["GET"], response_model=None)
    router.add_api_route(f"{DECIDE_PATH}/read", have_read, methods=["POST"], response_model=None)
    return router


async def show_decisions(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
    words: Annotated[str, Query(alias="q", max_length=100)] = "",
    cursor: CursorText = None,
) -> Response:
    """Show what waits for a decision, what was stopped, what is behind and on whom, and what stands."""
    after = _CURSORS.read(cursor, of="decide", holder=deps.holder(actor), filters={"q": words})

    def shown() -> Response:
        return page_response(decide_page(deps, actor, words, after), request)

    return await run_in_threadpool(shown)


async def have_read(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER)],
) -> Response:
    """Note that somebody has read regions as they stood on the page; from then on they are told what changed."""
    filled = await filled_in(request)
    named = [line.split() for line in filled.get("read", "").split("\n")[:PAGE_ROWS]]

    def noted() -> int:
        with deps.store.writing() as tx:
            seen = {}
            for product, region, version in (each for each in named if len(each) == 3):
                key = latest_region(tx, product, region) if can(actor, Action.READ_BOARD, region) else None
                if key is not None and version.isascii() and version.isdigit() and len(version) < 10:
                    # Nobody has read further than it went.
                    seen[key] = min(int(version), region_record(tx, key).version)
            note_looks(tx, actor.person, seen, now=deps.store.now(tx))
        return len(seen)

    return see_other(DECIDE_PATH, said="have-read", count=await run_in_threadpool(noted))


def decide_page(deps: Dependencies, actor: Actor, words: str, after: Place | None) -> DecidePage:
    """Return the page for `actor` from `after` on, of the regions in whose names all of `words` are."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        asked = words.split()[:MOST_WORDS]
        found = to_decide(tx, within=within, words=asked, after=after, limit=PAGE_ROWS + 1, now=now)
        counts = counts_to_decide(tx, within=within, now=now) if not asked else None
        rows, more = found[:PAGE_ROWS], len(found) > PAGE_ROWS
        looks = looks_of(tx, actor.person, [(each.row.product, each.row.region) for each in rows])
        keys = {each.place: key_of(each.row) for each in rows}
        since = {
            keys[each.place]: look.version if look.run == each.row.run else 0
            for each in rows
            if (look := looks.get((each.row.product, each.row.region))) is not None
        }
        happened = happened_since(tx, since)
        said = logged_all(
            tx, (ballot.command_id for each in rows for ballot in _opened(each.poll) if ballot.command_id)
        )
        names = names_of(tx, {actor.person, *(person for each in rows for person in _persons(each))})
        spoken = speakers(tx, deps, actor, (each.row.region for each in rows), now=now)
        behind = [each.row for each in rows if each.row.verdict is Verdict.NOT_READY]
        at_hand = readiness_at_hand(tx, map(key_of, behind))
    shown = [
        (
            each.place[0],
            replace(
                _row(each, actor, names, said, looks, happened.get(keys[each.place], ()), now),
                waits=tuple(_waits(blocker, each.row.region, spoken, names) for blocker in each.row.blockers),
                **_prospect(at_hand.get(keys[each.place]), spoken),
            ),
        )
        for each in rows
    ]
    here = Counter(rank for rank, _ in shown)
    return DecidePage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=REFRESH_SECONDS,
        read_at=now,
        words=words,
        decides=bool(allowed_regions(actor, Action.DECIDE)),
        sections=tuple(
            DecideSection(
                key=SECTIONS[rank],
                count=counts[rank] if counts is not None else here[rank],
                rows=tuple(row for at, row in shown if at == rank),
            )
            for rank in range(len(ORDER))
            if here[rank]
        ),
        next_cursor=_CURSORS.write(rows[-1].place, of="decide", holder=deps.holder(actor), filters={"q": words})
        if more
        else None,
        is_first=after is None,
    )


def _row(
    each: ToDecide,
    actor: Actor,
    names: Mapping[str, str],
    said: Mapping[str, LoggedCommand],
    looks: Mapping[tuple[str, str], Look],
    happened: tuple[RegionEvent, ...],
    now: datetime,
) -> DecideRow:
    row, poll = each.row, each.poll
    decision = row.decision
    look = looks.get((row.product, row.region))
    # That criteria were judged anew is no news by itself: what followed from it is.
    news = tuple(event for event in happened if not isinstance(event, CriteriaJudged))
    return DecideRow(
        product=row.product,
        region=row.region,
        version=row.version,
        product_name=row.product_name,
        name=row.name,
        time_zone=row.time_zone,
        launch_at=row.launch_at,
        stage=row.stage,
        verdict=row.verdict,
        rag=row.rag,
        forecast_at=row.forecast_at,
        reasons=row.reasons,
        waits=(),
        may_decide=can(actor, Action.DECIDE, row.region),
        decided=decision.verdict if decision is not None else None,
        decided_by=names.get(decision.person, decision.person) if decision is not None else None,
        decided_at=decision.at if decision is not None else None,
        review_at=decision.review_at if decision is not None else None,
        votes=tuple(sorted(_votes(poll, names, said), key=lambda vote: vote.stance is not Stance.DISSENT)),
        poll_closes_at=poll.closes_at if poll is not None and poll.closed_at is None else None,
        waived=tuple(
            Waived(
                criterion=waiver.criterion,
                floor=waiver.floor,
                expires_at=waiver.expires_at,
                is_granted=waiver.status is WaiverStatus.GRANTED,
                lapses=waiver.status is WaiverStatus.GRANTED and waiver.expires_at <= row.launch_at,
            )
            for waiver in row.waivers
            if waiver.status in {WaiverStatus.GRANTED, WaiverStatus.REQUESTED}
        ),
        promised=tuple(
            Promised(
                owner=names.get(condition.owner, condition.owner),
                due_at=condition.due_at,
                status=condition.status,
                is_before=condition.status is ConditionStatus.OPEN and now < condition.due_at <= row.launch_at,
            )
            for condition in row.conditions
        ),
        looked_at=look.at if look is not None else None,
        changes=news[:MOST_CHANGES],
        changes_left_out=max(0, len(news) - MOST_CHANGES),
    )


def _waits(blocker: Blocker, region: str, spoken: Speakers, names: Mapping[str, str]) -> WaitsOn:
    # Whoever was named for an idle seat is the one whom it waits for.
    named = (names.get(blocker.named, blocker.named),) if blocker.named is not None else ()
    return WaitsOn(
        whom=blocker.waiting_on,
        since=blocker.since,
        reason=blocker.reason,
        names=named or spoken.of(region, blocker.waiting_on),
    )


def _prospect(readiness: Readiness | None, spoken: Speakers) -> dict[str, Any]:
    """Return what the row of a region that is not ready says besides: how many more, what then, and why red."""
    if readiness is None:
        return {}
    return {
        "short": tuple(
            Short(
                criterion=each.key,
                reached=each.numerator,
                of_all=each.denominator,
                needed=each.needed,
                due_at=each.due_at,
            )
            for each in readiness.of_people
            if not each.is_satisfied and each.denominator and each.needed
        ),
        "later": tuple(each for each in later(readiness) if each.criterion not in PEOPLE_CRITERIA),
        "ahead": spoken.thens(readiness),
        "red_for": red_for(readiness),
    }


def _votes(poll: Poll | None, names: Mapping[str, str], said: Mapping[str, LoggedCommand]) -> Iterator[Vote]:
    if poll is None:
        return
    opened = {ballot.function: ballot for ballot in _opened(poll)}
    voted = {ballot.function: ballot.person for ballot in poll.sealed}
    voted |= {ballot.function: ballot.person or "" for ballot in poll.carried}
    for function in poll.seats:
        ballot = opened.get(function)
        person = ballot.person if ballot is not None else voted.get(function)
        yield Vote(
            function=function,
            stance=ballot.stance if ballot is not None else None,
            has_voted=ballot.at is not None if ballot is not None else function in voted,
            person=names.get(person, person) if person else None,
            reason=reason_under(said, ballot.command_id) if ballot is not None else None,
        )


def _opened(poll: Poll | None) -> tuple[OpenedBallot, ...]:
    """Return the ballots of a poll that has closed: until then nobody reads them."""
    return poll.opened if poll is not None and poll.closed_at is not None else ()


def _persons(each: ToDecide) -> Iterator[str]:
    row, poll = each.row, each.poll
    people = [row.decision.person if row.decision is not None else None]
    people += [condition.owner for condition in row.conditions]
    people += [blocker.named for blocker in row.blockers]
    if poll is not None:
        people += [ballot.person for ballot in poll.sealed]
        people += [ballot.person for ballot in (*poll.carried, *poll.opened)]
    yield from (person for person in people if person)

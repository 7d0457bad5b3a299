"""What is due for whoever asks: what they learn, and what they are waited for?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from pydantic import AwareDatetime
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answers import PersonAnswer
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.nudging import NOT_CERTIFIED
from api.page_answers import page_response, viewer_of
from api.rights import RIGHTS, Action, allowed_regions, can, may_act_for
from api.running import running_of
from readiness.asks import Ask
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.people import PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import SIGNED_STAGES, Function, Stage
from readiness.readiness import Blocker
from readiness.values import Frozen, Moment
from store.board import BoardRow, board
from store.names import names_of
from store.own import Due, due_for
from store.permits import standings_of
from templates.pages import CourseDue, GivenBack, LaunchDue, MePage, PeopleFilters, WaitedFor, content_address

MOST_LOOKED_THROUGH = 2_000
"""Region launches in which it is looked whether they wait for somebody: more than anybody speaks for, and quick."""

MOST_SHOWN = 50


class DueAnswer(Frozen):
    """What one launch asks of you, and how you stand."""

    product: str
    region: str
    launch_at: AwareDatetime
    standing: PersonAnswer


class WaitedForAnswer(Frozen):
    """Something that waits for what you speak for."""

    product: str
    region: str
    stage: Stage
    waiting_on: str
    since: Moment
    reason: str
    ask: Ask | None = None
    """What is asked of you; null where it was written down before that was kept."""


class OwnAnswer(Frozen):
    """What is due for you."""

    person: str
    name: str | None
    due: tuple[DueAnswer, ...]
    waited_for: tuple[WaitedForAnswer, ...]


class _Own(NamedTuple):
    """One transaction's view of what is due for somebody."""

    due: tuple[Due, ...]
    waited_for: tuple[tuple[BoardRow, Blocker], ...]
    given_back: tuple[tuple[BoardRow, Blocker], ...]
    names: Mapping[str, str]


def own_router() -> APIRouter:
    """Return the route by which everybody asks for what is their own."""
    router = guarded_router(prefix="/v1", tags=["readiness"])
    router.add_api_route("/me", own, methods=["GET"], response_model=OwnAnswer)
    return router


def own_page_router() -> APIRouter:
    """Return the route of one's own page, for `create_app(pages=[…])`."""
    router = guarded_router()
    router.add_api_route("/me", show_own, methods=["GET"], response_model=None)
    return router


async def own(deps: Deps, actor: Annotated[Actor, requires(Action.READ_OWN)]) -> OwnAnswer:
    """Return what is due for you: what launches ask you to learn, and where you are waited for."""

    def read() -> OwnAnswer:
        with deps.store.reading() as tx:
            found = _own(tx, deps, actor)
        return OwnAnswer(
            person=actor.person,
            name=found.names.get(actor.person),
            due=tuple(
                DueAnswer(
                    product=due.product,
                    region=due.region,
                    launch_at=due.launch_at,
                    standing=PersonAnswer.model_validate(due.standing.model_dump()),
                )
                for due in found.due
            ),
            waited_for=tuple(
                WaitedForAnswer(
                    product=row.product,
                    region=row.region,
                    stage=blocker.stage,
                    waiting_on=blocker.waiting_on,
                    since=blocker.since,
                    reason=blocker.reason,
                    ask=blocker.ask,
                )
                for row, blocker in found.waited_for
            ),
        )

    return await run_in_threadpool(read)


async def show_own(
    request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.READ_OWN, persona=True)]
) -> Response:
    """Show what is due for whoever reads it, and whether something is broken to who runs the installation."""
    running = await running_of(deps) if can(actor, Action.MANAGE_KEYS) else None

    def shown() -> Response:
        with deps.store.reading() as tx:
            read_at = deps.store.now(tx)
            found = _own(tx, deps, actor)
            sales = _sales(tx, actor, found.due, at=read_at)
        viewer = viewer_of(actor, deps, name=found.names.get(actor.person))
        waiting = found.waited_for
        page = MePage(
            viewer=viewer,
            refresh_seconds=None,
            read_at=read_at,
            name=viewer.name or actor.person,
            due=tuple(sorted((_launch_due(due, found.names, sales) for due in found.due), key=_is_done)),
            speaks=speaks(actor),
            running=running,
            decides=bool(allowed_regions(actor, Action.DECIDE)),
            waited_for=tuple(_waited_for(actor, row, blocker) for row, blocker in waiting[:MOST_SHOWN]),
            given_back=tuple(_given_back(actor, row, blocker) for row, blocker in found.given_back[:MOST_SHOWN]),
            more=max(0, len(waiting) - MOST_SHOWN),
        )
        return page_response(page, request)

    return await run_in_threadpool(shown)


def _own(tx: Connection, deps: Dependencies, actor: Actor) -> _Own:
    now = deps.store.now(tx)
    due = due_for(tx, actor.person, now=now)
    waiting: list[tuple[BoardRow, Blocker]] = []
    given_back: list[tuple[BoardRow, Blocker]] = []
    allowed = allowed_regions(actor, Action.READ_BOARD)
    if speaks(actor) and allowed:
        within = None if allowed.everywhere else allowed.named
        rows = board(tx, within=within, limit=MOST_LOOKED_THROUGH, now=now)
        waiting = [(row, each) for row in rows for each in row.blockers if _waits_for(actor, row, each)]
        given_back = [(row, each) for row in rows for each in row.blockers if _spoke_by(actor, row, each) is not None]
    managers = {each.standing.manager_id for each in due if each.standing.manager_id is not None}
    names = names_of(tx, {actor.person, *managers})
    longest_first = tuple(sorted(waiting, key=lambda one: (one[1].since, one[0].product, one[0].region)))
    return _Own(due, longest_first, tuple(given_back), names)


def speaks(actor: Actor) -> bool:
    """Say whether others may wait for `actor`: whoever speaks for a function somewhere, or decides."""
    roles = {*ROLE_OF_FUNCTION.values(), *RIGHTS[Action.DECIDE].roles}
    return any(grant.role in roles for grant in actor.roles)


def is_waited_for(actor: Actor, waiting_on: str, region: str) -> bool:
    """Say whether what is waited for, as a blocker names it, is what `actor` speaks for in `region`, or decides."""
    if waiting_on in set(Function):
        return may_act_for(actor, Function(waiting_on), region)
    return waiting_on == Role.EXECUTIVE.value and can(actor, Action.DECIDE, region)


def _waits_for(actor: Actor, row: BoardRow, blocker: Blocker) -> bool:
    """Say whether a region waits for what `actor` speaks for there, or decides, or was named for."""
    if blocker.named is not None:
        return blocker.named == actor.person
    return is_waited_for(actor, blocker.waiting_on, row.region)


def _spoke_by(actor: Actor, row: BoardRow, blocker: Blocker) -> str | None:
    """Return for which function that sent a text back `actor` speaks, where others are to write it anew first."""
    if is_waited_for(actor, blocker.waiting_on, row.region):
        return None
    return next((each for each in blocker.sent_back_by if is_waited_for(actor, each, row.region)), None)


def _given_back(actor: Actor, row: BoardRow, blocker: Blocker) -> GivenBack:
    return GivenBack(
        product=row.product,
        region=row.region,
        product_name=row.product_name,
        region_name=row.name,
        whom=_spoke_by(actor, row, blocker) or blocker.waiting_on,
        since=blocker.since,
        time_zone=row.time_zone,
    )


def _sales(
    tx: Connection, actor: Actor, due: Iterable[Due], *, at: datetime
) -> dict[tuple[str, str], PermitStanding]:
    """Return, by product and region, whether what `actor` learns for may be sold."""
    places = {(each.product, each.region) for each in due if can(actor, Action.READ_PERMIT, each.region)}
    return standings_of(tx, places, at=at)


def _is_done(due: LaunchDue) -> bool:
    return due.status is PersonStatus.CERTIFIED


def _launch_due(due: Due, names: Mapping[str, str], sales: Mapping[tuple[str, str], PermitStanding]) -> LaunchDue:
    mine = due.standing
    missing = [course.title for course in due.courses if course.course_id in mine.missing_courses]
    return LaunchDue(
        product_name=due.product_name,
        region_name=due.region_name,
        time_zone=due.time_zone,
        launch_at=due.launch_at,
        has_launched=due.has_launched,
        sale=sales.get((due.product, due.region)),
        status=mine.status,
        learn_by=due.policy.due_at(Stage.TRAINING, due.launch_at),
        pass_by=due.policy.due_at(Stage.CERTIFICATION, due.launch_at),
        next_course=missing[0] if missing else None,
        courses=tuple(
            CourseDue(title=course.title, is_done=course.course_id not in mine.missing_courses)
            for course in due.courses
        ),
        assessment=due.assessment.title,
        pass_mark=float(due.assessment.pass_mark),
        best_score=float(mine.best_score) if mine.best_score is not None else None,
        attempts_left=mine.attempts_left,
        certified_until=mine.certified_until,
        manager=names.get(mine.manager_id, mine.manager_id) if mine.manager_id is not None else None,
    )


def _waited_for(actor: Actor, row: BoardRow, blocker: Blocker) -> WaitedFor:
    sees_people = blocker.stage in {Stage.TRAINING, Stage.CERTIFICATION} and can(
        actor, Action.READ_PEOPLE, row.region
    )
    people = PeopleFilters(product=row.product, region=row.region, statuses=NOT_CERTIFIED)
    writes = blocker.stage in SIGNED_STAGES and blocker.waiting_on == Function.MARKETING
    return WaitedFor(
        product=row.product,
        region=row.region,
        product_name=row.product_name,
        region_name=row.name,
        whom=blocker.waiting_on,
        stage=blocker.stage,
        since=blocker.since,
        reason=blocker.reason,
        launch_at=row.launch_at,
        time_zone=row.time_zone,
        ask=blocker.ask,
        content_address=content_address(row.product)
        if writes and can(actor, Action.EDIT_CONTENT, row.region)
        else None,
        people_address=people.address() if sees_people else None,
    )

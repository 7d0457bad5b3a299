"""What is due for whoever asks: what they learn, and what they are waited for?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from pydantic import AwareDatetime
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answers import PersonAnswer
from api.coming import coming
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.missing_people import Naming
from api.page_answers import page_response, viewer_of
from api.rights import Action, allowed_regions, can
from api.running import running_of
from api.speakers import speakers
from api.tasks import Tasks, given_back, key_of, speaks, tasks_in, waited_for
from readiness.asks import Ask
from readiness.people import PersonStanding, PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import Stage
from readiness.region import Verdict
from readiness.values import Frozen, Moment
from store.board import BoardRow, board
from store.deciding import readiness_at_hand
from store.deliver_people import Reminded, last_reminders
from store.names import names_of
from store.own import Due, due_for
from store.permits import standings_of
from templates.pages import CourseDue, LaunchDue, MePage

MOST_LOOKED_THROUGH = 2_000
"""Region launches in which it is looked whether they wait for somebody: more than anybody speaks for, and quick."""

MOST_SHOWN = 50
MOST_LOOKED_AHEAD = 12
"""Region launches, those that launch first, in which it is looked what will wait for somebody later."""


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
    tasks: Tasks
    rows: tuple[BoardRow, ...]
    """The regions in which it was looked."""
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
                for row, blocker in found.tasks.waiting
            ),
        )

    return await run_in_threadpool(read)


async def show_own(
    request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.READ_OWN, persona=True)]
) -> Response:
    """Show what is due for whoever reads it, and whether something is broken to who runs the installation."""
    running = await running_of(deps, actor)

    def shown() -> Response:
        with deps.store.reading() as tx:
            read_at = deps.store.now(tx)
            found = _own(tx, deps, actor)
            sales = _sales(tx, actor, found.due, at=read_at)
            reminders = last_reminders(tx, actor.person, {(due.product, due.region) for due in found.due})
            names = {**found.names, **names_of(tx, {each.by for each in reminders.values()})}
            tasks = found.tasks
            soonest = _soonest(found.rows)
            at_hand = readiness_at_hand(tx, map(key_of, soonest))
            naming = Naming(tx, actor, now=read_at)
            waiting = waited_for(tx, actor, tasks.waiting[:MOST_SHOWN], at_hand, naming)
            led, back = tasks.helping[:MOST_SHOWN], tasks.given_back[:MOST_SHOWN]
            speaking = speakers(tx, deps, actor, (row.region for row, _ in (*led, *back)), now=read_at)
            helping = waited_for(tx, actor, led, at_hand, naming, speaking)
            given = given_back(tx, actor, back, speaking)
            ahead = coming(actor, soonest, at_hand, naming, limit=MOST_SHOWN)
        viewer = viewer_of(actor, deps, name=found.names.get(actor.person))
        page = MePage(
            viewer=viewer,
            refresh_seconds=None,
            read_at=read_at,
            name=viewer.name or actor.person,
            due=tuple(sorted((_launch_due(due, names, sales, reminders) for due in found.due), key=_is_done)),
            speaks=speaks(actor),
            running=running,
            decides=bool(allowed_regions(actor, Action.DECIDE)),
            waited_for=waiting,
            helping=helping,
            given_back=given,
            coming=ahead,
            more=max(0, len(tasks.waiting) - MOST_SHOWN),
        )
        return page_response(page, request)

    return await run_in_threadpool(shown)


def _own(tx: Connection, deps: Dependencies, actor: Actor) -> _Own:
    now = deps.store.now(tx)
    due = due_for(tx, actor.person, now=now)
    rows: Sequence[BoardRow] = ()
    allowed = allowed_regions(actor, Action.READ_BOARD)
    if speaks(actor) and allowed:
        within = None if allowed.everywhere else allowed.named
        rows = board(tx, within=within, limit=MOST_LOOKED_THROUGH, now=now)
    managers = {each.standing.manager_id for each in due if each.standing.manager_id is not None}
    names = names_of(tx, {actor.person, *managers})
    return _Own(due, tasks_in(actor, rows), tuple(rows), names)


def _soonest(rows: Iterable[BoardRow]) -> list[BoardRow]:
    """Return the regions that are not ready and launch first."""
    behind = sorted((row for row in rows if row.verdict is Verdict.NOT_READY), key=lambda row: row.launch_at)
    return behind[:MOST_LOOKED_AHEAD]


def _sales(
    tx: Connection, actor: Actor, due: Iterable[Due], *, at: datetime
) -> dict[tuple[str, str], PermitStanding]:
    """Return, by product and region, whether what `actor` learns for may be sold."""
    places = {(each.product, each.region) for each in due if can(actor, Action.READ_PERMIT, each.region)}
    return standings_of(tx, places, at=at)


def _is_certified(standing: PersonStanding) -> bool:
    return standing.status is PersonStatus.CERTIFIED


def _is_done(due: LaunchDue) -> bool:
    return due.status is PersonStatus.CERTIFIED


def _launch_due(
    due: Due,
    names: Mapping[str, str],
    sales: Mapping[tuple[str, str], PermitStanding],
    reminders: Mapping[tuple[str, str], Reminded],
) -> LaunchDue:
    mine = due.standing
    reminder = reminders.get((due.product, due.region)) if not _is_certified(mine) else None
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
        reminded_by=names.get(reminder.by, reminder.by) if reminder is not None else None,
        reminded_at=reminder.at if reminder is not None else None,
        manager=names.get(mine.manager_id, mine.manager_id) if mine.manager_id is not None else None,
    )

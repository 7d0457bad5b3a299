"""How does a region address what earlier waves learned?"""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection

from api.acting import act_on_region
from api.acts import addressing
from api.bodies import AddressBody
from api.governing import REGION
from api.guard import guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.rehearsing import REHEARSED
from api.rights import Action
from readiness.lessons import lessons_shown
from readiness.readiness import LessonShown, Readiness
from readiness.region import RegionLaunch
from store.lessons import lessons_of
from store.words import told_lessons


def lessons_router() -> APIRouter:
    """Return the route by which a lesson of an earlier wave is addressed."""
    router = guarded_router(prefix="/v1/launches", tags=["governing"])
    router.add_api_route(
        f"{REGION}/must-address/{{lesson}}",
        address_lesson,
        methods=["POST"],
        response_model=Readiness,
        responses=REHEARSED,
    )
    return router


async def address_lesson(
    product: str,
    region: str,
    lesson: str,
    body: AddressBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ADDRESS_LESSON)],
) -> Any:
    """Say how what an earlier wave learned is addressed in this region; the answers count as given only then."""
    return await act_on_region(request, actor, wish, product, region, addressing(body, lesson))


def lessons_to_read(tx: Connection, region: RegionLaunch) -> tuple[LessonShown, ...]:
    """Return what earlier waves learned, in the words in which it was said."""
    learned = lessons_of(tx, [region]).get(region.key, ())
    return told_lessons(tx, region, tuple(lessons_shown(region, learned)))

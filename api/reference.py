"""What does each problem type mean?"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from api.guard import guarded_router, requires
from api.identity import Actor
from api.problems import KINDS, Problem, ProblemKind
from api.rights import Action

Reader = Annotated[Actor, requires(Action.READ_REFERENCE)]


class ProblemType(BaseModel):
    """A kind of problem: its stable type, the status that it answers with and what it means."""

    type: str
    status: int
    title: str


class ProblemTypes(BaseModel):
    """Every kind of problem there is."""

    items: list[ProblemType]


def reference_router() -> APIRouter:
    """Return the routes at which problem types answer for themselves."""
    router = guarded_router(prefix="/problems", tags=["reference"])

    @router.get("", summary="All problem types")
    async def problem_types(_actor: Reader) -> ProblemTypes:
        return ProblemTypes(items=[_shown(KINDS[slug]) for slug in sorted(KINDS)])

    @router.get("/{slug}", summary="One problem type")
    async def problem_type(slug: str, _actor: Reader) -> ProblemType:
        kind = KINDS.get(slug)
        if kind is None:
            raise Problem("not-found", "There is no problem type of that name.")
        return _shown(kind)

    return router


def _shown(kind: ProblemKind) -> ProblemType:
    return ProblemType(type=f"/problems/{kind.slug}", status=kind.status, title=kind.title)

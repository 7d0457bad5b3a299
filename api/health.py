"""Is the process alive, and can it do its work?"""

# These two calls are the only ones that answer strangers, so they name the parts of the house and nothing else.

import asyncio
import logging
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import Check, Dependencies, Deps
from api.guard import guarded_router
from api.problems import RETRY_AFTER_SECONDS, Problem

CHECK_TIMEOUT = timedelta(seconds=2)
"""A part that takes longer than a probe waits for is away."""

_log = logging.getLogger("learn_then_launch.api")


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Every part of the house answers."""

    status: Literal["ok"] = "ok"
    checks: Annotated[dict[str, Literal["ok"]], Field(examples=[{"store": "ok", "engine": "ok"}])]


def health_router() -> APIRouter:
    """Return the routes that need no token."""
    router = guarded_router(tags=["health"])

    @router.get("/livez", summary="Is the process alive?")
    async def livez() -> Alive:
        return Alive()

    @router.get("/readyz", summary="Can it do its work?")
    async def readyz(deps: Deps) -> Ready:
        missing = await missing_parts(deps)
        if missing:
            detail = f"No answer from: {', '.join(missing)}."
            raise Problem("not-ready", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}, missing=missing)
        return Ready(checks=dict.fromkeys(sorted(deps.checks), "ok"))

    return router


async def missing_parts(deps: Dependencies) -> list[str]:
    """Return the parts of the house that do not answer in time, by name."""
    names = sorted(deps.checks)
    answers = await asyncio.gather(*(_ask(deps.checks[name]) for name in names), return_exceptions=True)
    missing = []
    for name, failure in zip(names, answers, strict=True):
        if failure is not None:
            _log.warning("the check of %s failed: %r", name, failure)
            missing.append(name)
    return missing


async def _ask(check: Check) -> None:
    async with asyncio.timeout(CHECK_TIMEOUT.total_seconds()):
        await check()

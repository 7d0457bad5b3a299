"""How does an open page learn that what it shows has changed?"""

# Over one long answer (server-sent events) that says no more than `changed`; the page then asks for itself again, by
# the same door as ever. An answer lasts a minute, so that whoever has lost a role, or a session, is asked anew who
# they are. However many look, the store is asked once a second for all who may see the same.

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.dependencies import Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.pulses import LOOK_EVERY_SECONDS, MOST_LISTENING, Pulses
from api.rights import Action, allowed_regions
from store.engine import StoreAway
from store.pulse import Pulse

LIVE_PATH = "/live"

LASTS_SECONDS = 55.0
"""Then the browser comes again by itself."""

_BREATH_SECONDS = 10.0
"""How often something is sent although nothing happened, so that proxies keep the line and a lost one is noticed."""

Slugs = Annotated[str, Query(max_length=64)]

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def live_router() -> APIRouter:
    """Return the route by which open pages learn of changes."""
    router = guarded_router()
    router.add_api_route(LIVE_PATH, live, methods=["GET"], response_model=None)
    return router


async def live(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
    product: Slugs = "",
    at: Slugs = "",
) -> Response:
    """Send an event whenever something has changed that this reader may see, of one product or `at` one region of it
    where that is named."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named

    def look() -> Pulse:
        return deps.pulses.of(deps.store, within, product or None, at or None)

    pulses = deps.pulses
    if pulses.listening >= MOST_LISTENING:
        # The browser does not come again by itself: its page asks twice a minute.
        return Response(status_code=204)
    before = await run_in_threadpool(look)
    seen = request.headers.get("last-event-id", "")

    async def events() -> AsyncIterator[str]:
        pulses.listening += 1
        try:
            # Whoever lost the line, or whose minute is over, comes again after a second and says what they saw.
            yield f"retry: 1000\nid: {before.mark}\n\n"
            if seen not in {"", before.mark}:
                yield f"event: changed\nid: {before.mark}\ndata: \n\n"
            async for line in _changes(look, pulses, before):
                yield line
        finally:
            pulses.listening -= 1

    return StreamingResponse(events(), media_type="text/event-stream", headers=_HEADERS)


async def _changes(look: Callable[[], Pulse], pulses: Pulses, before: Pulse) -> AsyncIterator[str]:
    """Yield an event for each change, and a word now and then, until the time is over or the process ends."""
    began_at = told_at = time.monotonic()
    while not pulses.closing.is_set() and time.monotonic() - began_at < LASTS_SECONDS:
        # Nothing to do is what it waits for: only an end comes before the time is over.
        with suppress(TimeoutError):
            await asyncio.wait_for(pulses.closing.wait(), LOOK_EVERY_SECONDS)
        try:
            now = await run_in_threadpool(look)
        except StoreAway:
            # What the page shows grows old meanwhile, which it says; the next answer will tell.
            return
        if now != before:
            before, told_at = now, time.monotonic()
            yield f"event: changed\nid: {now.mark}\ndata: \n\n"
        elif time.monotonic() - told_at > _BREATH_SECONDS:
            told_at = time.monotonic()
            yield ": still here\n\n"

"""How does a process answer the API and the pages?"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from temporalio.client import Client

from api.app import create_app
from api.ball import ball_router
from api.content import content_router
from api.dependencies import ApiSettings, Dependencies
from api.governing import governing_router
from api.governing_many import governing_many_router
from api.identity import EVERYWHERE, Actor, EmbeddedIssuer, RoleGrant
from api.imports import imports_router
from api.launches import launches_router
from api.lessons import lessons_router
from api.owning import owning_router
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.policy_changes import policy_router
from api.polling import polling_router
from api.reading import reading_router
from api.tiers import tiers_router
from api.uploads import clear_abandoned
from api.waiving import waiving_router
from bootstrap.answering import PromptSender
from bootstrap.attendance import attendance_of
from bootstrap.impatience import ImpatientProtocol, claim_places, spare_the_log
from bootstrap.keys import signing_key
from bootstrap.logs import log_as
from bootstrap.sending import TemporalSender
from bootstrap.settings import Settings
from bootstrap.temporal import DATA_CONVERTER
from readiness.commands import Role
from store.engine import Store, StoreAway, open_store
from store.outcomes import OutcomeWatch
from store.upgrade import is_current

ONE_PERSON_LOOKING = Actor("local-browser", (RoleGrant(Role.AUDITOR, EVERYWHERE),), "local-browser")
"""Whom a browser is taken for under `ltl up`: it may read everything and do nothing."""

CONNECTIONS = 1_000
"""Requests and idle connections at once, as far as the system's limit of descriptors allows; whoever comes to a full
house takes the place of who has owed something the longest."""

THREADS = 200
"""Requests that ask the store or the disk at once. Far more than it has connections: so whoever waits does not wait
for a thread, without an end, but for a connection, and is told so when that takes too long."""

KEEP_ALIVE_SECONDS = 15
GOODBYE_SECONDS = 5
"""How long answers under way may take once the process is asked to end."""


class _Server(uvicorn.Server):
    """Ends with status 0 when asked to: uvicorn itself would raise the signal once more at the end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Finish what is under way and end on SIGTERM or SIGINT, at once on a second SIGINT."""
        loop = asyncio.get_running_loop()
        asked = (signal.SIGTERM, signal.SIGINT)
        for number in asked:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in asked:
                loop.remove_signal_handler(number)


def routers() -> Sequence[APIRouter]:
    """Return the API, router by router."""
    return (
        launches_router(),
        governing_router(),
        governing_many_router(),
        owning_router(),
        waiving_router(),
        polling_router(),
        policy_router(),
        lessons_router(),
        content_router(),
        reading_router(),
        ball_router(),
        tiers_router(),
        imports_router(),
    )


def make_app(settings: Settings, store: Store, client: Client) -> FastAPI:
    """Return the application on `store` and `client`; it closes the store when it ends."""

    async def store_answers() -> None:
        await run_in_threadpool(_ask_store, store)

    async def engine_answers() -> None:
        if not await client.service_client.check_health():
            raise ConnectionError("Temporal is not serving")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        await run_in_threadpool(clear_abandoned, settings.uploads, now=datetime.now(UTC))
        try:
            yield
        finally:
            await run_in_threadpool(outcomes.close)
            await run_in_threadpool(store.close)

    outcomes = OutcomeWatch(store)
    issuer = EmbeddedIssuer(signing_key(settings.directory), clock=lambda: datetime.now(UTC))
    dependencies = Dependencies(
        store=store,
        verifier=issuer.verifier(),
        sender=PromptSender(TemporalSender(client), outcomes),
        uploads=settings.uploads,
        clock=store.now,
        settings=ApiSettings(body_limit=settings.largest_body, upload_limit=settings.largest_import),
        checks={"store": store_answers, "engine": engine_answers, "worker": attendance_of(client).check},
        page_persona=ONE_PERSON_LOOKING if settings.pages_without_token else None,
    )
    return create_app(
        dependencies,
        routers=routers(),
        pages=(pages_router(),),
        open_paths=OPEN_PAGE_PATHS,
        lifespan=lifespan,
    )


async def serve(settings: Settings) -> None:
    """Answer requests until the process is asked to end."""
    ImpatientProtocol.places = claim_places(CONNECTIONS)
    spare_the_log(asyncio.get_running_loop())
    client = await Client.connect(
        settings.engine_address,
        namespace=settings.temporal_namespace,
        data_converter=DATA_CONVERTER,
        # It connects with the first question, so that pages answer while Temporal is away.
        lazy=True,
    )
    config = uvicorn.Config(
        make_app(settings, open_store(settings.store_url), client),
        host=settings.host,
        port=settings.port,
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    await _Server(config).serve()


def main() -> None:
    """Run one web process."""
    log_as("web")
    log = logging.getLogger("learn_then_launch.web")
    try:
        asyncio.run(serve(Settings()))
    except BaseException:
        log.critical("the web process ends", exc_info=True)
        raise
    log.info("the web process ends because it was asked to")


def _ask_store(store: Store) -> None:
    with store.reading() as tx:
        if not is_current(tx):
            raise StoreAway("the database has not the tables of this version")


if __name__ == "__main__":
    main()

"""How does a process answer the API and the pages?"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import cache
from types import FrameType

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.concurrency import run_in_threadpool
from temporalio.client import Client

from activities.deliver_targets import Targets
from api.access_page import access_page_router
from api.app import create_app
from api.ball import ball_router
from api.brief_page import brief_router
from api.content import content_router
from api.content_forms import content_pages_router
from api.decide_page import decide_router
from api.deliveries import deliveries_router
from api.deliveries_page import deliveries_page_router
from api.dependencies import ApiSettings, Dependencies
from api.governing import governing_router
from api.governing_many import governing_many_router
from api.grants import grants_router
from api.identity import EVERYWHERE, ISSUER, Actor, EmbeddedIssuer, RoleGrant, TrustedIssuers
from api.imports import imports_router
from api.imports_pages import imports_pages_router
from api.keys import keys_router
from api.launch_acts import launch_acts_router
from api.launches import launches_router
from api.ledger import ledger_router
from api.ledger_page import ledger_page_router
from api.lessons import lessons_router
from api.live_pages import live_router
from api.login import LOGIN_PATHS, login_router
from api.ofrep import ofrep_router
from api.oidc import OidcIssuer
from api.own import own_page_router, own_router
from api.owning import owning_router
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.people_pages import people_pages_router
from api.permit_checking import checking_router
from api.permit_jws import PermitDesk
from api.permits import permit_keys_router, permits_router
from api.personas import PERSONA_PATHS, personas_router
from api.policy_changes import policy_router
from api.polling import polling_router
from api.portfolio import portfolio_router
from api.reading import reading_router
from api.region_acts import region_acts_router
from api.seen import Observer
from api.start_pages import start_pages_router
from api.subscriptions import subscriptions_router
from api.tiers import tiers_router
from api.uploads import clear_abandoned
from api.waiving import waiving_router
from bootstrap.answering import PromptSender
from bootstrap.attendance import attendance_of
from bootstrap.impatience import ImpatientProtocol, claim_places, spare_the_log
from bootstrap.keys import derived_key, signing_key
from bootstrap.ledger_keeping import jwks_of, ledger_key
from bootstrap.logs import log_access, log_as
from bootstrap.metrics import RequestMetrics, StoreCollector, show
from bootstrap.permit_keys import permit_keys
from bootstrap.personas import personas
from bootstrap.rates import throttle_of
from bootstrap.sealing import box_of
from bootstrap.sending import TemporalSender
from bootstrap.settings import Settings
from bootstrap.tracing import TracingMiddleware, tracing
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

    def __init__(self, config: uvicorn.Config, *, before_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_end = before_end

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Have open pages let go, so that nobody waits for them."""
        self._before_end()
        super().handle_exit(sig, frame)

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


@cache
def routers() -> Sequence[APIRouter]:
    """Return the API, router by router; made once, as they hold nothing of any application."""
    return (
        # Asked for the most: the first routes are found the soonest.
        reading_router(),
        launches_router(),
        governing_router(),
        governing_many_router(),
        owning_router(),
        waiving_router(),
        permits_router(),
        permit_keys_router(),
        ofrep_router(),
        polling_router(),
        policy_router(),
        lessons_router(),
        content_router(),
        own_router(),
        ball_router(),
        tiers_router(),
        imports_router(),
        ledger_router(),
        subscriptions_router(),
        deliveries_router(),
        grants_router(),
        keys_router(),
    )


@cache
def page_routers() -> Sequence[APIRouter]:
    """Return the pages, router by router."""
    # What stands below a product goes first: `content` is no region.
    return (
        content_pages_router(),
        start_pages_router(),
        launch_acts_router(),
        portfolio_router(),
        access_page_router(),
        deliveries_page_router(),
        ledger_page_router(),
        pages_router(),
        live_router(),
        region_acts_router(),
        decide_router(),
        brief_router(),
        checking_router(),
        login_router(),
        personas_router(),
        people_pages_router(),
        imports_pages_router(),
        own_page_router(),
    )


def make_app(settings: Settings, store: Store, client: Client, *, observers: tuple[Observer, ...] = ()) -> FastAPI:
    """Return the application on `store` and `client`; it tells `observers`, and closes the store when it ends."""

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
    key = signing_key(settings.directory)
    issuer = EmbeddedIssuer(key, clock=_machine_time)
    trusted = settings.oidc()
    oidc = OidcIssuer(trusted, clock=_machine_time) if trusted is not None else None
    dependencies = Dependencies(
        store=store,
        verifier=issuer.verifier() if oidc is None else TrustedIssuers({ISSUER: issuer.verifier(), oidc.name: oidc}),
        sender=PromptSender(TemporalSender(client), outcomes),
        uploads=settings.uploads,
        clock=_machine_time,
        settings=ApiSettings(
            body_limit=settings.largest_body,
            upload_limit=settings.largest_import,
            login_age=settings.login_age,
            session_idle=settings.session_idle,
            session_life=settings.session_life,
            trusted_proxies=settings.trusted_proxies,
        ),
        oidc=oidc,
        checks={"store": store_answers, "engine": engine_answers, "worker": attendance_of(client).check},
        cursor_key=derived_key(key, "cursors"),
        observers=observers,
        throttle=throttle_of(settings.rate_limits),
        permits=PermitDesk(permit_keys(settings), issuer=settings.permit_issuer, lifetime=settings.permit_lifetime),
        box=box_of(settings),
        targets=Targets(allow_private=settings.webhooks_private),
        mails=settings.smtp_host is not None,
        personas=personas() if settings.pages_without_token else (),
        page_persona=ONE_PERSON_LOOKING if settings.pages_without_token else None,
        workflows_seen_at=f"{settings.temporal_ui.rstrip('/')}/namespaces/{settings.temporal_namespace}"
        if settings.temporal_ui
        else None,
        ledger_keys=jwks_of(ledger_key(settings))["keys"],
    )
    return create_app(
        dependencies,
        routers=routers(),
        pages=page_routers(),
        open_paths=OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS,
        lifespan=lifespan,
    )


def _machine_time() -> datetime:
    return datetime.now(UTC)


async def serve(settings: Settings) -> None:
    """Answer requests until the process is asked to end."""
    ImpatientProtocol.places = claim_places(CONNECTIONS)
    spare_the_log(asyncio.get_running_loop())
    traces = tracing("web", to=settings.traces_to)
    client = await Client.connect(
        settings.engine_address,
        interceptors=traces.interceptors if traces is not None else (),
        namespace=settings.temporal_namespace,
        data_converter=settings.converter,
        # It connects with the first question, so that pages answer while Temporal is away.
        lazy=True,
    )
    store = open_store(settings.store_url)
    app = make_app(settings, store, client, observers=_observers(settings, store))
    if traces is not None:
        app.add_middleware(TracingMiddleware, tracer=traces.tracer)
    config = uvicorn.Config(
        app,
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
    dependencies: Dependencies = app.state.dependencies
    await _Server(config, before_end=dependencies.pulses.closing.set).serve()
    if traces is not None:
        await run_in_threadpool(traces.close)


def _observers(settings: Settings, store: Store) -> tuple[Observer, ...]:
    """Return who is told of requests, and show the metrics where they are wanted."""
    observers: list[Observer] = [log_access] if settings.access_log else []
    if settings.metrics_port is not None:
        registry = CollectorRegistry()
        observers.append(RequestMetrics(registry).observe)
        registry.register(StoreCollector(store))
        show(registry, host=settings.metrics_host, port=settings.metrics_port)
    return tuple(observers)


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

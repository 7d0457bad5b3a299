"""Which small application do the tests of the front door knock at?"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from joserfc.jwk import OKPKey
from starlette.requests import Request

from api.conditional import Conditional, entity_tag
from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing
from api.dependencies import ApiSettings, Dependencies, Deps
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor, EmbeddedIssuer, RoleGrant
from api.rights import Action, allowed_regions
from api.sending import EngineAway
from readiness.commands import LaunchCommand, RegionCommand, Role
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome
from readiness.policy import CriterionKey, Stage
from readiness.refusals import CommandRefused, GatesNotMet, UnmetCriterion
from readiness.values import Body, Slug
from store.engine import Store, StoreAway

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBERS = Cursors(tuple[int])


class SettableClock:
    """A clock that shows what a test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Return the moment that was set."""
        return self.at

    def advance(self, span: timedelta) -> None:
        """Let `span` pass."""
        self.at += span


class NobodyThere:
    """A sender whose engine never answers."""

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Raise EngineAway."""
        raise EngineAway

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Raise EngineAway."""
        raise EngineAway

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Do nothing: hints may be lost."""

    async def start_import(self, import_id: str) -> None:
        """Raise EngineAway."""
        raise EngineAway


class Wish(Body):
    """A body with one field of each hostile kind."""

    share: float
    count: int = 0
    name: str = ""
    regions: tuple[Slug, ...] = ()


def new_issuer(clock: SettableClock) -> EmbeddedIssuer:
    """Return an issuer with a key of its own."""
    return EmbeddedIssuer(OKPKey.generate_key("Ed25519"), clock=clock)


def dependencies(store: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> Dependencies:
    """Return what the application under test is made with; bodies may have 10,000 bytes and uploads 50,000."""
    settings = ApiSettings(body_limit=10_000, upload_limit=50_000)
    return Dependencies(
        store=store,
        verifier=issuer.verifier(),
        sender=NobodyThere(),
        uploads=Path(store.engine.url.database or "").parent / "uploads",
        clock=clock,
        settings=settings,
    )


def bearer(issuer: EmbeddedIssuer, person: str, *grants: tuple[Role, str]) -> dict[str, str]:
    """Return the header of a request by `person` with `grants`."""
    token = issuer.mint(person, [RoleGrant(role=role, region=region) for role, region in grants])
    return {"Authorization": f"Bearer {token}"}


def routes() -> APIRouter:
    """Return one route for each way of passing the door, and one for each way of failing behind it."""
    router = guarded_router(prefix="/v1", tags=["test"])
    region = "/launches/{product}/regions/{region}"

    @router.get(region + "/readiness")
    async def readiness(product: Slug, region: Slug, actor: Annotated[Actor, requires(Action.READ_READINESS)]) -> str:
        return f"{product}/{region} for {actor.person}"

    @router.post(region + "/decisions", status_code=201)
    async def decide(
        product: Slug, region: Slug, body: Wish, key: IdempotencyKey, actor: Annotated[Actor, requires(Action.DECIDE)]
    ) -> str:
        raise CommandRefused(
            GatesNotMet(
                detail="Two criteria are unmet.",
                unmet=(
                    UnmetCriterion(
                        stage=Stage.TRAINING,
                        criterion=CriterionKey.TRAINING_COMPLETION,
                        reasons=("8 of 50 have not completed every required course.",),
                    ),
                ),
            )
        )

    @router.get("/launches")
    async def launches(
        actor: Annotated[Actor, requires(Action.READ_LAUNCH, judged=Judged.BY_FILTER)],
        deps: Deps,
        limit: Limit = PAGE_SIZE,
        cursor: CursorText = None,
    ) -> Listing[str]:
        after = NUMBERS.read(cursor, of="launches", holder=deps.holder(actor))
        first = after[0] + 1 if after else 0
        more = NUMBERS.write((first + limit - 1,), of="launches", holder=deps.holder(actor))
        named = allowed_regions(actor, Action.READ_LAUNCH).named
        return Listing(items=[*named, *map(str, range(first, first + limit))], next_cursor=more)

    @router.post("/launches", status_code=201)
    async def start_launch(
        request: Request,
        body: Wish,
        key: IdempotencyKey,
        actor: Annotated[Actor, requires(Action.START_LAUNCH, judged=Judged.BY_INSISTING)],
    ) -> Wish:
        await insist(request, body.regions, product=body.name)
        return body

    @router.put("/forgetful")
    async def forgetful(actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)]) -> str:
        return "done without asking"

    @router.put("/launches/{product}/objections/{key}")
    async def edit(
        product: Slug, key: Slug, conditional: Conditional, actor: Annotated[Actor, requires(Action.EDIT_CONTENT)]
    ) -> str:
        conditional.admit_edit(entity_tag("revision", 3))
        return "edited"

    @router.post("/imports/{kind}", status_code=202)
    async def start_import(
        kind: Slug, request: Request, actor: Annotated[Actor, requires(Action.IMPORT_FACTS)]
    ) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @router.get("/store")
    async def store_is_away(actor: Annotated[Actor, requires(Action.READ_POLICIES)]) -> str:
        raise StoreAway("the password is hunter2")

    @router.get("/engine")
    async def engine_is_away(actor: Annotated[Actor, requires(Action.READ_POLICIES)]) -> str:
        raise EngineAway

    @router.get("/broken")
    async def broken(actor: Annotated[Actor, requires(Action.READ_POLICIES)]) -> str:
        raise ZeroDivisionError("the password is hunter2")

    return router

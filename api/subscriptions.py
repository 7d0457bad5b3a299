"""Who is told of events, where, and how does a receiver know that it is us?"""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from activities.deliver_targets import LONGEST_URL, TargetRefused
from api.conditional import Conditional, Preconditions, entity_tag
from api.cursors import Listing
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.problems import Problem
from api.rights import Action
from readiness.canonical import digest
from readiness.telling import TYPES
from readiness.values import Body, Frozen, Moment, Slug
from store.sealing import Box
from store.webhooks import (
    KeyReused,
    Webhook,
    add_secret,
    change_webhook,
    every_webhook,
    find_webhook,
    make_webhook,
    remove_webhook,
)

WEBHOOK = "/webhooks/{webhook}"
BY_HAND = "It was disabled by hand."


def _known_type(name: str) -> str:
    if name not in TYPES:
        raise ValueError("there is no event of this type; see the table in docs/deliveries.md")
    return name


Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, examples=["https://receiver.example/launches"])]
Types = Annotated[
    tuple[Annotated[str, AfterValidator(_known_type)], ...], Field(max_length=100, examples=[["launch.region.held"]])
]
Slugs = Annotated[tuple[Slug, ...], Field(max_length=500)]


class WebhookBody(Body):
    """Where events are to be sent, and which; a list that is left out or empty means all."""

    url: Url
    types: Types = ()
    regions: Slugs = ()
    products: Slugs = ()


class WebhookPatch(Body):
    """What is to be changed; what is left out stays."""

    url: Url | None = None
    types: Types | None = None
    regions: Slugs | None = None
    products: Slugs | None = None
    enabled: bool | None = None


class WebhookAnswer(Frozen):
    """A webhook; its secrets are never shown again."""

    id: str
    url: str
    types: tuple[str, ...]
    regions: tuple[str, ...]
    products: tuple[str, ...]
    enabled: bool
    disabled_because: str | None
    made_by: str
    made_at: Moment


class WebhookMade(WebhookAnswer):
    """A webhook with its new secret, shown this once."""

    secret: str | None
    """`whsec_…`, to verify with after Standard Webhooks. Null where the request was a repeat: rotate it then."""


def subscriptions_router() -> APIRouter:
    """Return the routes of webhooks."""
    router = guarded_router(prefix="/v1", tags=["deliveries"])
    router.add_api_route("/webhooks", add_webhook, methods=["POST"], status_code=201, response_model=WebhookMade)
    router.add_api_route("/webhooks", webhooks, methods=["GET"], response_model=Listing[WebhookAnswer])
    router.add_api_route(WEBHOOK, webhook_of_id, methods=["GET"], response_model=WebhookAnswer)
    router.add_api_route(WEBHOOK, edit_webhook, methods=["PATCH"], response_model=WebhookAnswer)
    router.add_api_route(WEBHOOK, delete_webhook, methods=["DELETE"], status_code=204)
    router.add_api_route(f"{WEBHOOK}/rotate", rotate_webhook_secret, methods=["POST"], response_model=WebhookMade)
    return router


async def add_webhook(
    body: WebhookBody,
    response: Response,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.MANAGE_WEBHOOKS)],
) -> WebhookMade:
    """Have events sent to an address from now on; the answer holds the secret, which is never shown again."""
    box = _box(deps)
    await _admit(deps, body.url)
    wanted = body.model_dump(mode="json")

    def make() -> tuple[Webhook, str | None]:
        with deps.store.writing() as tx:
            now = deps.store.now(tx)
            return make_webhook(tx, wanted, by=actor.person, key=key, body_digest=digest(wanted), box=box, now=now)

    try:
        made, secret = await run_in_threadpool(make)
    except KeyReused:
        raise Problem("key-reused", "This key was used for another webhook; take a new one for each wish.") from None
    response.headers["Location"] = f"/v1/webhooks/{made.id}"
    response.headers["ETag"] = _tag(made)
    return WebhookMade(**_shown(made), secret=secret)


async def webhooks(deps: Deps, actor: Annotated[Actor, requires(Action.READ_DELIVERIES)]) -> Listing[WebhookAnswer]:
    """Return every webhook, the oldest first."""
    del actor

    def read() -> tuple[Webhook, ...]:
        with deps.store.reading() as tx:
            return every_webhook(tx)

    found = await run_in_threadpool(read)
    return Listing(items=[WebhookAnswer(**_shown(each)) for each in found])


async def webhook_of_id(
    webhook: str, response: Response, deps: Deps, actor: Annotated[Actor, requires(Action.READ_DELIVERIES)]
) -> WebhookAnswer:
    """Return one webhook, with the tag that an edit of it needs."""
    del actor

    def read() -> Webhook:
        with deps.store.reading() as tx:
            return _found(tx, webhook)

    found = await run_in_threadpool(read)
    response.headers["ETag"] = _tag(found)
    return WebhookAnswer(**_shown(found))


async def edit_webhook(
    webhook: str,
    body: WebhookPatch,
    response: Response,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.MANAGE_WEBHOOKS)],
) -> WebhookAnswer:
    """Change where a webhook leads or what it hears of; disable it, or enable it again."""
    del actor
    if body.url is not None:
        await _admit(deps, body.url)
    changes: dict[str, Any] = body.model_dump(mode="json", exclude_none=True)
    if "enabled" in changes:
        changes["disabled_because"] = None if changes["enabled"] else BY_HAND

    def change() -> Webhook:
        with deps.store.writing() as tx:
            return change_webhook(tx, _admitted(tx, webhook, conditional), changes)

    changed = await run_in_threadpool(change)
    response.headers["ETag"] = _tag(changed)
    return WebhookAnswer(**_shown(changed))


async def delete_webhook(
    webhook: str, conditional: Conditional, deps: Deps, actor: Annotated[Actor, requires(Action.MANAGE_WEBHOOKS)]
) -> Response:
    """Remove a webhook and forget its secrets; what was sent to it stays listed."""
    del actor

    def remove() -> None:
        with deps.store.writing() as tx:
            found = _admitted(tx, webhook, conditional, required=False)
            remove_webhook(tx, found.id, now=deps.store.now(tx))

    await run_in_threadpool(remove)
    return Response(status_code=204)


async def rotate_webhook_secret(
    webhook: str,
    response: Response,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.MANAGE_WEBHOOKS)],
) -> WebhookMade:
    """Give a webhook a new secret beside the newest old one: both sign until it is rotated once more.

    It is an edit: If-Match keeps a repeat from rotating twice, which would end what a receiver still holds.
    """
    del actor
    box = _box(deps)

    def rotate() -> tuple[Webhook, str]:
        with deps.store.writing() as tx:
            found = _admitted(tx, webhook, conditional)
            secret = add_secret(tx, webhook, box=box, now=deps.store.now(tx))
            return change_webhook(tx, found, {}), secret

    rotated, secret = await run_in_threadpool(rotate)
    response.headers["ETag"] = _tag(rotated)
    return WebhookMade(**_shown(rotated), secret=secret)


async def _admit(deps: Dependencies, url: str) -> None:
    """Raise a problem unless a webhook may lead there; it is checked again with every connection."""
    try:
        await deps.targets.target(url)
    except TargetRefused as refused:
        raise Problem("webhook-target-refused", str(refused)) from None
    except (OSError, TimeoutError):
        raise Problem(
            "webhook-target-refused", "Its name is not known to the resolver here; check how it is spelt."
        ) from None


def _box(deps: Dependencies) -> Box:
    if deps.box is None:
        raise Problem("not-ready", "No key is set here with which a webhook's secret could be sealed.")
    return deps.box


def _found(tx: Connection, webhook: str, *, for_update: bool = False) -> Webhook:
    found = find_webhook(tx, webhook, for_update=for_update)
    if found is None:
        raise Problem("not-found", "There is no webhook of that id.")
    return found


def _admitted(tx: Connection, webhook: str, conditional: Preconditions, *, required: bool = True) -> Webhook:
    found = _found(tx, webhook, for_update=True)
    conditional.admit_edit(_tag(found), required=required)
    return found


def _tag(webhook: Webhook) -> str:
    return entity_tag("webhook", webhook.id, webhook.version)


def _shown(webhook: Webhook) -> dict[str, Any]:
    return webhook.model_dump(exclude={"version"})

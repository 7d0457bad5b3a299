"""What was told to whom, how far did it come, and how is it sent again or somebody reminded?"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing
from api.dependencies import Deps
from api.guard import guarded_router, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.nudging import remind
from api.problems import Problem
from api.rights import Action
from readiness.delivering import Channel, DeliveryState
from readiness.people import PersonStatus
from readiness.values import Body, Frozen, Identifier, Line, Moment, Slug
from store.deliveries import (
    Delivery,
    NotReplayable,
    Try,
    find_delivery,
    list_deliveries,
    replay,
    tries_of,
)
from store.engine import Store
from store.people import Sought

_CURSORS = Cursors(tuple[Annotated[int, Field(ge=0, lt=2**63)]])


class DeliveryAnswer(Frozen):
    """One thing told to one target."""

    id: str
    event_id: str
    """What receivers know it by: `webhook-id`, and the CloudEvent's `id`."""
    channel: Channel
    target: str
    """The webhook's id, a person's id, or a room by its place: `chat/1`."""
    type: str
    """The event's type; of a notice its topic."""
    product: str
    region: str
    state: DeliveryState
    round: int
    """1, and one more for each replay."""
    tries: int
    """In this round."""
    at: Moment
    """When it happened."""
    made_at: Moment
    next_at: Moment | None
    ended_at: Moment | None


class DeliveryWithTries(DeliveryAnswer):
    """One thing told to one target, with every try and the body that is sent."""

    body: str | None
    """The CloudEvent byte for byte; null where it is rendered as it is sent."""
    each_try: tuple[Try, ...]


class NudgeBody(Body):
    """Who is to be reminded: people of the region's audience by id, or all of certain statuses, less whom the other
    filters leave out."""

    people: Annotated[tuple[Identifier, ...], Field(max_length=1_000)] = ()
    statuses: Annotated[tuple[PersonStatus, ...], Field(max_length=len(PersonStatus))] = ()
    manager: Identifier | None = None
    territory: Line | None = None
    course: Identifier | None = None
    """Only who has not completed it."""
    name: Annotated[Line, Field(max_length=128)] | None = None
    """Only whose name or id has this in it."""


class NudgeAnswer(Frozen):
    """Who will be reminded with their next digest, and how many already were to be."""

    nudged: tuple[str, ...]
    waiting: int


def deliveries_router() -> APIRouter:
    """Return the routes of deliveries and reminders."""
    router = guarded_router(prefix="/v1", tags=["deliveries"])
    router.add_api_route("/deliveries", deliveries, methods=["GET"], response_model=Listing[DeliveryAnswer])
    router.add_api_route("/deliveries/{delivery}", delivery_of_id, methods=["GET"], response_model=DeliveryWithTries)
    router.add_api_route(
        "/deliveries/{delivery}/replay",
        replay_delivery,
        methods=["POST"],
        status_code=202,
        response_model=DeliveryAnswer,
    )
    router.add_api_route(
        "/launches/{product}/regions/{region}/nudges",
        nudge_people,
        methods=["POST"],
        status_code=202,
        response_model=NudgeAnswer,
    )
    return router


async def deliveries(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_DELIVERIES)],
    state: Annotated[DeliveryState | None, Query(description="Only those that stand so.")] = None,
    product: Annotated[Slug | None, Query(description="Only those about this product.")] = None,
    limit: Limit = PAGE_SIZE,
    cursor: CursorText = None,
) -> Listing[DeliveryAnswer]:
    """Return what was told to whom, the newest first."""
    asked = {"state": state, "product": product}
    before = _CURSORS.read(cursor, of="deliveries", holder=deps.holder(actor), filters=asked)

    def read() -> tuple[Delivery, ...]:
        with deps.store.reading() as tx:
            return list_deliveries(
                tx, state=state, product=product, before=before[0] if before else None, limit=limit + 1
            )

    found = await run_in_threadpool(read)
    page = found[:limit]
    more = (
        _CURSORS.write((page[-1].number,), of="deliveries", holder=deps.holder(actor), filters=asked)
        if len(found) > limit
        else None
    )
    return Listing(items=[DeliveryAnswer(**_shown(each)) for each in page], next_cursor=more)


async def delivery_of_id(
    delivery: str, deps: Deps, actor: Annotated[Actor, requires(Action.READ_DELIVERIES)]
) -> DeliveryWithTries:
    """Return one delivery with every try: when, what was answered, and what follows."""
    del actor

    def read() -> tuple[Delivery, tuple[Try, ...]]:
        with deps.store.reading() as tx:
            found = find_delivery(tx, delivery)
            if found is None:
                raise unknown_delivery()
            return found, tries_of(tx, delivery)

    found, tries = await run_in_threadpool(read)
    return DeliveryWithTries(**_shown(found), body=found.body, each_try=tries)


async def replay_delivery(
    delivery: str,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.REPLAY_DELIVERY)],
) -> DeliveryAnswer:
    """Send a delivery again from the start, under the same id: a receiver that has it drops it."""
    return DeliveryAnswer(**_shown(await run_in_threadpool(again, deps.store, actor, delivery, key)))


def again(store: Store, actor: Actor, delivery: str, key: str) -> Delivery:
    """Have a delivery sent again; raises the problems `not-found` and `delivery-on-its-way`."""
    try:
        with store.writing() as tx:
            found = replay(tx, delivery, key=f"{actor.person} {key}")
    except NotReplayable:
        raise Problem("delivery-on-its-way", "It waits for its first try already; look again in a moment.") from None
    if found is None:
        raise unknown_delivery()
    return found


async def nudge_people(
    product: Slug,
    region: Slug,
    body: NudgeBody,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.NUDGE)],
) -> NudgeAnswer:
    """Remind people of a region's audience of what they are missing; each hears of it in one digest a day.

    Asked for again while it waits, it changes nothing.
    """

    sought = Sought(body.statuses, body.manager, body.territory, body.course, body.name)
    fresh, waiting = await run_in_threadpool(
        remind, deps, product, region, sought, frozenset(body.people), by=actor.person
    )
    return NudgeAnswer(nudged=fresh, waiting=waiting)


def unknown_delivery() -> Problem:
    """Return the 404 of a delivery that there is none of."""
    return Problem("not-found", "There is no delivery of that id.")


def _shown(delivery: Delivery) -> dict[str, Any]:
    return delivery.model_dump(exclude={"number", "body", "started_round", "first_at"})

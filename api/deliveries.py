"""What was told to whom, how far did it come, and how is it sent again or somebody reminded?"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.commanding import region_not_found
from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing
from api.dependencies import Deps
from api.guard import guarded_router, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.problems import Problem
from api.rights import Action
from readiness.delivering import Channel, DeliveryState
from readiness.people import PersonStatus
from readiness.values import Body, Frozen, Identifier, Moment, Slug
from store.deliver_people import nudge
from store.deliveries import (
    Delivery,
    NotReplayable,
    Try,
    find_delivery,
    list_deliveries,
    replay,
    tries_of,
)
from store.people import LONGEST_PAGE, people_judged_at, tracker
from store.regions import latest_region

MOST_NUDGED = 10_000
"""People that one request may remind."""

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
    """Who is to be reminded: people of the region's audience by id, or all of certain statuses."""

    people: Annotated[tuple[Identifier, ...], Field(max_length=1_000)] = ()
    statuses: Annotated[tuple[PersonStatus, ...], Field(max_length=len(PersonStatus))] = ()


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
                raise _unknown()
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

    def again() -> Delivery:
        with deps.store.writing() as tx:
            found = replay(tx, delivery, key=f"{actor.person} {key}")
            if found is None:
                raise _unknown()
            return found

    try:
        found = await run_in_threadpool(again)
    except NotReplayable:
        raise Problem("delivery-on-its-way", "It waits for its first try already; look again in a moment.") from None
    return DeliveryAnswer(**_shown(found))


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

    def remind() -> NudgeAnswer:
        with deps.store.writing() as tx:
            if latest_region(tx, product, region) is None:
                raise region_not_found(product, region)
            chosen = _chosen(tx, deps, product, region, body)
            fresh = nudge(tx, product, region, chosen, by=actor.person, now=deps.store.now(tx))
            return NudgeAnswer(nudged=fresh, waiting=len(chosen) - len(fresh))

    return await run_in_threadpool(remind)


def _chosen(tx: Connection, deps: Any, product: str, region: str, body: NudgeBody) -> set[str]:
    """Return the people of the audience that are meant; whoever is not of it is left out."""
    now = deps.store.now(tx)
    at = people_judged_at(tx, product, region, now=now) or now
    asked, chosen, cursor = set(body.people), set[str](), ""
    while len(chosen) < MOST_NUDGED:
        page, following = tracker(
            tx, product, region, at=at, gathered_at=now, cursor=cursor, limit=LONGEST_PAGE, statuses=()
        )
        chosen |= {each.person_id for each in page if each.person_id in asked or each.status in body.statuses}
        if following is None:
            break
        cursor = following
    return chosen


def _unknown() -> Problem:
    return Problem("not-found", "There is no delivery of that id.")


def _shown(delivery: Delivery) -> dict[str, Any]:
    return delivery.model_dump(exclude={"number", "body", "started_round", "first_at"})

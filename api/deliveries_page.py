"""What do the pages of deliveries show, and how is one sent again from there?"""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.deliveries import again, unknown_delivery
from api.dependencies import Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.page_answers import page_response, see_other, viewer_of
from api.page_forms import blank_form, filled_in, key_of
from api.rights import Action, can
from readiness.delivering import DeliveryState
from store.deliveries import Delivery, Try, count_deliveries, find_delivery, list_deliveries, tries_of
from store.names import names_of
from store.webhooks import every_webhook
from templates.pages import DeliveriesPage, DeliveryLine, DeliveryPage, StateTotal, TryLine
from templates.words import fate

PAGE = 100


def deliveries_page_router() -> APIRouter:
    """Return the routes of the pages of deliveries."""
    router = guarded_router()
    router.add_api_route("/deliveries", show_deliveries, methods=["GET"], response_model=None)
    router.add_api_route("/deliveries/{delivery}", show_delivery, methods=["GET"], response_model=None)
    router.add_api_route("/deliveries/{delivery}/replay", send_again, methods=["POST"], response_model=None)
    return router


async def show_deliveries(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_DELIVERIES, persona=True)],
    state: DeliveryState | None = None,
    before: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> Response:
    """Show what was told to whom, the newest first."""

    def shown() -> Response:
        with deps.store.reading() as tx:
            found = list_deliveries(tx, state=state, product=None, before=before, limit=PAGE + 1)
            counts = count_deliveries(tx)
            enabled = [webhook.enabled for webhook in every_webhook(tx)]
            names = names_of(tx, {actor.person})
            read_at = deps.store.now(tx)
        page = found[:PAGE]
        kept = f"state={state.value}&" if state is not None else ""
        return page_response(
            DeliveriesPage(
                viewer=viewer_of(actor, deps, name=names.get(actor.person)),
                refresh_seconds=None,
                read_at=read_at,
                states=tuple(
                    StateTotal(
                        state=each,
                        count=counts.get(each, 0),
                        address="/deliveries" if each is state else f"/deliveries?state={each.value}",
                        is_chosen=each is state,
                    )
                    for each in DeliveryState
                ),
                lines=tuple(map(_line, page)),
                subscribed=enabled.count(True),
                disabled=enabled.count(False),
                next_address=f"/deliveries?{kept}before={page[-1].number}" if len(found) > PAGE else None,
            ),
            request,
        )

    return await run_in_threadpool(shown)


async def show_delivery(
    delivery: str,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_DELIVERIES, persona=True)],
) -> Response:
    """Show one delivery with every try."""

    def shown() -> Response:
        with deps.store.reading() as tx:
            found = find_delivery(tx, delivery)
            if found is None:
                raise unknown_delivery()
            tries, names = tries_of(tx, delivery), names_of(tx, {actor.person})
            read_at = deps.store.now(tx)
        may = can(actor, Action.REPLAY_DELIVERY) and found.state is not DeliveryState.PENDING
        return page_response(
            DeliveryPage(
                viewer=viewer_of(actor, deps, name=names.get(actor.person)),
                refresh_seconds=None,
                read_at=read_at,
                line=_line(found),
                tries=tuple(map(_try, tries)),
                body=found.body,
                form=blank_form() if may else None,
            ),
            request,
        )

    return await run_in_threadpool(shown)


async def send_again(
    delivery: str, request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.REPLAY_DELIVERY)]
) -> Response:
    """Send a delivery again from the start."""
    filled = await filled_in(request)
    found = await run_in_threadpool(again, deps.store, actor, delivery, key_of(filled))
    return see_other(f"/deliveries/{found.id}", said="sent-again")


def _line(delivery: Delivery) -> DeliveryLine:
    return DeliveryLine(
        id=delivery.id,
        channel=delivery.channel,
        target=delivery.target,
        type=delivery.type,
        product=delivery.product,
        region=delivery.region,
        state=delivery.state,
        tries=delivery.tries,
        at=delivery.at,
        next_at=delivery.next_at,
    )


def _try(each: Try) -> TryLine:
    return TryLine(
        round=each.round,
        number=each.number,
        began_at=each.began_at,
        ended_at=each.ended_at,
        fate=fate(each.fate, each.status, each.detail),
    )

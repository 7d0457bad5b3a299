"""How is one act carried out in many regions, and answered region by region?"""

# One Idempotency-Key stands for the whole. The first region that is asked keeps it as the key of its own command,
# with all the regions that were meant: so a repeat means the same regions, and another wish under that key is found
# out. The commands of the others have keys that follow from it. A repeat finishes what was left, and repeats nothing.

import asyncio
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.acting import carry_out, rehearse, role_for
from api.acts import Act, Said
from api.commanding import Request as Asking
from api.commanding import key_reused, launch_not_found
from api.dependencies import Dependencies, dependencies_of
from api.guard import record_denied
from api.idempotency import Wish
from api.identity import Actor
from api.many_bodies import EachBody
from api.openapi import NAME_PATTERN
from api.origin import origin_of
from api.problems import ProblemDocument, document_of, problem_of
from api.rehearsing import RehearsalAnswer
from api.rights import allowed_regions, may_act_for, not_allowed
from api.telling import TOLD_BY_THEMSELVES, problem_for
from readiness.keys import RegionKey
from readiness.permit_refusals import PermitNotGiven
from readiness.refusals import LaunchHasEnded
from store.commands import digest_of_document, logged_under_key
from store.permits import launched_in
from store.regions import latest_launch, open_regions, pairs_of

REGIONS_AT_ONCE = 4
"""Regions of one request that are asked at the same time: each is a workflow of its own, so none waits for another,
and one person's wish leaves room for everybody else's."""

MIXED = 207
"""The status of an answer in which not every region did what was asked; RFC 4918 has it as Multi-Status."""


class EachItem(BaseModel):
    """What one region answered: as the call on that region would have, with its status."""

    region: str
    status: int
    answer: Said | RehearsalAnswer | None = None
    problem: ProblemDocument | None = None


class EachAnswer(BaseModel):
    """What each region answered, by region."""

    items: tuple[EachItem, ...]


EACH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Every region did what was asked, or told what would follow."},
    MIXED: {"model": EachAnswer, "description": "At least one region did not: `problem` of its item says why."},
}
"""For routes that govern many regions: what the description says of their answers."""


class Meant(NamedTuple):
    """Which regions a request is about, and what is logged in each."""

    regions: tuple[str, ...]
    body_of: Callable[[str], dict[str, Any]]
    first: str | None = None
    """The region that keeps the key of the whole; None before any was asked."""
    keeps_key: bool = True
    """Whether one of the regions keeps the key of the whole, and not something else that was asked before them."""


async def act_on_each(request: Request, actor: Actor, wish: Wish, product: str, body: EachBody, act: Act) -> Response:
    """Carry out or rehearse `act` in every region that `body` means, and answer with what each of them said."""
    return each_response(await done_in_each(request, actor, wish, product, body, act))


async def done_in_each(
    request: Request, actor: Actor, wish: Wish, product: str, body: EachBody, act: Act
) -> tuple[EachItem, ...]:
    """Carry out or rehearse `act` in every region that `body` means, and return what each of them said."""
    meant = await run_in_threadpool(_meant, dependencies_of(request), actor, wish, product, body, act)
    if not meant.regions:
        await record_denied(request, [], product=product)
        raise not_allowed(act.action, " in this launch")
    if re.fullmatch(NAME_PATTERN, product) is None:
        raise launch_not_found(product)
    return await ask_each(request, actor, wish, product, act, meant)


async def ask_each(
    request: Request, actor: Actor, wish: Wish, product: str, act: Act, meant: Meant
) -> tuple[EachItem, ...]:
    """Return what each region says, by region; no more than `REGIONS_AT_ONCE` are asked at a time."""
    turnstile = asyncio.Semaphore(1 if act.one_by_one else REGIONS_AT_ONCE)
    said: dict[str, EachItem] = {}

    async def ask(region: str, key: str) -> None:
        async with turnstile:
            said[region] = await _one(request, actor, Wish(key, wish.is_rehearsal), product, region, act, meant)

    first = meant.first
    waiting = [region for region in meant.regions if region != first]
    if first is not None:
        await ask(first, wish.key)
    elif meant.keeps_key and not wish.is_rehearsal:
        # The first that is logged keeps the key: until then nothing has happened that a repeat would have to know.
        while waiting and not await run_in_threadpool(_is_logged, dependencies_of(request), actor, wish.key):
            await ask(waiting.pop(0), wish.key)
    await asyncio.gather(*(ask(region, key_for(wish.key, region)) for region in waiting))
    return tuple(said[region] for region in meant.regions)


def each_response(items: tuple[EachItem, ...]) -> Response:
    """Return the answer that carries `items`: 200 where all went well, else 207."""
    status = 200 if all(item.problem is None for item in items) else MIXED
    return Response(EachAnswer(items=items).model_dump_json(), status_code=status, media_type="application/json")


def key_for(key: str, region: str) -> str:
    """Return the key of the command in one region that follows from the key of the whole."""
    return f"each:{sha256(key.encode('ascii')).hexdigest()[:32]}:{region}"


def bodies_of(said: dict[str, Any], regions: tuple[str, ...], body: EachBody) -> Callable[[str], dict[str, Any]]:
    """Return what is logged in each region: what was said for it, and which regions were meant."""

    def body_of(region: str) -> dict[str, Any]:
        return {**said, "seen": body.seen_of(region), "meant": list(regions)}

    return body_of


def found_first(
    deps: Dependencies, actor: Actor, key: str, act: Act, product: str
) -> tuple[str, tuple[str, ...], Any] | None:
    """Return what was asked before under this key: the first region, all that were meant, and the body that it kept.

    Raises the problem `key-reused` where that was something else.
    """
    with deps.store.reading() as tx:
        earlier = logged_under_key(tx, actor.person, key)
    if earlier is None:
        return None
    scope = earlier.scope
    if not isinstance(scope, RegionKey) or (scope.product, earlier.kind) != (product, act.kind):
        raise key_reused()
    if "meant" not in earlier.body:
        raise key_reused()
    return scope.region, tuple(earlier.body["meant"]), earlier.body


def _meant(deps: Dependencies, actor: Actor, wish: Wish, product: str, body: EachBody, act: Act) -> Meant:
    said = body.model_dump(mode="json")
    earlier = None if wish.is_rehearsal else found_first(deps, actor, wish.key, act, product)
    if earlier is not None:
        first, regions, kept = earlier
        body_of = bodies_of(said, regions, body)
        if digest_of_document(kept) != digest_of_document(body_of(first)):
            raise key_reused()
        return Meant(regions, body_of, first)
    named = body.named()
    meant = named if named is not None else _running(deps, actor, product, act)
    return Meant(meant, bodies_of(said, meant, body))


def _running(deps: Dependencies, actor: Actor, product: str, act: Act) -> tuple[str, ...]:
    """Return the regions of the launch that `act` is about, and in which `actor` may do it.

    To who has the right in none of its regions the launch is not there.
    """
    allowed = allowed_regions(actor, act.action)
    with deps.store.reading() as tx:
        if not any(allowed.covers(region) for _, region in pairs_of(tx, product)):
            raise launch_not_found(product)
    return tuple(
        region
        for region in (launched_regions if act.is_after_launch else running_regions)(deps, product)
        if allowed.covers(region) and (act.function is None or may_act_for(actor, act.function, region))
    )


def running_regions(deps: Dependencies, product: str) -> tuple[str, ...]:
    """Return the regions of the launch that have not ended; raises the problem of a launch without any."""
    with deps.store.reading() as tx:
        if latest_launch(tx, product) is None:
            raise launch_not_found(product)
        running = tuple(sorted(key.region for key in open_regions(tx, product)))
    if not running:
        detail = f"Every region of the launch of {product} has ended. Start the product's next launch instead."
        raise problem_of(LaunchHasEnded(detail=detail))
    return running


def launched_regions(deps: Dependencies, product: str) -> tuple[str, ...]:
    """Return the regions whose latest run has launched; raises a problem where there is none."""
    with deps.store.reading() as tx:
        if latest_launch(tx, product) is None:
            raise launch_not_found(product)
        launched = launched_in(tx, product)
    if not launched:
        raise problem_of(PermitNotGiven(detail=f"{product} has launched nowhere, so there is no permit to revoke."))
    return launched


def _is_logged(deps: Dependencies, actor: Actor, key: str) -> bool:
    with deps.store.reading() as tx:
        return logged_under_key(tx, actor.person, key) is not None


async def _one(
    request: Request, actor: Actor, wish: Wish, product: str, region: str, act: Act, meant: Meant
) -> EachItem:
    try:
        role = await role_for(request, actor, act, region)
        asking = Asking(actor, role, wish.key, act.kind, meant.body_of(region), origin_of(request, actor))
        if wish.is_rehearsal:
            return EachItem(region=region, status=200, answer=await rehearse(request, asking, product, region, act))
        answer = await carry_out(request, asking, product, region, act)
    except TOLD_BY_THEMSELVES as error:
        problem = problem_for(error)
        document = ProblemDocument.model_validate(document_of(problem))
        return EachItem(region=region, status=problem.kind.status, problem=document)
    return EachItem(region=region, status=act.status, answer=answer)

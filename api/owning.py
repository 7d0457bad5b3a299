"""How does a launch get another owner?"""

# The launch as a whole is handed over first, so that whatever joins it from then on is the new owner's; then each
# running region by a command of its own: its ledger alone must tell who may not decide there. Nothing is handed over
# unless every region would take it.

from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.acts import owning
from api.bodies import OwnerBody
from api.commanding import Request as Asking
from api.commanding import command_launch, key_reused, launch_not_found
from api.dependencies import Dependencies, dependencies_of
from api.guard import Judged, guarded_router, record_denied, requires
from api.idempotency import Wish, Wished
from api.identity import Actor
from api.many import EACH, EachAnswer, EachItem, Meant, ask_each, each_response, running_regions
from api.origin import origin_of
from api.problems import Fault, Problem, invalid
from api.rights import RIGHTS, Action, right_used
from readiness.commands import HandOver, Role
from readiness.keys import LaunchKey
from readiness.ownership import require_another
from store.commands import LoggedCommand, logged_under_key
from store.names import printed_name
from store.regions import latest_launch, latest_record, launch_record


class Estate(NamedTuple):
    """What there is to hand over: who owns the launch, and who each of its running regions."""

    owner: str
    regions: dict[str, str]


def owning_router() -> APIRouter:
    """Return the route by which a launch is handed over."""
    router = guarded_router(prefix="/v1/launches", tags=["launches"])
    router.add_api_route(
        "/{product}/owner", change_owner, methods=["POST"], response_model=EachAnswer, responses=EACH
    )
    return router


async def change_owner(
    product: str,
    body: OwnerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CHANGE_OWNER, judged=Judged.BY_FILTER)],
) -> Any:
    """Hand the launch over to another person, in every running region or, where one refuses, in none."""
    return each_response(await hand_over(request, actor, wish, product, body))


async def hand_over(
    request: Request, actor: Actor, wish: Wish, product: str, body: OwnerBody
) -> tuple[EachItem, ...]:
    """Hand the launch over, or rehearse it, and return what each region said; raises the problem of its refusal."""
    deps = dependencies_of(request)
    earlier = None if wish.is_rehearsal else await run_in_threadpool(_asked_before, deps, actor, wish, product, body)
    if earlier is not None:
        role, regions = earlier.role, tuple(earlier.body["meant"])
    else:
        estate = await run_in_threadpool(_estate, deps, product)
        role = await _role(request, actor, product, estate)
        await run_in_threadpool(_require_known, deps, body.owner)
        require_another(body.owner, [estate.owner, *estate.regions.values()])
        regions = tuple(region for region, owner in estate.regions.items() if owner != body.owner)
        would = await ask_each(
            request, actor, Wish("", is_rehearsal=True), product, owning(body, role), _meant(body, regions)
        )
        if wish.is_rehearsal:
            return would
        _require_all(would)
    said = {**body.model_dump(mode="json"), "meant": list(regions)}
    await command_launch(
        deps,
        Asking(actor, role, wish.key, "hand_over", said, origin_of(request, actor)),
        product=product,
        starts=False,
        make=lambda _tx, asked: HandOver.model_validate({**asked, "owner": body.owner}),
    )
    return await ask_each(request, actor, wish, product, owning(body, role), _meant(body, regions))


def _meant(body: OwnerBody, regions: tuple[str, ...]) -> Meant:
    said = body.model_dump(mode="json")

    def body_of(_region: str) -> dict[str, Any]:
        return said

    return Meant(regions, body_of, keeps_key=False)


def _asked_before(
    deps: Dependencies, actor: Actor, wish: Wish, product: str, body: OwnerBody
) -> LoggedCommand | None:
    """Return what was asked under this key before; raises `key-reused` where it was something else."""
    with deps.store.reading() as tx:
        earlier = logged_under_key(tx, actor.person, wish.key)
    if earlier is None:
        return None
    is_there = isinstance(earlier.scope, LaunchKey) and earlier.scope.product == product
    if not is_there or earlier.kind != "hand_over":
        raise key_reused()
    if {name: value for name, value in earlier.body.items() if name != "meant"} != body.model_dump(mode="json"):
        raise key_reused()
    return earlier


def _estate(deps: Dependencies, product: str) -> Estate:
    running = running_regions(deps, product)
    with deps.store.reading() as tx:
        key = latest_launch(tx, product)
        launch = launch_record(tx, key).launch if key is not None else None
        if launch is None:
            raise launch_not_found(product)
        records = [record for region in running if (record := latest_record(tx, product, region)) is not None]
    return Estate(launch.plan.owner, {record.key.region: record.region.owner for record in records})


async def _role(request: Request, actor: Actor, product: str, estate: Estate) -> Role:
    """Return the role in which `actor` hands the launch over: any of theirs where they own it, else product manager
    of every running region; raises a 403 problem, and records it."""
    role = role_to_hand_over(actor, estate.owner, estate.regions)
    if role is not None:
        return role
    manages = _managed(actor, estate.regions)
    others = [region for region in estate.regions if region not in manages]
    if not any(right_used(actor, Action.CHANGE_OWNER, region) for region in estate.regions):
        # To who has no right in any of its regions the launch is not there.
        await record_denied(request, others, product=product)
        raise launch_not_found(product)
    await record_denied(request, others, product=product)
    raise Problem(
        "not-allowed",
        f"A launch is handed over by its owner, {estate.owner}, or by a product manager of all its regions; you do "
        f"not manage {', '.join(others)}.",
    )


_MANAGER = Role.PRODUCT_MANAGER


def role_to_hand_over(actor: Actor, owner: str, regions: Iterable[str]) -> Role | None:
    """Return the role in which `actor` hands over what `owner` owns in `regions`; None where they may not."""
    running = tuple(regions)
    if len(_managed(actor, running)) == len(running):
        return _MANAGER
    governing = RIGHTS[Action.CHANGE_OWNER].roles
    held = (role for role in governing if any(grant.role is role for grant in actor.roles))
    return next(held, None) if actor.person == owner else None


def _managed(actor: Actor, regions: Iterable[str]) -> list[str]:
    return [region for region in regions if right_used(actor, Action.CHANGE_OWNER, region) is _MANAGER]


def _require_known(deps: Dependencies, owner: str) -> None:
    with deps.store.reading() as tx:
        if printed_name(tx, owner) is None:
            reason = f"Nobody here has the id {owner}; import them with the people, or name another."
            raise invalid([Fault(path="owner", code="unknown-person", reason=reason)])


def _require_all(would: tuple[EachItem, ...]) -> None:
    """Raise the problem of regions that would not take the new owner, with what each of them says."""
    refused = [(item.region, _refusal(item)) for item in would]
    named = [{"region": region, **refusal} for region, refusal in refused if refusal is not None]
    if named:
        listed = ", ".join(each["region"] for each in named)
        raise Problem(
            "owner-not-taken",
            f"Nothing was handed over, because {listed} would refuse. See what each of them says in `regions`.",
            regions=named,
        )


def _refusal(item: EachItem) -> dict[str, str] | None:
    told = item.problem if item.problem is not None else getattr(item.answer, "refusal", None)
    return {"type": told.type, "detail": told.detail} if told is not None else None

"""How is the policy of a running launch changed, by two people, and what would a change flip?"""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import ConfigDict
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.acting import act_on_region
from api.acts import answering_policy, changing_policy
from api.bodies import PolicyAnswerBody, PolicyChangeBody, PolicyDocument
from api.commanding import region_not_found
from api.dependencies import Deps
from api.governing import REGION
from api.guard import Judged, guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.many import EACH, EachAnswer, act_on_each
from api.many_bodies import PolicyAnswersBody, PolicyChangesBody
from api.problems import Fault, invalid
from api.rehearsing import REHEARSED
from api.rights import Action, allowed_regions
from readiness.commands import ConfirmPolicyChange, DeclinePolicyChange
from readiness.plan_document import policy_as_document, read_policy
from readiness.plan_faults import PlanFaulty
from readiness.policy_changes import Flips
from readiness.policy_events import Applies
from readiness.readiness import Readiness
from readiness.values import Body, Frozen, Moment, Slug
from store.policy_changes import flips_of
from store.regions import latest_record


class PolicyChangeShown(Frozen):
    """A change of policy that waits for a second person, or for its moment."""

    change: str
    policy: dict[str, Any]
    below_tier: tuple[str, ...]
    applies: Applies
    from_at: Moment | None
    asked_by: str
    asked_at: Moment
    confirmed_by: str | None
    confirmed_at: Moment | None


class PolicyAnswer(Frozen):
    """The policy that counts in a region, and the change that waits."""

    policy: dict[str, Any]
    below_tier: tuple[str, ...]
    change: PolicyChangeShown | None


class RehearsedPolicyBody(Body):
    """Another policy, for one product or for every running launch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"product": "atlas-2", "policy": {"certification": {"required_share": 0.7}}, "applies": "all"}
            ]
        }
    )

    product: Slug | None = None
    policy: PolicyDocument
    applies: Applies = Applies.ALL


class RehearsedPolicy(Frozen):
    """What another policy would flip, region by region; a region in which nothing would is left out."""

    regions: int
    """How many running regions were tried."""
    items: tuple[Flips, ...]


def policy_router() -> APIRouter:
    """Return the routes by which a policy is changed, and a change rehearsed."""
    router = guarded_router(prefix="/v1", tags=["governing"])
    router.add_api_route("/policies/rehearse", rehearse_policy, methods=["POST"], response_model=RehearsedPolicy)
    one = f"/launches{REGION}/policy"
    router.add_api_route(one, policy_of_region, methods=["GET"], response_model=PolicyAnswer)
    router.add_api_route(
        one, ask_change, methods=["POST"], status_code=201, response_model=Readiness, responses=REHEARSED
    )
    for act, route in (("confirm", confirm_change), ("decline", decline_change)):
        router.add_api_route(f"{one}/{act}", route, methods=["POST"], response_model=Readiness, responses=REHEARSED)
    many = "/launches/{product}/policy"
    for path, each in (
        (many, ask_each_change),
        (f"{many}/confirm", confirm_each_change),
        (f"{many}/decline", decline_each_change),
    ):
        router.add_api_route(path, each, methods=["POST"], response_model=EachAnswer, responses=EACH)
    return router


async def rehearse_policy(
    body: RehearsedPolicyBody,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS, judged=Judged.BY_FILTER)],
) -> RehearsedPolicy:
    """Say which running regions would stand otherwise by another policy, and why; nothing changes."""
    allowed = allowed_regions(actor, Action.READ_READINESS)
    within = None if allowed.everywhere else allowed.named

    def tried(tx: Connection) -> RehearsedPolicy:
        found = flips_of(
            tx,
            lambda base: read_policy(body.policy, base=base)[0],
            product=body.product,
            within=within,
            applies=body.applies,
            now=deps.store.now(tx),
        )
        return RehearsedPolicy(regions=len(found), items=tuple(each for each in found if each.flips))

    def read() -> RehearsedPolicy:
        with deps.store.reading() as tx:
            try:
                return tried(tx)
            except PlanFaulty as faulty:
                found = [Fault(path=f"policy.{f.path}", code=f.code, reason=f.reason) for f in faulty.faults]
                raise invalid(found) from faulty

    return await run_in_threadpool(read)


async def policy_of_region(
    product: str, region: str, deps: Deps, actor: Annotated[Actor, requires(Action.READ_READINESS)]
) -> PolicyAnswer:
    """Return the policy that counts in a region, and the change that waits for a second person or its moment."""
    del actor

    def read() -> PolicyAnswer:
        with deps.store.reading() as tx:
            record = latest_record(tx, product, region)
        if record is None:
            raise region_not_found(product, region)
        change = record.region.policy_change
        shown = None
        if change is not None:
            said = change.model_dump(exclude={"policy"})
            shown = PolicyChangeShown(policy=policy_as_document(change.policy), **said)
        return PolicyAnswer(
            policy=policy_as_document(record.region.policy), below_tier=record.region.below_tier, change=shown
        )

    return await run_in_threadpool(read)


async def ask_change(
    product: str,
    region: str,
    body: PolicyChangeBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CHANGE_POLICY)],
) -> Any:
    """Ask for another policy in a running region; an executive confirms it before it counts."""
    return await act_on_region(request, actor, wish, product, region, changing_policy(body))


async def confirm_change(
    product: str,
    region: str,
    body: PolicyAnswerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_POLICY)],
) -> Any:
    """Confirm a change of policy that another person asked for."""
    return await act_on_region(request, actor, wish, product, region, answering_policy(body, ConfirmPolicyChange))


async def decline_change(
    product: str,
    region: str,
    body: PolicyAnswerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_POLICY)],
) -> Any:
    """Decline a change of policy, or take back one's own."""
    return await act_on_region(request, actor, wish, product, region, answering_policy(body, DeclinePolicyChange))


async def ask_each_change(
    product: str,
    body: PolicyChangesBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CHANGE_POLICY, judged=Judged.BY_FILTER)],
) -> Any:
    """Ask for another policy in several regions of a launch."""
    return await act_on_each(request, actor, wish, product, body, changing_policy(body))


async def confirm_each_change(
    product: str,
    body: PolicyAnswersBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_POLICY, judged=Judged.BY_FILTER)],
) -> Any:
    """Confirm the same change of policy in several regions."""
    return await act_on_each(request, actor, wish, product, body, answering_policy(body, ConfirmPolicyChange))


async def decline_each_change(
    product: str,
    body: PolicyAnswersBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_POLICY, judged=Judged.BY_FILTER)],
) -> Any:
    """Decline the same change of policy in several regions."""
    return await act_on_each(request, actor, wish, product, body, answering_policy(body, DeclinePolicyChange))

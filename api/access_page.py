"""What does the page of roles and keys show, and how are they given and taken there?"""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Dependencies, Deps, dependencies_of
from api.grants import RoleBody, change_role
from api.guard import Judged, guarded_router, requires
from api.identity import EVERYWHERE, Actor, RoleGrant
from api.keys import KeyBody, made_key, revoked_key
from api.page_answers import page_response, roles_in_words, see_other, viewer_of
from api.page_forms import FormFaulty, blank_form, body_of, filled_in, key_of, refused_form
from api.rights import Action, allowed_regions, can
from api.telling import TOLD_BY_THEMSELVES, problem_for
from readiness.commands import Role
from readiness.key_rules import KEY_ROLES
from store.access import RecordedChange, latest_changes
from store.api_keys import ApiKey, every_key
from store.holders import HolderOfRoles, holders_in, holders_of_roles
from store.names import names_of
from store.overview import named_regions
from templates.language import gettext
from templates.pages import AccessPage, Form, GoLine, HolderLine, KeyLine, RoleLine
from templates.words import ROLES, region_said

ACCESS_PATH = "/access"
CHANGES = 50
"""Changes of roles on the page; all of them are in the API."""

SOUGHT_AMONG = 2_000
"""People among whom those with a role, or in a region, are sought."""

HOLDERS = 200
"""People on the page with what they hold; others are found by their id."""

Changed = Literal["granted", "withdrawn"]


def access_page_router() -> APIRouter:
    """Return the routes of the page of roles and keys."""
    router = guarded_router()
    router.add_api_route(ACCESS_PATH, show_access, methods=["GET"], response_model=None)
    router.add_api_route(f"{ACCESS_PATH}/roles", change_roles, methods=["POST"], response_model=None)
    router.add_api_route(f"{ACCESS_PATH}/keys", make_key_here, methods=["POST"], response_model=None)
    router.add_api_route(
        f"{ACCESS_PATH}/keys/{{key_id}}/revoke", revoke_key_here, methods=["POST"], response_model=None
    )
    return router


async def show_access(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_ROLES, judged=Judged.BY_FILTER, persona=True)],
    person: Annotated[str, Query(max_length=128)] = "",
    role: Annotated[str, Query(max_length=128)] = "",
    region: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    """Show who was granted which role, by whom and why, and which programs have a key."""

    def shown() -> Response:
        return page_response(access_page(deps, actor, person=person.strip(), role=role, region=region), request)

    return await run_in_threadpool(shown)


async def change_roles(
    request: Request, actor: Annotated[Actor, requires(Action.CHANGE_ROLES, judged=Judged.BY_FILTER)]
) -> Response:
    """Grant somebody a role, or withdraw it."""
    filled = await filled_in(request)
    change: Changed = "withdrawn" if filled.get("change") == "withdrawn" else "granted"
    try:
        body = body_of(RoleBody, {name: text for name, text in filled.items() if name not in {"person", "change"}})
        await change_role(request, actor, key_of(filled), filled.get("person", "").strip(), body, change)
    except FormFaulty as faulty:
        return await _again(request, actor, status=422, change_form=_with(faulty.form, filled))
    except TOLD_BY_THEMSELVES as told:
        problem = problem_for(told)
        return await _again(request, actor, status=problem.kind.status, change_form=refused_form(filled, problem))
    return see_other(ACCESS_PATH, said=f"role-{change}")


async def make_key_here(
    request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.MANAGE_KEYS)]
) -> Response:
    """Make a key for a program, and show it this once."""
    filled = await filled_in(request)
    regions = filled.get("regions", "").replace(",", " ").split()
    day = filled.get("expires_at", "")
    asked = {"name": filled.get("name", ""), "expires_at": f"{day}T00:00:00Z" if day else ""}
    scope = {"scopes.0.role": filled.get("role", ""), "scopes.0.regions": "\n".join(regions)}
    if regions == ["*"]:
        scope = {"scopes.0.role": filled.get("role", ""), "scopes.0.regions": "*"}
    lists = () if regions == ["*"] else ("scopes.0.regions",)
    try:
        body = body_of(KeyBody, {**asked, **scope}, lists=lists)
        made = await run_in_threadpool(made_key, deps.store, actor, body, key_of(filled))
    except FormFaulty as faulty:
        return await _again(request, actor, status=422, key_form=_with(_plain(faulty.form), filled))
    except TOLD_BY_THEMSELVES as told:
        problem = problem_for(told)
        return await _again(request, actor, status=problem.kind.status, key_form=refused_form(filled, problem))
    # Not by a way round over another address: the secret is told in this answer alone.
    return await _again(request, actor, status=201, new_key=made.key)


async def revoke_key_here(key_id: str, deps: Deps, actor: Annotated[Actor, requires(Action.MANAGE_KEYS)]) -> Response:
    """Revoke a key."""
    await run_in_threadpool(revoked_key, deps.store, actor, key_id)
    return see_other(ACCESS_PATH, said="key-revoked")


def access_page(
    deps: Dependencies,
    actor: Actor,
    *,
    person: str = "",
    role: str = "",
    region: str = "",
    change_form: Form | None = None,
    key_form: Form | None = None,
    new_key: str | None = None,
) -> AccessPage:
    """Return what `actor` may see of roles and keys, with forms as they were filled in, if they were."""
    allowed = allowed_regions(actor, Action.READ_ROLES)
    may_change = bool(allowed_regions(actor, Action.CHANGE_ROLES))
    may_make = can(actor, Action.MANAGE_KEYS)
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        changes = latest_changes(
            tx, person=person or None, within=None if allowed.everywhere else allowed.named, limit=CHANGES
        )
        held = holders_of_roles(
            tx,
            person=person or None,
            within=None if allowed.everywhere else allowed.named,
            now=now,
            limit=SOUGHT_AMONG if role or region else HOLDERS,
            role=next((each for each in Role if each.value == role), None),
            region=region or None,
        )
        regions = dict(named_regions(tx, within=None if allowed.everywhere else allowed.named))
        decide = {at: each.get(Role.EXECUTIVE.value, ()) for at, each in holders_in(tx, regions, now=now).items()}
        keys = every_key(tx) if can(actor, Action.READ_KEYS) else None
        people = {
            actor.person,
            *(each.person for each in held.holders),
            *(one for of in decide.values() for one in of),
        }
        names = {persona.person: persona.name for persona in deps.personas}
        names |= names_of(tx, people | {person for each in changes for person in (each.person, each.by)})
    return AccessPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=now,
        roles=tuple((role.value, gettext(ROLES[role])) for role in Role),
        holders=tuple(_holder_line(each, names, regions) for each in held.holders),
        more_holders=held.has_more,
        changes=tuple(_role_line(each, names, regions) for each in changes),
        person=person,
        sought_role=role,
        sought_region=region,
        regions=tuple(regions.items()),
        says_go=_says_go(decide, regions, names),
        change_form=(change_form or blank_form({"person": person})) if may_change else None,
        keys=tuple(
            KeyLine(
                id=key.id,
                name=key.name,
                scopes=_scopes(key),
                created_by=key.created_by,
                expires_at=key.expires_at,
                last_used_at=key.last_used_at,
                standing="revoked" if key.revoked_at is not None else "open" if key.opens_at(now) else "expired",
                form=blank_form() if may_make and key.opens_at(now) else None,
            )
            for key in keys
        )
        if keys is not None
        else None,
        key_form=(key_form or blank_form()) if may_make else None,
        key_roles=tuple((role.value, gettext(ROLES[role])) for role in Role if role in KEY_ROLES),
        new_key=new_key,
    )


async def _again(
    request: Request,
    actor: Actor,
    *,
    status: int,
    change_form: Form | None = None,
    key_form: Form | None = None,
    new_key: str | None = None,
) -> Response:
    def shown() -> Response:
        page = access_page(
            dependencies_of(request), actor, change_form=change_form, key_form=key_form, new_key=new_key
        )
        return page_response(page, request, status=status)

    return await run_in_threadpool(shown)


def _with(form: Form, filled: Mapping[str, str]) -> Form:
    """Return the form with all that was filled in, also what is not of its body."""
    return Form(wish=form.wish, values={**filled}, faults=form.faults, refusal=form.refusal)


def _plain(form: Form) -> Form:
    """Return the form with the faults of its scope at the fields by which it is filled in."""
    faults = {name.removeprefix("scopes.0.").removeprefix("scopes."): told for name, told in form.faults.items()}
    return Form(wish=form.wish, values=form.values, faults=faults, refusal=form.refusal)


def _holder_line(holder: HolderOfRoles, names: Mapping[str, str], regions: Mapping[str, str]) -> HolderLine:
    return HolderLine(
        person=holder.person,
        name=names.get(holder.person),
        roles=roles_in_words(
            (RoleGrant(held.role, held.region, frozenset(held.excluding)) for held in holder.roles), regions
        ),
        seen_at=holder.seen_at,
    )


def _says_go(
    decide: Mapping[str, tuple[str, ...]], regions: Mapping[str, str], names: Mapping[str, str]
) -> tuple[GoLine, ...]:
    """Return who may say go, regions with the same people in one line."""
    same: dict[tuple[str, ...], list[str]] = {}
    for region, people in decide.items():
        same.setdefault(people, []).append(regions[region])
    return tuple(
        GoLine(regions=tuple(where), names=tuple(names.get(person, person) for person in people))
        for people, where in same.items()
    )


def _role_line(change: RecordedChange, names: Mapping[str, str], regions: Mapping[str, str]) -> RoleLine:
    return RoleLine(
        person=change.person,
        name=names.get(change.person),
        role=gettext(ROLES[change.role]),
        region=regions.get(change.region, region_said(change.region)) if change.region != EVERYWHERE else EVERYWHERE,
        is_granted=change.change == "granted",
        effective_at=change.effective_at,
        at=change.at,
        by=names.get(change.by, change.by),
        reason=change.reason,
    )


def _scopes(key: ApiKey) -> str:
    of_role: dict[Role, list[str]] = {}
    for role, region in key.grants:
        of_role.setdefault(role, []).append(region)
    return "; ".join(f"{gettext(ROLES[role])}: {', '.join(regions)}" for role, regions in of_role.items())

"""Does any endpoint let anybody do what the table of rights does not allow, or tell them what they may not see?"""

# Every declared route is asked by every role, held in one region or in all, and by nobody's role, about every kind of
# place: a region of one's own, a region next door of the same launch, a launch next door, a launch that does not
# exist. What is expected is read from the rows of the table alone. A role that the row of a route does not name is
# shut out before any place counts, so it asks about one. Token states do not multiply with all of that either: who a
# token speaks for is settled before any right is asked for, so each bad token is tried at every route once, by
# somebody who would be allowed everything.

import asyncio
import base64
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from api.app import OPEN_PATHS, create_app
from api.guard import GuardedRoute, Judged, requirement_of
from api.identity import ALGORITHM, AUDIENCE, ISSUER, TOKEN_TYPE, EmbeddedIssuer, key_id, public_key
from api.login import LOGIN_PATHS
from api.pages import OPEN_PAGE_PATHS
from api.personas import PERSONA_PATHS
from api.rights import RIGHTS, Action, Reach
from bootstrap.web import page_routers, routers
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.policy import Function
from store.engine import migrate, open_store
from store.sealing import Box
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import NOON, SettableClock, bearer, dependencies
from tests.store.desk import Clock, Desk, plan

OPEN = {*OPEN_PATHS, "/static/{file}", "/language", "/login", "/login/callback", "/logout", "/personas"}
"""What answers without a token."""

HERE, NEXT_DOOR = "emea", "apac"
OWN, OTHER, GHOST = "atlas-2", "cobra-1", "ghost-1"
"""A launch in both regions, one in the region next door alone, and one that does not exist."""

PARAMETERS = {
    "slug": "not-found",
    "stage": "value_propositions",
    "waiver": "w-1",
    "condition": "c-1",
    "function": "marketing",
    "version": "1",
    "lesson": "l-1",
    "segment": "enterprise",
    "key": "price",
    "kind": "people",
    "import_id": "i-1",
    "person": "somebody-else",
    "key_id": "ltl_12345678",
    "webhook": "whk-1",
    "delivery": "dlv-1",
    "act": "hold",
    "table": "trend",
}
"""What else stands in addresses; a route with another parameter needs its row here."""

_TEXT = {"material": True}
_REGION = {"region": "$region", "name": "Somewhere", "time_zone": "Europe/Berlin"}
_PAST = {"role": "seller", "region": "$region", "reason": "why", "effective_at": "2020-01-01T00:00:00Z"}
INSISTING: dict[tuple[str, str], tuple[dict[str, str], dict[str, Any] | None]] = {
    ("POST", "/v1/launches"): (
        {"rehearse": "true"},
        {
            "product": "delta-1",
            "name": "Delta",
            "tier": 3,
            "owner": "pm-7",
            "launch_at": "2027-03-01T09:00",
            "regions": [_REGION],
            "courses": [{"course_id": "delta-basics", "title": "Delta basics"}],
            "assessment": {"assessment_id": "delta-cert", "title": "Delta certification", "pass_mark": 80},
        },
    ),
    ("POST", "/v1/launches/{product}/regions"): ({}, {"region": "$region"}),
    ("PUT", "/v1/launches/{product}/value-propositions/{segment}"): (
        {"rehearse": "true"},
        {"statement": "It is good.", "regions": ["$region"], **_TEXT},
    ),
    ("PUT", "/v1/launches/{product}/objections/{key}"): (
        {"rehearse": "true"},
        {"objection": "Dear?", "answer": "No.", "rank": 1, "regions": ["$region"], **_TEXT},
    ),
    ("DELETE", "/v1/launches/{product}/value-propositions/{segment}"): (
        {"rehearse": "true", "regions": "$region"},
        None,
    ),
    ("DELETE", "/v1/launches/{product}/objections/{key}"): ({"rehearse": "true", "regions": "$region"}, None),
    ("POST", "/launches/{product}/content"): ({}, {"region": "$region", "key": ""}),
    ("POST", "/launches/{product}/content/heard"): ({}, {"region": "$region"}),
    ("POST", "/launches/{product}/content/{stage}/{key}"): ({}, {"region": "$region", "step": "rehearse"}),
    ("POST", "/launches/{product}/content/{stage}/{key}/withdraw"): ({}, {"region": "$region"}),
    ("POST", "/launches/{product}/add"): ({}, {"wish": "m-1", "region": "$region"}),
    ("POST", "/start/launch"): ({}, {"wish": "m-1", "regions.0.region": "$region"}),
    ("POST", "/v1/roles/{person}/grants"): ({}, _PAST),
    ("POST", "/v1/roles/{person}/withdrawals"): ({}, _PAST),
}
"""For a route that insists on the regions of its body: a query and a body that name one and change nothing."""


class Route(NamedTuple):
    """One declared route."""

    method: str
    path: str
    action: Action
    judged: Judged
    example: dict[str, Any] | None
    """What the description gives as an example of the body; None where it takes none."""
    rehearses: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Place(NamedTuple):
    """What is asked about."""

    product: str
    region: str


@dataclass
class Who:
    """Somebody with one role, or with none."""

    role: Role | None
    region: str
    headers: dict[str, str]

    def is_allowed(self, action: Action, region: str | None) -> bool:
        """Read from the table whether they may, in `region`; None asks whether they may in any region at all."""
        right = RIGHTS[action]
        if self.role not in right.roles:
            return False
        match right.reach:
            case Reach.ANYWHERE:
                return True
            case Reach.EVERYWHERE:
                return self.region == "*"
            case Reach.REGION:
                return region is None or self.region in ("*", region)

    def may_speak(self, route: Route) -> bool:
        """Say whether the body of `route` is in the name of a function that is theirs, or of none."""
        function = (route.example or {}).get("function") if route.judged is Judged.BY_FILTER else None
        return function is None or self.role is ROLE_OF_FUNCTION[Function(function)]


@dataclass
class World:
    """The whole application over two launches, and everybody who knocks at it."""

    loop: asyncio.AbstractEventLoop
    client: httpx2.AsyncClient
    issuer: EmbeddedIssuer
    key: OKPKey
    routes: tuple[Route, ...]
    people: tuple[Who, ...]

    def request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Return an answer of the application, which runs in this thread: thousands of calls are made here."""
        return self.loop.run_until_complete(self.client.request(method, path, **more))

    def ask(self, route: Route, place: Place, headers: dict[str, str]) -> httpx2.Response:
        """Return the answer of `route` about `place`."""
        query: dict[str, str] = {}
        body: dict[str, Any] | None = None
        if route.judged is Judged.BY_INSISTING:
            query, body = INSISTING[route.method, route.path]
        elif route.rehearses and route.judged is Judged.BY_FILTER:
            query, body = {"rehearse": "true"}, {**(route.example or {}), "regions": "*"}
        elif route.example is not None:
            # Past the door it says too little to be carried out.
            body = {} if route.judged is Judged.AT_THE_DOOR else route.example
        return self.request(
            route.method,
            route.path.format_map({**PARAMETERS, "product": place.product, "region": place.region}),
            params=_placed(query, place),
            # Pages take forms, the API takes JSON.
            **{"json" if route.path.startswith("/v1/") else "data": _placed(body, place)},
            headers={**headers, **({"Idempotency-Key": "m-1"} if route.judged is Judged.BY_INSISTING else {})},
        )


def _placed(said: Any, place: Place) -> Any:
    """Return what is said with the region and product of `place` in it."""
    match said:
        case dict():
            return {
                name: place.product if name == "product" and item != "delta-1" else _placed(item, place)
                for name, item in said.items()
            }
        case list():
            return [_placed(item, place) for item in said]
        case "$region":
            return place.region
        case _:
            return said


def _routes(app: FastAPI) -> Iterator[Route]:
    described = app.openapi()
    schemas = described["components"]["schemas"]
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, str(context.path)
        requirement = requirement_of(route.dependant) if isinstance(route, GuardedRoute) else None
        if requirement is None:
            assert path in OPEN, f"{path} is open to everybody: say so here if it must be"
            continue
        for method in sorted(context.methods or ()):
            operation = described["paths"].get(path, {}).get(method.lower(), {})
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            example: dict[str, Any] | None = None
            if content is not None:
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                example = next(iter(schemas.get(name, {}).get("examples", ())), {})
            queries = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            yield Route(method, path, requirement.action, requirement.judged, example, "rehearse" in queries)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One application for all cells: nothing that is asked here changes anything."""
    file: Path = tmp_path_factory.mktemp("matrix") / "store.sqlite"
    migrate(f"sqlite:///{file}")
    clock = Clock()
    store = open_store(f"sqlite:///{file}", clock)
    desk = Desk(store, clock)
    desk.start(HERE, NEXT_DOOR)
    desk.start_settled(plan(NEXT_DOOR).model_copy(update={"product": OTHER, "name": "Cobra"}))
    clock.now = NOON
    door_clock = SettableClock()
    key = OKPKey.generate_key("Ed25519")
    issuer = EmbeddedIssuer(key, clock=door_clock)
    people = [Who(None, "", bearer(issuer, "nobody"))]
    for role in Role:
        for region in (HERE, "*"):
            person = f"{role.value}-{region.replace('*', 'all')}"
            people.append(Who(role, region, bearer(issuer, person, (role, region))))
    deps = replace(
        dependencies(store, issuer, door_clock), sender=AtTheDesk(desk), box=Box([Fernet.generate_key().decode()])
    )
    # Nobody listens to open pages here: each ends with its first word.
    deps.pulses.closing.set()
    open_paths = OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS
    app = create_app(deps, routers=routers(), pages=page_routers(), open_paths=open_paths)
    inside = httpx2.ASGITransport(app, client=("testclient", 50_000))
    with asyncio.Runner() as runner:
        client = httpx2.AsyncClient(transport=inside, base_url="http://testserver")
        yield World(runner.get_loop(), client, issuer, key, tuple(_routes(app)), tuple(people))
        runner.run(client.aclose())
    store.close()


def _places(route: Route) -> tuple[Place, ...]:
    """Return the places that `route` is asked about: own region, the one next door, and a launch next door.

    Where a region stands in the address the door looks at nothing else; what it does with launches is a test of its
    own below.
    """
    places = [Place(OWN, HERE)]
    if "{region}" in route.path or route.judged is Judged.BY_INSISTING:
        places.append(Place(OWN, NEXT_DOOR))
    if "{product}" in route.path and "{region}" not in route.path:
        places.append(Place(OTHER, NEXT_DOOR))
    return tuple(places)


def _is_denied(answer: httpx2.Response) -> bool:
    return bool(answer.status_code == 403 and answer.json()["type"] == "/problems/not-allowed")


def test_every_route_has_its_cells(world: World) -> None:
    """A new route is in the matrix or fails the build: an open one, an insisting one or one with another parameter
    needs its row in the tables above."""
    insisting = {(route.method, route.path) for route in world.routes if route.judged is Judged.BY_INSISTING}
    assert insisting == set(INSISTING)
    named = {name for route in world.routes for name in re.findall(r"{(\w+)}", route.path)}
    assert named <= PARAMETERS.keys() | {"product", "region"}
    assert {route.action for route in world.routes} <= set(RIGHTS)


def test_nothing_passes_but_what_the_table_allows(world: World) -> None:
    """Every route, by every role here and everywhere and by none, about every place: let in or refused so."""
    surprises: list[str] = []
    cells = 0
    for route in world.routes:
        named = RIGHTS[route.action].roles
        for place, who in itertools.product(_places(route), world.people):
            if who.role not in named and place != Place(OWN, HERE):
                continue
            answer = world.ask(route, place, who.headers)
            cells += 1
            judged_in = None if route.judged is Judged.BY_FILTER else place.region
            if judged_in is not None and "{region}" not in route.path and route.judged is Judged.AT_THE_DOOR:
                judged_in = "*"
            expected = who.is_allowed(route.action, judged_in)
            if not who.may_speak(route):
                # Whoever may sign or vote does so for their own function.
                expected = expected and answer.status_code == 404
            has_failed = answer.status_code >= 500 and answer.json()["type"] != "/problems/engine-away"
            if answer.status_code == 401 or has_failed or _is_denied(answer) is expected:
                told = f"{answer.status_code} {answer.text[:200]}"
                surprises.append(f"{route} {place} by {who.role} in {who.region or 'no region'}: {told}")
    print(f"\nrights matrix: {len(world.routes)} routes, {len(world.people)} people, {cells} cells")
    assert not surprises, "\n".join(surprises)
    assert cells > 2_000


def test_what_lies_outside_ones_scope_is_as_if_it_were_not_there(world: World) -> None:
    """About a launch next door, who has a role here alone is answered word for word as about one that nobody knows;
    and no list shows a name of it."""
    surprises: list[str] = []
    for route in world.routes:
        here = [who for who in world.people if who.region == HERE]
        named = [who for who in here if who.role in RIGHTS[route.action].roles]
        others = [who for who in here if who not in named]
        for who in (*named, *others[:1]):
            if not ("{product}" in route.path or route.method == "GET"):
                continue
            told = []
            for product in (OTHER, GHOST):
                answer = world.ask(route, Place(product, NEXT_DOOR), who.headers)
                text = re.sub(r'"request_id":"[0-9a-f]+"', "", answer.text)
                told.append((answer.status_code, text.replace(product, "…")))
            if "{product}" in route.path and told[0] != told[1]:
                surprises.append(f"{route} by {who.role}: {told}")
            elif "{product}" not in route.path and route.method == "GET" and re.search("cobra", told[0][1], re.I):
                surprises.append(f"{route} by {who.role} shows {told[0]}")
    assert not surprises, "\n".join(surprises)


def test_a_page_of_launches_is_filled_with_what_may_be_seen(world: World) -> None:
    """Neither a short page nor a cursor tells of launches that the reader may not see."""
    auditor = next(who for who in world.people if who.role is Role.AUDITOR and who.region == HERE)
    page = world.request("GET", "/v1/launches", params={"limit": 1}, headers=auditor.headers).json()
    assert [item["product"] for item in page["items"]] == [OWN]
    assert page["next_cursor"] is None


def _bad_tokens(world: World) -> dict[str, str | None]:
    """Return every token state but the right one, for somebody who would be allowed everything everywhere."""
    now = int(NOON.timestamp())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "all-1",
        "iat": now,
        "exp": now + 600,
        "jti": "t-1",
        "grants": [{"role": role.value, "regions": "*"} for role in Role],
    }
    header = {"alg": ALGORITHM, "kid": key_id(world.key), "typ": TOKEN_TYPE}

    def signed(changes: dict[str, Any], *, key: OKPKey = world.key, without: str = "") -> str:
        said = {name: value for name, value in {**claims, **changes}.items() if name != without}
        return jwt.encode(header, said, key, algorithms=[ALGORITHM], default_type=None)

    good = signed({})
    public = OctKey.import_key(str(public_key(world.key).as_dict(private=False)["x"]))
    hs = jwt.encode({**header, "alg": "HS256"}, claims, public, algorithms=["HS256"], default_type=None)
    head, body, signature = good.split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).decode().rstrip("=")
    return {
        "none sent": None,
        "expired": signed({"iat": now - 900, "exp": now - 300}),
        "another issuer": signed({"iss": "https://elsewhere.example"}),
        "another audience": signed({"aud": "another-product"}),
        "alg none": f"{unsigned}.{body}.",
        "HS for EdDSA": hs,
        "an unknown key": signed({}, key=OKPKey.generate_key("Ed25519")),
        "no exp": signed({}, without="exp"),
        "iat far ahead": signed({"iat": now + 86_400, "exp": now + 90_000}),
        "signature cut": f"{head}.{body}.{signature[:-4]}",
        "no token at all": "x",
    }


def test_no_bad_token_opens_any_route(world: World) -> None:
    """Each state of a token at every route, by who would be allowed everything: 401 before anything is read."""
    surprises: list[str] = []
    states = _bad_tokens(world)
    for state, token in states.items():
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        for route in world.routes:
            answer = world.ask(route, Place(OWN, HERE), headers)
            if answer.status_code != 401 or "WWW-Authenticate" not in answer.headers:
                surprises.append(f"{route} with {state}: {answer.status_code}")
    print(f"\nrights matrix: {len(world.routes)} routes, {len(states)} bad tokens")
    assert not surprises, "\n".join(surprises)

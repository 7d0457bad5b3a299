"""Does the house say whether it is well, and what it can be asked?"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import health
from api.app import create_app
from api.dependencies import Check
from api.identity import EmbeddedIssuer
from store.engine import Store, StoreAway
from tests.api.door import SettableClock, dependencies


async def well() -> None:
    """Answer."""


async def broken() -> None:
    """Fail with a secret."""
    raise StoreAway("postgresql://ltl:hunter2@db/ltl")


async def hanging() -> None:
    """Never answer."""
    await asyncio.Event().wait()


@pytest.fixture
def readyz(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, Check]], Any]:
    """What `/readyz` answers with given checks, which have a fiftieth of a second each."""
    monkeypatch.setattr(health, "CHECK_TIMEOUT", health.CHECK_TIMEOUT / 100)

    def ask(checks: dict[str, Check]) -> Any:
        with TestClient(create_app(replace(dependencies(ledger, issuer, clock), checks=checks))) as client:
            return client.get("/readyz")

    return ask


def test_a_process_that_answers_is_alive(client: TestClient) -> None:
    """Whether the process lives is told to anyone, and asks nothing of the rest of the house."""
    assert client.get("/livez").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("checks", "missing"),
    [
        ({"store": well, "engine": well}, None),
        ({"store": broken, "engine": well}, ["store"]),
        ({"store": hanging, "engine": broken}, ["engine", "store"]),
    ],
)
def test_the_house_is_ready_when_every_part_answers(
    checks: dict[str, Check], missing: list[str] | None, readyz: Callable[[dict[str, Check]], Any]
) -> None:
    """A part that fails or hangs makes the house unready, is named, and nothing else of it is told."""
    answer = readyz(checks)
    if missing is None:
        assert answer.json() == {"status": "ok", "checks": {"engine": "ok", "store": "ok"}}
    else:
        assert (answer.status_code, answer.json()["missing"]) == (503, missing)
        assert answer.headers["retry-after"] == "5"
        assert "hunter2" not in answer.text


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation of a description: path, method, what it says."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    """Yield every reference anywhere in `value`."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


@pytest.fixture
def document(client: TestClient, manager: dict[str, str]) -> dict[str, Any]:
    """The description as anyone with a token may read it."""
    answer = client.get("/openapi.json", headers=manager)
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


def test_the_description_is_openapi_3_1_without_loose_ends(document: dict[str, Any]) -> None:
    """Every reference leads somewhere, every operation has an id of its own, and every path names its parameters."""
    assert document["openapi"].startswith("3.1.")
    for reference in references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids) > 8
    assert "start_launch" in ids
    for path, _, operation in operations(document):
        named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
        assert all(("{" + name + "}") in path for name in named)
        assert len(named) == path.count("{")


def test_the_description_says_which_calls_need_a_token(document: dict[str, Any]) -> None:
    """Every operation but health names the bearer scheme and its 401 and 403."""
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    for path, _, operation in operations(document):
        guarded = path not in {"/livez", "/readyz"}
        assert (operation.get("security") == [{"bearer": []}]) is guarded
        assert ({"401", "403"} <= set(operation["responses"])) is guarded


def test_the_description_says_that_errors_are_problems(document: dict[str, Any]) -> None:
    """No operation answers an error with anything but a problem document."""
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if not status.startswith("2") and status != "304":
                assert set(response["content"]) == {"application/problem+json"}, (path, method, status)
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert {"type", "title", "status", "detail"} <= set(schemas["Problem"]["required"])


def test_the_description_says_which_calls_need_a_key(document: dict[str, Any]) -> None:
    """The Idempotency-Key is shown as required where it is."""
    (key,) = [
        parameter
        for parameter in document["paths"]["/v1/launches"]["post"]["parameters"]
        if parameter["name"] == "Idempotency-Key"
    ]
    assert key["required"] is True
    assert key["schema"]["maxLength"] == 255

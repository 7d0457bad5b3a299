"""Which rule keeps each route that changes something from doing it twice, or over somebody else's change?"""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from bootstrap.web import routers
from readiness.commands import Role
from store.engine import Store
from tests.api.door import SettableClock, bearer, dependencies

UNSAFE = ("post", "put", "patch", "delete")

BY_ITSELF = {
    "import_file": "The digest of the file stands for a key: the same file is the same import.",
    "withdraw_value_proposition": "What is withdrawn is not there to be withdrawn again, which is answered 404.",
    "withdraw_objection": "What is withdrawn is not there to be withdrawn again, which is answered 404.",
    "propose_tier": "It answers a question and changes nothing.",
    "rehearse_policy": "It answers a question and changes nothing.",
    "evaluate_flag": "It answers a question and changes nothing.",
    "evaluate_flags": "It answers a question and changes nothing.",
    "nudge_people": "Whom a reminder waits for already is not reminded twice.",
    "revoke_api_key": "What is revoked stays so, and is answered as it stands.",
}
"""Routes that need neither a key nor a tag, and why."""


@pytest.fixture
def whole(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> FastAPI:
    """The whole API."""
    return create_app(dependencies(ledger, issuer, clock), routers=routers())


def changing(app: FastAPI) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return every operation that may change something, by its id: method, path and description."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if method in UNSAFE
    }


def headers_of(operation: dict[str, Any]) -> set[str]:
    """Return the headers that an operation says it takes."""
    return {each["name"].lower() for each in operation.get("parameters", ()) if each["in"] == "header"}


def test_every_route_that_changes_something_has_exactly_one_rule(whole: FastAPI) -> None:
    """Whatever creates or decides takes an Idempotency-Key, whatever edits takes If-Match; the rest say why not."""
    rules: dict[str, list[str]] = {}
    for name, (_method, _path, operation) in changing(whole).items():
        headers = headers_of(operation)
        by_key, by_tag = "idempotency-key" in headers, {"if-match", "if-none-match"} <= headers
        rules[name] = ["key"] * by_key + ["tag"] * by_tag + ["itself"] * (name in BY_ITSELF)
    assert {name: rule for name, rule in rules.items() if len(rule) != 1} == {}
    assert BY_ITSELF.keys() <= rules.keys()
    assert sum(rule == ["key"] for rule in rules.values()) > 30


def test_every_route_with_a_key_refuses_to_act_without_one(whole: FastAPI, issuer: EmbeddedIssuer) -> None:
    """The rule is the door's and not only the description's: without a key, or with two, nothing is done."""
    everyone = bearer(issuer, "all-1", *((role, "*") for role in Role))
    tried = 0
    with TestClient(whole) as client:
        for method, path, operation in changing(whole).values():
            if "idempotency-key" not in headers_of(operation):
                continue
            tried += 1
            address = _filled(path)
            for keys, kind in (([], "idempotency-key-missing"), (["a", "b"], "idempotency-key-invalid")):
                sent = [("Idempotency-Key", key) for key in keys] + list(everyone.items())
                answer = client.request(method, address, json={}, headers=sent)
                assert (answer.status_code, answer.json()["type"]) == (400, f"/problems/{kind}"), (path, answer.text)
    assert tried > 30


def _filled(path: str) -> str:
    values = {"region": "emea", "product": "atlas-2", "function": "sales"}
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{name}}}", values.get(name, "one"))
    return path

"""Does the audit record tell who asked what, from where, to those who may know, in a form that others can verify?"""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import delete
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from bootstrap.ledger_keeping import CHECKPOINT_FILE, Keeper
from readiness.commands import Role
from store.facts_schema import people
from store.guards import unguard
from store.records_schema import printed_names
from tests.api.at_the_desk import AtTheDesk, house_of
from tests.api.door import SettableClock, bearer
from tests.readiness.builders import OWNER
from tests.store.desk import Desk

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"
REGION = "/v1/launches/atlas-2/regions"
FORMULA = "=HYPERLINK(A1) they changed the price"


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API on the desk."""
    with house_of(desk, issuer, clock) as opened:
        yield opened[0]


@pytest.fixture
def keeper(desk: Desk, tmp_path: Path) -> Keeper:
    """Who seals, with a key and a place of its own."""
    return Keeper(desk.store, OKPKey.generate_key("Ed25519"), tmp_path / "outside")


@pytest.fixture
def auditor(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an auditor of every region."""
    return bearer(issuer, "au-1", (Role.AUDITOR, "*"))


@pytest.fixture
def written(desk: Desk, client: TestClient, keeper: Keeper, issuer: EmbeddedIssuer) -> Keeper:
    """A record of two regions in which a person of EMEA, known by name, holds twice and is denied once."""
    desk.start("apac", "emea")
    desk.teach("emea")
    headers = {**bearer(issuer, "emea-1", (Role.SALES_LEAD, "emea")), "X-Request-Id": "req-0000-1"}
    for key in ("wish-1", "wish-2"):
        client.post(f"{REGION}/emea/hold", json={"reason": FORMULA}, headers={**headers, "Idempotency-Key": key})
    denied = client.post(f"{REGION}/apac/hold", json={"reason": "x"}, headers={**headers, "Idempotency-Key": "w-3"})
    assert denied.status_code == 403
    keeper.turn(at_once=True)
    return keeper


def listed(client: TestClient, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    """Return every entry of the record, page after page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = client.get("/v1/ledger", headers=headers, params={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.json()
        items += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items


def test_an_entry_says_who_what_when_why_from_where_and_by_which_right(
    client: TestClient, written: Keeper, auditor: dict[str, str]
) -> None:
    """An accepted hold, a refused one and a denied one all stand there with person, name, reason and request."""
    said = listed(client, auditor, person="emea-1", limit=2)
    (first, second) = [each for each in said if each["source"] == "commands"]
    assert (first["kind"], first["role"], first["region"]) == ("hold", "sales_lead", "emea")
    assert (first["reason"], first["name"], first["request_id"]) == (FORMULA, "emea-1", "req-0000-1")
    assert first["meaning"] == "Stopped the launch of the region."
    assert first["digest"].startswith("sha256:")
    assert first["entry"]["token_id"]
    outcomes = [(each["outcome"], each["refusal"]) for each in said if each["source"] == "outcomes"]
    assert outcomes == [("accepted", None), ("refused", "region-is-held")]
    (denial,) = [each for each in said if each["source"] == "denials"]
    assert (denial["outcome"], denial["region"], denial["kind"]) == ("denied", "apac", "hold")
    assert second["position"] > first["position"]


def test_the_timeline_shows_a_signature_with_name_time_and_meaning(
    desk: Desk, client: TestClient, written: Keeper, auditor: dict[str, str]
) -> None:
    """The name is the one of then, also after the person was given another; the meaning is a sentence."""
    with desk.store.writing() as tx:
        tx.execute(people.update().values(name="Renamed"))
    happened = client.get(f"{REGION}/emea/timeline", headers=auditor).json()["items"]
    (held,) = [each for each in happened if each["type"] == "region_held"]
    assert (held["name"], held["person"], held["reason"]) == ("emea-1", "emea-1", FORMULA)
    assert held["meaning"] == "Stopped the launch of the region."
    assert held["at"]


def test_the_address_is_the_peers_unless_a_trusted_proxy_speaks_for_another(
    desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """What anybody may write into a header proves nothing; what our own proxy writes there does."""
    from dataclasses import replace

    from api.app import create_app
    from api.dependencies import ApiSettings
    from bootstrap.web import routers
    from store.denials import denials_of
    from tests.api.door import dependencies

    settings = ApiSettings(trusted_proxies="10.0.0.0/8, 192.0.2.1")
    deps = replace(dependencies(desk.store, issuer, clock), sender=AtTheDesk(desk), settings=settings)
    app = create_app(deps, routers=routers())
    desk.start("emea")
    headers = bearer(issuer, "s-1", (Role.SELLER, "emea"))
    told = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7, 192.0.2.1", "Idempotency-Key": "w"}
    for peer in ("203.0.113.99", "10.1.2.3"):
        with TestClient(app, client=(peer, 50_000)) as opened:
            opened.post(f"{REGION}/emea/hold", json={"reason": "x"}, headers={**headers, **told})
    with desk.store.reading() as tx:
        assert [each.address for each in denials_of(tx, "s-1")] == ["203.0.113.7", "203.0.113.99"]


def test_an_auditor_of_some_regions_sees_these_and_is_told_that_it_is_a_part(
    client: TestClient, written: Keeper, issuer: EmbeddedIssuer
) -> None:
    """Neither the list nor an export shows what lies outside, nor what belongs to no region."""
    headers = bearer(issuer, "au-2", (Role.AUDITOR, "apac"))
    assert {each["region"] for each in listed(client, headers)} == {"apac"}
    lines = [json.loads(line) for line in client.get("/v1/ledger/export", headers=headers).text.splitlines()]
    assert lines[0]["complete"] is False
    assert {line["entry"]["region"] for line in lines if "entry" in line} == {"apac"}
    assert client.get("/v1/ledger", headers=bearer(issuer, "s", (Role.SALES_LEAD, "*"))).status_code == 403


def test_no_cell_of_a_csv_is_a_formula(client: TestClient, written: Keeper, auditor: dict[str, str]) -> None:
    """What people wrote stays text in a spreadsheet."""
    answer = client.get("/v1/ledger/export?format=csv&kind=hold", headers=auditor)
    part, *rows = csv.reader(io.StringIO(answer.text))
    assert part[0].startswith("This is a part")
    assert rows[0][:3] == ["position", "at", "source"]
    cells = [cell for row in rows for cell in row]
    assert f"'{FORMULA}" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


Tamper = Callable[[list[dict[str, Any]]], None]


def _reword(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines if line.get("source") == "commands")["entry"]["person"] = "mallory"


def _rename(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines if "name" in line)["name"]["name"] = "Mallory"


def _drop(lines: list[dict[str, Any]]) -> None:
    del lines[3]


def _swap(lines: list[dict[str, Any]]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def _cut(lines: list[dict[str, Any]]) -> None:
    begin = next(at for at, line in enumerate(lines) if "checkpoint" in line)
    del lines[begin - 1]
    lines[0]["until"] -= 1
    lines[-1]["end"] -= 1


def _forge(lines: list[dict[str, Any]]) -> None:
    line = next(line for line in lines if "checkpoint" in line)
    line["checkpoint"] = line["checkpoint"][:-8] + "AAAAAAAA"


def run_verifier(tmp_path: Path, export: str, keeper: Keeper, checkpoints: Path) -> tuple[int, str]:
    """Run the stand-alone verifier as a process of its own, outside of our folder."""
    (tmp_path / "export.ndjson").write_text(export, encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps(keeper.public_keys()), encoding="utf-8")
    words = ["export.ndjson", "--keys", "keys.json", "--checkpoints", str(checkpoints)]
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (None, "Intact."),
        (_reword, "it is not what was sealed"),
        (_rename, "the name is not the one that was printed"),
        (_drop, "entries are missing"),
        (_swap, "have changed places"),
        (_cut, "the end was cut off"),
        (_forge, "not signed by the ledger's key"),
    ],
)
def test_the_stand_alone_verifier_says_intact_or_which_line_is_not(
    client: TestClient, written: Keeper, auditor: dict[str, str], tmp_path: Path, tamper: Tamper | None, told: str
) -> None:
    """An auditor needs neither our server nor our code to find what was changed in an export."""
    export = client.get("/v1/ledger/export", headers=auditor).text
    lines = [json.loads(line) for line in export.splitlines()]
    if tamper is not None:
        tamper(lines)
        export = "".join(json.dumps(line) + "\n" for line in lines)
    status, said = run_verifier(tmp_path, export, written, tmp_path / "outside" / CHECKPOINT_FILE)
    assert told in said, said
    assert status == (0 if tamper is None else 1)


def test_a_name_that_was_erased_leaves_the_chain_whole(
    desk: Desk, client: TestClient, written: Keeper, auditor: dict[str, str], tmp_path: Path
) -> None:
    """Erasing is the one thing that may be taken away: the digest stays, and the record is intact."""
    with desk.store.writing() as tx:
        tx.execute(delete(printed_names))
    assert written.verify(whole=True).is_intact
    export = client.get("/v1/ledger/export", headers=auditor).text
    assert '"name":{' not in export
    status, said = run_verifier(tmp_path, export, written, tmp_path / "outside" / CHECKPOINT_FILE)
    assert (status, "Intact." in said) == (0, True)


def test_a_name_that_was_exchanged_is_found(desk: Desk, written: Keeper) -> None:
    """Whoever prints another name under a signature is found out, although names are not in the chain."""
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(printed_names.update().values(name="Mallory"))
    faults = written.verify(whole=True).faults
    assert {fault.source for fault in faults} == {"printed_names"}
    assert OWNER not in str(faults)

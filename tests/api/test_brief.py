"""Is the one page that an executive takes along true, for everybody to read, and nothing but text?"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import typst
from starlette.testclient import TestClient

from api.app import create_app
from api.brief_page import brief_of, brief_router
from api.identity import Actor, EmbeddedIssuer, RoleGrant
from readiness.commands import Role
from store.decision_records import kept
from store.engine import open_store
from templates.brief import SOURCE, Brief, brief_document, brief_pdf
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.readiness.builders import NOW
from tests.store.desk import Clock, Desk
from tests.templates.samples import full_readiness

BRIEF = "/launches/atlas-2/emea/brief"
MARKUP = '#panic("no") *bold* _it_ $x$ <label> @ref `raw` \\ // = heading ] #import "x": *'


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    shutil.copyfile(migrated_sqlite, tmp_path / "brief.sqlite")
    store = open_store(f"sqlite:///{tmp_path / 'brief.sqlite'}", standing := Clock())
    try:
        yield Desk(store, standing)
    finally:
        store.close()


def brief(text: str, **changes: object) -> Brief:
    """Return a brief with something in every place, every word of people being `text`."""
    made = Brief(
        readiness=full_readiness(text),
        names={"ex-1": text},
        printed_by=text,
        printed_at=NOW + timedelta(microseconds=123_456),
        decision_digest="sha256:0",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def pages(made: Brief) -> int:
    """Return how many pages a brief has."""
    inputs = {"brief": json.dumps(brief_document(made))}
    pictures = typst.compile(SOURCE, root=SOURCE.parent, sys_inputs=inputs, format="png", ppi=20)
    return len(pictures) if isinstance(pictures, list) else 1


def test_the_brief_is_one_tagged_page_with_what_stands(desk: Desk) -> None:
    """It is PDF/UA-1 with title and language, and names the digest of what the decision was taken on."""
    key = desk.with_go()
    issuer: EmbeddedIssuer = new_issuer(SettableClock(NOW))
    deps = dependencies(desk.store, issuer, SettableClock(NOW))
    with TestClient(create_app(deps, pages=[brief_router()])) as client:
        executive = bearer(issuer, "ex-1", (Role.EXECUTIVE, "emea"))
        answer = client.get(BRIEF, headers=executive)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert 'filename="atlas-2-emea-brief.pdf"' in answer.headers["content-disposition"]
        pdf = answer.content
        assert pdf.startswith(b"%PDF-")
        for sign in (rb"pdfuaid:part>1<", rb"/MarkInfo\s*<<\s*/Marked true", rb"/Lang\s*\(en", rb"Atlas 2 in EMEA"):
            assert re.search(sign, pdf), sign
        assert client.get(BRIEF, headers=bearer(issuer, "se-1", (Role.SELLER, "emea"))).status_code == 403
        assert (
            client.get("/launches/atlas-2/mars/brief", headers=bearer(issuer, "x", (Role.EXECUTIVE, "*"))).status_code
            == 404
        )
    taken = desk.region(key).decision
    assert taken is not None
    with desk.store.reading() as tx:
        known = kept(tx, key, taken.version)
    made = brief_of(deps, Actor("ex-1", (RoleGrant(Role.EXECUTIVE, "emea"),), "t-1"), "atlas-2", "emea")
    assert known is not None
    assert any(known.digest in line for line in brief_document(made)["decision"])


def test_the_words_of_people_are_text_and_never_markup() -> None:
    """Whatever somebody writes stands on the page as they wrote it, and no instruction to the typesetter runs."""
    made = brief(MARKUP)
    assert brief_pdf(made).startswith(b"%PDF-")
    document = json.dumps(brief_document(made))
    assert json.dumps(MARKUP)[1:-1] in document


@pytest.mark.parametrize(
    "text", ["東京の北は準備不足", "מוכן", "\U0001f680", "W" * 400], ids=["han", "hebrew", "emoji", "long"]
)
def test_a_brief_is_made_whatever_letters_are_in_it(text: str) -> None:
    """What no font has becomes a question mark, and long texts are cut: there is always a page."""
    assert brief_pdf(brief(text)).startswith(b"%PDF-")


def test_a_full_brief_is_one_page() -> None:
    """With every part there and long words in each, it is still the one page that it is called."""
    made = brief("The north is not ready, and nobody has said by when it will be. " * 5)
    assert pages(made) == 1


def test_dissent_is_read_first_and_sealed_ballots_stay_sealed() -> None:
    """The poll begins with who was against it; while it is open nobody's position is on the page."""
    rows = brief_document(brief("Not yet."))["poll"]
    assert rows[0][1].startswith("Dissents")
    shown = full_readiness()
    assert shown.poll is not None
    seats = tuple(seat.model_copy(update={"position": None, "reason": None}) for seat in shown.poll.seats)
    poll = shown.poll.model_copy(update={"closed_at": None, "seats": seats})
    sealed = brief_document(brief("x", readiness=shown.model_copy(update={"poll": poll})))["poll"]
    assert {row[1].partition(",")[0] for row in sealed} <= {"Has voted", "Not yet"}


def test_the_brief_says_who_must_do_what_and_what_lapses() -> None:
    """Each function that is waited on stands there with what it has to do, as does a waiver that ends too early."""
    document = brief_document(brief("x"))
    assert document["waits"][0][0] == "Enablement"
    assert any("waiver" in line for line in document["lapses"])
    assert document["verdict"] == "Not ready"

"""Can people write, compare, answer and hear on pages what is said of a product, without losing or overwriting?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Choice, Position, Role
from readiness.policy import Function, Stage
from store.board import refresh_figures
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, field_of, outline_of, pages_of
from tests.store.desk import Desk
from tests.templates.outline import Outline

MESSAGE = "/launches/atlas-2/content/value_propositions/all"
PRICE = "/launches/atlas-2/content/objection_handling/objection-1"
CONTENT = "/launches/atlas-2/content"
HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}"


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        yield made


@pytest.fixture
def opened(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on pages about a product whose message is written and, in one region of two, signed."""
    keys = desk.start("apac", "emea")
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(keys[1])
    desk.look(keys[1])
    with pages_of(desk, issuer, clock) as (client, _):
        yield client


def marketing(issuer: EmbeddedIssuer, region: str = "*") -> dict[str, str]:
    """Return the headers of somebody who writes the message."""
    return bearer(issuer, "ma-2", (Role.MARKETING, region))


def edit(answer: str, *, revision: int | str = 1, **more: str) -> dict[str, str]:
    """Return what the form of an objection sends."""
    return {
        "wish": "w-1",
        "if_match": str(revision),
        "objection": "Too much of 1",
        "answer": answer,
        "rank": "1",
        "step": "write",
        **more,
    }


def send_back(desk: Desk, reason: str) -> None:
    """Have sales of EMEA send the message back."""
    emea = desk.latest("emea")
    assert emea is not None
    signed = desk.sign_off(emea, Stage.VALUE_PROPOSITIONS, Function.SALES, Role.SALES_LEAD, "sa-1")
    back = {"stage": signed.stage, "function": signed.function, "digest": signed.digest}  # type: ignore[union-attr]  # It is a sign-off.
    said = {"reason": reason}
    sent = desk.ask(emea, "sign_off", "sa-1", Role.SALES_LEAD, said=said, **back, position=Position.SEND_BACK)
    desk.accepted(emea, sent)


def hrefs(outline: Outline) -> list[str]:
    """Return every address that a page links to."""
    return [str(attributes["href"]) for tag, attributes in outline.elements if tag == "a"]


def test_the_page_says_what_is_said_and_who_signed_it_where(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Texts by rank, each function of each region in words, and what is not of the reader's regions not at all."""
    text = outline_of(opened.get(CONTENT, headers=marketing(issuer))).text
    assert "Atlas 2 halves your close." in text
    assert text.index("Too much of 1") < text.index("Too much of 5")
    assert "✓ Signed" in text
    assert "○ Not signed yet" in text
    of_apac = outline_of(opened.get(CONTENT, headers=bearer(issuer, "se-1", (Role.SELLER, "apac")))).text
    assert "APAC" in of_apac
    assert "EMEA" not in of_apac
    for path in (CONTENT, PRICE):
        assert opened.get(path, headers=bearer(issuer, "se-1", (Role.SELLER, "dach"))).status_code == 404


def test_a_revision_is_written_and_its_difference_kept(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """An edit leads back to its page, which shows the words that went and came, and whose sign-off that voided."""
    who = marketing(issuer)
    rehearsed = outline_of(opened.post(PRICE, data=edit("Never at all 1", step="rehearse"), headers=who))
    assert "must be signed anew by" in rehearsed.text, rehearsed.text
    answer = opened.post(PRICE, data=edit("Never at all 1"), headers=who)
    assert (answer.status_code, answer.headers["location"]) == (303, PRICE)
    outline = outline_of(opened.get(PRICE, headers=who))
    assert "Revision 2" in outline.text
    assert "taken out: Not put in: Never" in outline.text
    assert field_of(outline, "if_match") == "2"
    (emea,) = [key for key in (desk.latest("emea"),) if key is not None]
    assert desk.region(emea).signature(Stage.OBJECTION_HANDLING, Function.SALES) is not None
    assert "Signed an earlier text" in outline_of(opened.get(CONTENT, headers=who)).text


def test_nobody_writes_over_what_they_have_not_seen(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Who comes second reads both texts and loses nothing; sending it once more is a wish to take theirs' place."""
    who = marketing(issuer)
    assert opened.post(PRICE, data=edit("Mine came first"), headers=who).status_code == 303
    response = opened.post(PRICE, data=edit(f"Mine came second {HOSTILE}"), headers=who)
    outline = outline_of(response, 412)
    assert "Somebody else wrote while you did" in outline.text
    assert "taken out: first put in: second" in outline.text
    assert HOSTILE in outline.text
    assert "<script>alert" not in response.text
    assert field_of(outline, "if_match") == "2"
    assert opened.post(PRICE, data=edit("Mine came second", revision=2), headers=who).status_code == 303


def test_ending_a_go_takes_naming_it(opened: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """An edit that would hold a region is refused with that region to tick, and carried out once it is ticked."""
    emea = desk.latest("emea")
    assert emea is not None
    desk.accepted(emea, desk.decide(emea, Choice.GO))
    who = marketing(issuer)
    outline = outline_of(opened.post(PRICE, data=edit("Never at all"), headers=who), 409)
    assert "I mean to end the standing go of EMEA." in outline.text
    assert "Never at all" in outline.text
    assert opened.post(PRICE, data=edit("Never at all", holds="emea"), headers=who).status_code == 303


def test_a_region_gets_words_of_its_own_and_gives_them_back(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """An editor of one region may adapt there and not for all; a withdrawal names what holds again."""
    who = marketing(issuer, "apac")
    whole = outline_of(opened.get(PRICE, headers=who)).text
    assert "You may write for some regions only" in whole
    assert opened.post(PRICE, data=edit("For all"), headers=who).status_code == 403
    assert "In the words of APAC" in outline_of(opened.get(f"{PRICE}?region=apac", headers=who)).text
    assert opened.post(PRICE, data=edit("Not at all in APAC", region="apac"), headers=who).status_code == 303
    assert "In its own words: APAC" in outline_of(opened.get(PRICE, headers=who)).text
    of_emea = opened.get(PRICE, headers=bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea")))
    assert "Not at all in APAC" not in of_emea.text
    withdrawal = {"wish": "w-2", "region": "apac", "if_match": "2"}
    assert opened.post(f"{PRICE}/withdraw", data=withdrawal, headers=who).status_code == 303
    assert "withdrawn" in outline_of(opened.get(PRICE, headers=who)).text


def test_what_was_filled_in_wrongly_comes_back_with_each_fault(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Nothing typed is lost: the form stands there again, each fault at its field."""
    who = marketing(issuer)
    outline = outline_of(opened.post(PRICE, data=edit(HOSTILE, rank="first", objection=" "), headers=who), 422)
    assert HOSTILE in outline.text
    described = {a.get("name") for tag, a in outline.elements if a.get("aria-invalid") == "true"}
    assert described == {"objection", "rank"}
    new = {"wish": "w-3", "key": "Ünfit!", "objection": HOSTILE, "rank": "1"}
    outline = outline_of(opened.post(CONTENT, data=new, headers=who), 422)
    assert "Give it a short name" in outline.text
    assert HOSTILE in " ".join(outline.texts)
    taken = {"wish": "w-4", "key": "objection-2", "objection": "Another", "rank": "1"}
    assert "There is an objection of this name" in outline_of(opened.post(CONTENT, data=taken, headers=who), 412).text
    fresh = opened.post(CONTENT, data={**new, "key": "Data Residency"}, headers=who)
    assert fresh.headers["location"] == "/launches/atlas-2/content/objection_handling/data-residency"


def test_what_the_field_hears_and_sends_back_is_read_beside_it(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """A seller's objection is written down once, however often it is sent; a reason for sending back is for those who
    work on the launch."""
    seller = bearer(issuer, "se-1", (Role.SELLER, "emea"))
    said = {"wish": "w-5", "region": "EMEA", "objection": f"No cloud {HOSTILE}", "heard": "A fair"}
    for _ in range(2):
        assert opened.post(f"{CONTENT}/heard", data=said, headers=seller).status_code == 303
    elsewhere = opened.post(f"{CONTENT}/heard", data={**said, "region": "apac"}, headers=seller)
    assert elsewhere.status_code == 403
    send_back(desk, "Our buyers are not those")
    read = outline_of(opened.get(CONTENT, headers=marketing(issuer))).text
    assert read.count("No cloud <script>") == 1
    assert "Heard: A fair" in read
    assert "Our buyers are not those" in read
    assert "The text is still as it was sent back." in read
    assert "Our buyers are not those" not in opened.get(CONTENT, headers=seller).text


def test_whoever_writes_anew_what_was_sent_back_has_the_reason_and_the_words_at_hand(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """The region leads marketing to each text, where the objection stands above the form with the words of today."""
    send_back(desk, "Our buyers are not those")
    who = marketing(issuer)
    region = outline_of(opened.get("/launches/atlas-2/emea", headers=who))
    assert "Write anew what was sent back Value propositions" in region.text
    assert f"{MESSAGE}?region=emea#write" in hrefs(region)
    assert f"{MESSAGE}#write" not in hrefs(region)
    text = outline_of(opened.get(f"{MESSAGE}?region=emea", headers=who))
    assert "Our buyers are not those" in text.text.partition("What this must answer")[2]
    assert "Atlas 2 halves your close." in text.text.partition("What this must answer")[2]
    written = {"wish": "w-9", "if_match": "1", "statement": "Atlas 2 ends your close."}
    foretold = outline_of(opened.post(MESSAGE, data={**written, "step": "rehearse"}, headers=who)).text
    assert "must be signed anew by Marketing, Sales (sent it back)" in foretold
    assert opened.post(MESSAGE, data=written, headers=who).status_code == 303
    assert "What this must answer" not in outline_of(opened.get(MESSAGE, headers=who)).text
    assert "Write anew what was sent back" not in outline_of(opened.get("/launches/atlas-2/emea", headers=who)).text


def test_whoever_sent_it_back_reads_that_marketing_comes_first(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """Sales is asked nothing until then, and reads why; marketing itself is told to rewrite it."""
    send_back(desk, "Our buyers are not those")
    emea = desk.latest("emea")
    assert emea is not None
    desk.look(emea)
    refresh_figures(desk.store, [emea])
    first = "you are asked again once it is rewritten."
    sales = bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea"))
    assert first in outline_of(opened.get("/me", headers=sales)).text
    room = outline_of(opened.get("/launches/atlas-2/emea", headers=sales)).text
    assert room.index("you may change your mind: Sign it after all") > room.index("Hold the launch")
    assert "Sign off Value propositions, Sales" not in room, "the same text is not offered to be signed first of all"
    assert "Waits on Marketing, Sales" not in room.partition("Objection handling Locked")[0]
    of_marketing = outline_of(opened.get("/me", headers=marketing(issuer))).text
    assert first not in of_marketing
    assert "Rewrite the value propositions" in of_marketing


def test_who_does_not_write_is_not_led_to_a_form(opened: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """Sales reads each text from the region's page and is offered no form; marketing of a region adapts it there."""
    send_back(desk, "Our buyers are not those")
    sales = outline_of(
        opened.get("/launches/atlas-2/emea", headers=bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea")))
    )
    assert MESSAGE in hrefs(sales)
    assert not [link for link in hrefs(sales) if link.endswith("#write")]
    of_emea = outline_of(opened.get("/launches/atlas-2/emea", headers=marketing(issuer, "emea")))
    assert f"{MESSAGE}?region=emea#write" in hrefs(of_emea)

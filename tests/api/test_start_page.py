"""Can a product manager start a launch with nothing but a browser, and start just what they were shown?"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from api.plan_form import PlanUnreadable, asked_of, document_in, filled_from
from readiness.commands import Role
from store.regions import latest_launch
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, field_of, outline_of, pages_of
from tests.store.desk import Desk

HOSTILE = "<script>alert(1)</script>"
FORM = {
    "wish": "s-1",
    "name": "Borealis",
    "product": "borealis",
    "owner": "emea-1",
    "launch_at": "2027-03-01T09:00",
    "tier": "3",
    "regions.0.region": "",
    "regions.0.wave": "1",
    "regions.3.region": "EMEA",
    "regions.3.name": "EMEA",
    "regions.3.time_zone": "Europe/Berlin",
    "regions.3.wave": "1",
    "courses.0.course_id": "borealis-basics",
    "courses.0.title": "Borealis basics",
    "courses.0.min_score": "60",
    "assessment.assessment_id": "borealis-cert",
    "assessment.title": "Borealis certification",
    "assessment.pass_mark": "80",
}
PLAN = """
product: borealis
name: Borealis
tier: 3
owner: emea-1
launch_at: 2027-03-01T09:00
regions:
  - {region: emea, name: EMEA, time_zone: Europe/Berlin}
  - {region: apac, name: APAC, time_zone: Asia/Singapore, wave: 2, launch_at: 2027-03-15T09:00}
courses:
  - {course_id: borealis-basics, title: Borealis basics, min_score: 0}
assessment: {assessment_id: borealis-cert, title: Borealis certification, pass_mark: 80, valid_days: 365}
policy:
  value_propositions: {segments: [enterprise, mid-market]}
"""


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own, where people of EMEA are known."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        made.teach("emea")
        yield made


@pytest.fixture
def opened(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on its pages."""
    with pages_of(desk, issuer, clock) as (client, _):
        yield client


def manager(issuer: EmbeddedIssuer, region: str = "*") -> dict[str, str]:
    """Return the headers of a product manager."""
    return bearer(issuer, "pm-7", (Role.PRODUCT_MANAGER, region))


def faulty(elements: list[tuple[str, dict[str, str | None]]]) -> set[str | None]:
    """Return the names of the fields that are marked as faulty."""
    return {attributes.get("name") for _, attributes in elements if attributes.get("aria-invalid") == "true"}


def test_what_was_shown_is_started(opened: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """The preview names every region with its dates and changes nothing; the button beneath it starts that very plan,
    and once."""
    who = manager(issuer)
    assert field_of(outline_of(opened.get("/start", headers=who)), "owner") == "pm-7"
    shown = outline_of(opened.post("/start", data={**FORM, "step": "preview"}, headers=who))
    assert "What this starts" in shown.text
    assert "1 Mar 2027, 09:00 CET" in shown.text
    with desk.store.reading() as tx:
        assert latest_launch(tx, "borealis") is None
    wish = {**FORM, "shown": field_of(shown, "shown")}
    for _ in range(2):
        answer = opened.post("/start/launch", data=wish, headers=who)
        assert (answer.status_code, answer.headers["location"]) == (303, "/launches/borealis")
    again = opened.post("/start/launch", data={**wish, "wish": "s-2"}, headers=who)
    assert "Nothing was started." in outline_of(again, 409).text


def test_another_plan_than_the_one_shown_is_not_started(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """Whoever changed a field after the preview is shown the new one first."""
    who = manager(issuer)
    shown = field_of(outline_of(opened.post("/start", data={**FORM, "step": "preview"}, headers=who)), "shown")
    changed = {**FORM, "shown": shown, "launch_at": "2027-04-01T09:00"}
    page = outline_of(opened.post("/start/launch", data=changed, headers=who), 422)
    assert "1 Apr 2027, 09:00 CEST" in page.text
    with desk.store.reading() as tx:
        assert latest_launch(tx, "borealis") is None


def test_every_fault_stands_at_its_field(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Rows that were left empty do not shift what is wrong to another row, what is typed stays, and a check as one
    types passes over what is only missing."""
    who = manager(issuer)
    wrong = {
        **FORM,
        "name": HOSTILE,
        "regions.3.time_zone": "Mars",
        "courses.0.min_score": "110",
        "owner": "nobody-9",
    }
    del wrong["assessment.title"]
    response = opened.post("/start", data={**wrong, "step": "preview"}, headers=who)
    outline = outline_of(response, 422)
    fields = {"regions.3.time_zone", "courses.0.min_score", "owner"}
    assert faulty(outline.elements) == fields | {"assessment.title"}
    assert field_of(outline, "name") == HOSTILE
    assert "<script>alert" not in response.text
    checked = outline_of(opened.post("/start", data={**wrong, "step": "check"}, headers=who))
    assert faulty(checked.elements) == fields
    assert "3 fields must be mended." in checked.text
    assert field_of(checked, "wish") == "s-1"


def test_regions_of_others_are_refused_at_their_row(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """A manager of APAC reads why EMEA is not theirs, learns nothing of who is known, and starts nothing there."""
    who = manager(issuer, "apac")
    page = outline_of(opened.post("/start", data={**FORM, "owner": "nobody-9", "step": "preview"}, headers=who), 422)
    assert "No role of yours starts a launch in emea." in page.text
    assert faulty(page.elements) == {"regions.3.region"}
    assert opened.post("/start/launch", data=FORM, headers=who).status_code == 403
    assert opened.get("/start", headers=bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))).status_code == 403


def test_rows_are_added_without_javascript(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """The button sends the form, which comes back as it was with one row more."""
    page = outline_of(opened.post("/start", data={**FORM, "step": "add-regions"}, headers=manager(issuer)))
    rows = [a["name"] for tag, a in page.elements if tag == "input" and str(a.get("name")).endswith(".time_zone")]
    assert rows == ["regions.0.time_zone", "regions.3.time_zone", "regions.4.time_zone"]
    assert field_of(page, "regions.3.name") == "EMEA"


@pytest.mark.parametrize("pasted", [True, False], ids=["pasted", "dropped"])
def test_a_plan_file_fills_the_form(opened: TestClient, issuer: EmbeddedIssuer, pasted: bool) -> None:
    """Pasted or dropped, the plan stands in the form, shown with what it starts, its policy with it."""
    files: Mapping[str, tuple[str, bytes]] = {} if pasted else {"plan_file": ("plan.yaml", PLAN.encode())}
    said = {"step": "read", "plan": PLAN if pasted else ""}
    page = outline_of(opened.post("/start", data=said, files=files, headers=manager(issuer)))
    assert field_of(page, "regions.1.launch_at") == "2027-03-15T09:00"
    assert "what is said to enterprise, mid-market" in page.text
    assert "Start Borealis in 2 regions" in page.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PLAN.replace("Asia/Singapore", "Asia/Atlantis").replace("tier: 3", "tier: 9"), "regions[1].time_zone"),
        ("a: [", "cannot be read as YAML or JSON"),
        ("- 1", "does not hold a plan"),
        ("[" * 2_000, "nested deeper"),
        (f"{HOSTILE}: 1", "There is no such field here"),
    ],
    ids=["faults", "broken", "list", "deep", "hostile"],
)
def test_a_plan_file_that_cannot_work_is_told_of_by_path(
    opened: TestClient, issuer: EmbeddedIssuer, text: str, told: str
) -> None:
    """Every fault by its path, the text kept to be mended, and nothing of it taken for markup."""
    response = opened.post("/start", data={"step": "read", "plan": text}, headers=manager(issuer))
    assert told in outline_of(response, 422).text
    assert "<script>alert" not in response.text


def test_a_plan_in_json_is_read_as_the_api_reads_it() -> None:
    """A long plan of JSON is read at once, one of YAML is refused, and mappings of YAML may look like JSON."""
    long = json.dumps({"product": "p", "regions": [{"region": f"r-{n}" * 20} for n in range(4_000)]})
    assert len(document_in(long)["regions"]) == 4_000
    assert document_in("{product: p}") == {"product": "p"}
    with pytest.raises(PlanUnreadable, match="send a longer plan as JSON"):
        document_in("product: p\n" + "# long\n" * 40_000)


def test_a_form_holds_all_of_a_plan() -> None:
    """What a plan fills in stands for that plan again."""
    plan = {
        "product": "p",
        "impact": {"market": "known"},
        "regions": [{"region": "emea", "wave": 2}],
        "courses": [{"course_id": "c"}],
        "assessment": {"pass_mark": "80"},
        "policy": {"training": {"required_share": 0.5}},
    }
    asked = asked_of(filled_from(plan))
    assert asked.document == {**plan, "regions": [{"region": "emea", "wave": "2"}]}

"""Does each person of the design reach what they came for, from sign-in to done?"""

# The journeys share one house, as the people of a launch do; none undoes what another needs.

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import PATIENCE_MS, Complaints
from tests.stories.house import House

SignIn = Callable[[House, str], None]

REASON = "We wait for the reference on this side of the water."


@pytest.fixture(autouse=True)
def quiet(complaints: Complaints) -> None:
    """Every journey listens to what the browser complains of."""
    expect.set_options(timeout=PATIENCE_MS)
    del complaints


def test_a_product_manager_starts_a_launch(
    house: House, page: Page, sign_in: SignIn, tmp_path: Path, complaints: Complaints
) -> None:
    """A plan file fills the form, the form shows what it starts, and the product's page shows it begun."""
    launch_on = date.today() + timedelta(days=90)  # noqa: DTZ011 - the day on this machine's calendar will do.
    plan = {
        "product": "borealis",
        "name": "Borealis",
        "tier": 3,
        "tier_reason": "A small change for those who have it.",
        "owner": "pm-7",
        "launch_at": f"{launch_on.isoformat()}T09:00",
        "regions": [{"region": "emea", "name": "EMEA", "time_zone": "Europe/Berlin"}],
        "courses": [{"course_id": "borealis-basics", "title": "Borealis basics"}],
        "assessment": {"assessment_id": "borealis-cert", "title": "Borealis certification", "pass_mark": 80},
    }
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan), "utf-8")
    sign_in(house, "Ines Carvalho")
    page.get_by_role("link", name="Start a launch").click()
    page.locator("summary", has_text="plan file").click()
    page.get_by_label("A file of YAML or JSON").set_input_files(file)
    page.get_by_role("button", name="Fill the form with it").click()
    expect(page.get_by_label("Name", exact=True).first).to_have_value("Borealis")
    if not page.get_by_role("button", name="Start Borealis in 1 region").is_visible():
        page.get_by_role("button", name="See what this starts").last.click()
    page.get_by_role("button", name="Start Borealis in 1 region").click()
    expect(page.get_by_role("status")).to_contain_text("The launch is started.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Borealis")
    assert complaints == []


def test_marketing_reads_what_the_field_says_of_the_message(
    house: House, page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    """From the board to the texts, and to why sales sent them back in the Americas."""
    sign_in(house, "Tom Okafor")
    page.get_by_role("link", name="Atlas 2", exact=True).click()
    page.get_by_role("link", name="What is said of it").click()
    expect(page.get_by_text("one reference on this side of the water").first).to_be_visible()
    assert complaints == []


def test_a_sales_lead_signs_the_message_that_was_sent_back(
    house: House, page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    """Who sent it back may change their mind: the text stands beside the button; the next stage opens by itself."""
    sign_in(house, "Dana Whitfield")
    page.goto(f"{house.url}/launches/atlas-2/amer")
    page.locator(".move a", has_text="Sign it after all").click()
    page.get_by_role("button", name="Sign it after all").click()
    expect(page.get_by_role("status")).to_contain_text("You signed off.")
    expect(page.locator(".path-steps li.is-passed", has_text="Value propositions")).to_be_visible()
    assert complaints == []


def test_enablement_finds_who_lapses_and_brings_in_their_passes(
    house: House, page: Page, sign_in: SignIn, tmp_path: Path, complaints: Complaints
) -> None:
    """Who lapses before launch day is one click away; a file of new passes is in within seconds, bad rows told."""
    sign_in(house, "Priya Raman")
    page.goto(f"{house.url}/launches/atlas-2/apac")
    page.get_by_role("link", name="Its people").click()
    page.get_by_role("link", name="Lapses too early").click()
    expect(page.get_by_text("Aarav Sharma")).to_be_visible()
    file = tmp_path / "attempts.csv"
    passed_at = f"{(date.today() - timedelta(days=1)).isoformat()}T09:00:00Z"  # noqa: DTZ011 - as above.
    rows = [f"{person},atlas-2-cert,{passed_at},91" for person in ("ap-01", "ap-02", "ap-03", "ap-04")]
    file.write_text("\n".join(["person_id,assessment_id,attempted_at,score", *rows, "ap-05,atlas-2-cert,soon,9"]))
    page.goto(f"{house.url}/imports")
    form = page.locator("form[action*='attempts']").first
    form.locator("input[type=file]").set_input_files(file)
    form.get_by_role("button", name="Bring in attempts").click()
    expect(page.get_by_text("Loaded", exact=True).first).to_be_visible()
    expect(page.get_by_text("attempted_at").first).to_be_visible()
    page.goto(f"{house.url}/launches/atlas-2/apac/people?status=lapses")
    expect(page.get_by_text("Aarav Sharma")).not_to_be_visible()
    assert complaints == []


def test_a_seller_reads_what_is_due(house: House, page: Page, sign_in: SignIn, complaints: Complaints) -> None:
    """One page says what is missing and until when."""
    sign_in(house, "Hana Kobayashi")
    page.goto(f"{house.url}/me")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Hana Kobayashi")
    expect(page.get_by_text("Atlas 2 pricing").first).to_be_visible()
    assert complaints == []


def test_an_executive_stops_a_region_after_reading_what_follows(
    house: House, page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    """From the question to the decision: found, opened, said, read once more, done; and the board says so."""
    sign_in(house, "Helena Brandt")
    page.get_by_role("link", name="Go/no-go").click()
    page.get_by_label("Product or region").fill("atlas apac")
    page.get_by_role("button", name="Find").click()
    # The link says more where the region is ready to be decided on, which the passes above lead to.
    page.locator("a[href$='/launches/atlas-2/apac/acts/decide']").click()
    form = page.locator("form[action$='/acts/decide']")
    form.get_by_label("Hold", exact=True).check()
    form.get_by_label("Reason", exact=True).fill(REASON)
    form.get_by_role("button", name="Decide").click()
    expect(page.get_by_text(REASON)).to_be_visible()
    page.get_by_role("button", name="Yes: Hold").click()
    expect(page.get_by_role("status")).to_contain_text("Your decision stands.")
    page.goto(house.url)
    expect(page.locator("td.v-held")).to_be_visible()
    assert complaints == []


def test_an_executive_decides_without_javascript(house: House, browser: Browser) -> None:
    """Signing in, reading, deciding and seeing it done need no script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{house.url}/personas")
    page.get_by_role("button", name="Be Helena Brandt").click()
    page.goto(f"{house.url}/launches/atlas-2/emea/acts/decide")
    form = page.locator("form[action$='/acts/decide']")
    form.locator("input[name=verdict][value=hold]").check()
    form.locator("textarea[name=reason]").fill(REASON)
    form.locator("button[type=submit]").click()
    page.get_by_role("button", name="Yes: Hold").click()
    expect(page.get_by_role("status")).to_contain_text("Your decision stands.")
    context.close()


def test_an_auditor_finds_who_decided_and_takes_the_proof_along(
    house: House, page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    """The decision stands in the record with its person, right and reason, and the record comes as a file."""
    sign_in(house, "Ruth Adler")
    page.get_by_role("link", name="Audit record").click()
    page.get_by_label("Kind").fill("decide")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Helena Brandt").first).to_be_visible()
    expect(page.get_by_text("both sides of the house stand by the message").first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert taken.value.suggested_filename == "ledger.csv"
    assert complaints == []


def test_an_administrator_gives_a_role_and_takes_it_back(
    house: House, page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    """Who was granted what, and why, stands on the page at once."""
    sign_in(house, "Sam Keller")
    page.get_by_role("link", name="Access").click()
    for button, word in (("Grant", "Granted"), ("Withdraw", "Withdrawn")):
        form = page.locator("form[action='/access/roles']")
        form.get_by_label("Person").fill("sa-9")
        form.get_by_label("Role").select_option("sales_lead")
        form.get_by_label("Region").fill("emea")
        form.get_by_label("Reason").fill("She stands in for Luc.")
        form.get_by_role("button", name=button).click()
        expect(page.get_by_text(word).first).to_be_visible()
    assert complaints == []


def test_an_act_is_seen_on_the_open_board_of_somebody_else(
    house: House, page: Page, sign_in: SignIn, browser: Browser
) -> None:
    """Within two seconds and without a reload the board of one shows what another did."""
    sign_in(house, "Ines Carvalho")
    page.goto(house.url)
    page.evaluate("window.untouched = true")
    other = browser.new_context().new_page()
    other.goto(f"{house.url}/personas")
    other.get_by_role("button", name="Be Dana Whitfield").click()
    other.goto(f"{house.url}/launches/atlas-2/amer")
    other.locator("summary", has_text="Hold the launch").click()
    form = other.locator("form[action$='/acts/hold']")
    form.get_by_label("Why it stops").fill(REASON)
    form.get_by_role("button", name="Hold the launch").click()
    expect(page.locator("td.v-held", has_text="Americas")).to_be_visible(timeout=5_000)
    assert page.evaluate("window.untouched")
    other.context.close()

"""Is every page whole for whoever looks at it: on any screen, by any means, in any language?"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # It ships no types.
from playwright.sync_api import Browser, Page

from templates.language import LANGUAGES
from tests.journeys.conftest import PATIENCE_MS, Complaints
from tests.stories.house import House

HERE = Path(__file__).parent
IMAGES = HERE.parents[1] / "docs" / "images"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

WIDTHS = (1440, 1024, 390)
HEIGHT = 900

PAGES: dict[str, tuple[str, str]] = {
    "board": ("Helena Brandt", "/"),
    "board-ordered": ("Ines Carvalho", "/?sort=tier&q=atlas"),
    "board-nothing": ("Ines Carvalho", "/?q=borealis"),
    "launch": ("Ines Carvalho", "/launches/atlas-2"),
    "content": ("Tom Okafor", "/launches/atlas-2/content"),
    "start": ("Ines Carvalho", "/start"),
    "portfolio": ("Ines Carvalho", "/portfolio"),
    "decide": ("Helena Brandt", "/decide"),
    "deciding": ("Helena Brandt", "/launches/atlas-2/emea/acts/decide"),
    "people": ("Priya Raman", "/launches/atlas-2/apac/people"),
    "imports": ("Priya Raman", "/imports"),
    "me": ("Hana Kobayashi", "/me"),
    "region-go": ("Helena Brandt", "/launches/atlas-2/emea"),
    "region-not-ready": ("Mei Tan", "/launches/atlas-2/apac"),
    "region-sent-back": ("Tom Okafor", "/launches/atlas-2/amer"),
    "ledger": ("Ruth Adler", "/ledger"),
    "deliveries": ("Sam Keller", "/deliveries"),
    "access": ("Sam Keller", "/access"),
    "personas": ("Sam Keller", "/personas"),
    "permit": ("Sam Keller", "/permits/verify"),
    "not-found": ("Sam Keller", "/launches/borealis/mars"),
}
"""Every page, and who looks at it."""


@pytest.fixture(scope="module")
def shown(demonstration: House) -> House:
    """The demonstration, running."""
    if not demonstration.is_up:
        demonstration.start()
    return demonstration


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_read_by_everybody(
    name: str, shown: House, page: Page, sign_in: Callable[[House, str], None], complaints: Complaints
) -> None:
    """axe finds nothing at any width, light or dark; nothing is wider than the screen; the console is silent."""
    who, path = PAGES[name]
    sign_in(shown, who)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.goto(f"{shown.url}{path}")
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, f"{name} is {beyond} pixels wider than a screen of {width}"
            if width != WIDTHS[1]:
                found = Axe().run(page, options=RULES)
                assert found.violations_count == 0, f"{name} at {width}, {scheme}:\n{found.generate_report()}"
    assert complaints == []


def test_every_page_is_valid_html(
    shown: House, page: Page, sign_in: Callable[[House, str], None], tmp_path: Path
) -> None:
    """The checker of the HTML standard finds no error in any page, in any language."""
    vnu = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    assert vnu.exists(), "make journeys installs the checker first"
    written = []
    for name, (who, path) in PAGES.items():
        sign_in(shown, who)
        for language in LANGUAGES:
            page.context.add_cookies([{"name": "ltl-language", "value": language, "url": shown.url}])
            file = tmp_path / f"{name}-{language}.html"
            file.write_text(page.request.get(f"{shown.url}{path}", headers={"Accept": "text/html"}).text(), "utf-8")
            written.append(file)
        page.context.clear_cookies()
    command = ("java", "-jar", str(vnu), "--format", "json", "--errors-only", *map(str, written))
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(ran.stderr)["messages"]
    assert [f"{Path(each['url']).name}:{each.get('lastLine')} {each['message']}" for each in told] == []


@pytest.mark.skipif(not os.environ.get("SCREENSHOTS"), reason="writes pictures into the documents: make screenshots")
def test_pictures_of_every_page_are_taken(browser: Browser, shown: House) -> None:
    """Every page is kept as a picture, light and on a wide screen, the board in every other way too."""
    IMAGES.mkdir(exist_ok=True)
    for name, (who, path) in PAGES.items():
        ways: list[tuple[Literal["light", "dark"], int]] = [("light", 1440)]
        if name == "board":
            ways += [("dark", 1440), ("light", 390)]
        for scheme, width in ways:
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, timezone_id="Europe/Berlin"
            )
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"{shown.url}/personas")
            page.get_by_role("button", name=f"Be {who}").click()
            page.goto(f"{shown.url}{path}")
            answer = page.goto(f"{shown.url}{path}")
            assert answer is not None
            assert answer.status in {200, 404}, f"{name} is answered {answer.status}"
            if width == 1440:
                # What sticks to the edge of the screen stands where it belongs on a screen that shows all.
                whole = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": width, "height": whole})
            suffix = "" if (scheme, width) == ways[0] else f"-{scheme}-{width}"
            page.screenshot(path=IMAGES / f"page-{name}{suffix}.png", full_page=width == 1440)
            context.close()

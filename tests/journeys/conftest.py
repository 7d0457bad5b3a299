"""How do journeys come by a browser, and by a house that shows the demonstration?"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.stories.house import House

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE_MS = 20_000
"""For anything that a page waits for: machines are shared."""

_ARGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out unless `make journeys` asks for them: they need a Chromium, which no package installs."""
    if os.environ.get("JOURNEYS"):
        return
    skipped = pytest.mark.skip(reason="drives Chromium (apt-get install chromium): make journeys")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(skipped)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Have pytest-playwright start the Chromium of this machine."""
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": list(_ARGS)}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Have every journey name the house that it goes to."""


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that shows the demonstration, as it stands after the first `ltl up`."""
    kept = tmp_path_factory.mktemp("demonstration") / "data"
    with House(kept, demonstration=True) as house:
        yield house


@pytest.fixture(scope="module")
def house(demonstration: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of the journeys' own that shows the demonstration: what they change is on nobody's picture."""
    if demonstration.is_up:
        demonstration.stop()
    own = tmp_path_factory.mktemp("journeys") / "data"
    shutil.copytree(demonstration.directory, own)
    with House(own) as opened:
        yield opened


class Complaints(list[str]):
    """What the browser complained of."""


@pytest.fixture
def complaints(context: BrowserContext) -> Complaints:
    """Whatever a page writes to the console as an error, and whatever a script of it breaks over."""
    found = Complaints()

    def note(message: ConsoleMessage) -> None:
        # A refusal that a page shows is no fault of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: found.append(str(error.error)))
    return found


@pytest.fixture
def sign_in(page: Page) -> Callable[[House, str], None]:
    """Sign in at a house as somebody of the demonstration, by their name."""
    page.set_default_timeout(PATIENCE_MS)

    def signed_in(house: House, name: str) -> None:
        page.goto(f"{house.url}/personas")
        page.get_by_role("button", name=f"Be {name}").click()
        page.get_by_text("You are signed in.").wait_for()

    return signed_in

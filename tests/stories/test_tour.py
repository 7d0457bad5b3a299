"""Does the tour of the README do what it says, command by command?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.demo import load
from bootstrap.local_door import LocalDoor
from readiness.commands import Role
from tests.stories.house import PATIENCE, House
from tests.stories.typed import Step, steps, type_all

pytestmark = pytest.mark.story

DOCUMENT = Path(__file__).parents[2] / "README.md"

_TOUR = re.compile(r"^## A tour.*?(?=^## )", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
_SHOWN_ADDRESS = "http://127.0.0.1:8000"


def tour(address: str) -> list[Step]:
    """Return the commands of the tour against the product at `address`; a block without `$` is typed as a whole."""
    found = _TOUR.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    taken: list[Step] = []
    for indented in _BLOCK.findall(found[0]):
        block = re.sub(r"^    ", "", indented, flags=re.MULTILINE).replace(_SHOWN_ADDRESS, address)
        taken += steps([block]) if block.startswith("$ ") else [Step(block, ())]
    return taken


@pytest.fixture
def new_house(tmp_path: Path) -> Iterator[House]:
    """The product as somebody finds it who has just installed it: the people of other stories would have to learn."""
    with House(tmp_path / "ltl") as up:
        yield up


def test_each_command_of_the_tour_answers_as_the_readme_says(new_house: House, tmp_path: Path) -> None:
    """From the red region to its go, every line that the README shows is a line of the real answer."""
    house = new_house
    load(LocalDoor(house.url, house.directory, patience=PATIENCE))
    taken = tour(house.url)
    assert len(taken) > 8
    type_all(house, tmp_path, taken)
    auditor = house.speak("au-1", Role.AUDITOR)
    happened = [each["type"] for each in auditor.read_all("/v1/launches/atlas-2/regions/apac/timeline")]
    assert happened.count("decision_taken") == 1

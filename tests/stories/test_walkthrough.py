"""Does the walkthrough of the documents do what it says, command by command?"""

# Its blocks of `console` are run in their order, in one shell, as somebody would type them.

import re
from pathlib import Path

import pytest

from readiness.commands import Role
from tests.stories.house import House
from tests.stories.typed import steps, type_all

pytestmark = pytest.mark.story

DOCUMENT = Path(__file__).parents[2] / "docs" / "walkthrough.md"

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_each_command_of_the_walkthrough_answers_as_it_says(house: House, tmp_path: Path) -> None:
    """From the plan to the launched region, every line that the document shows is a line of the real answer."""
    taken = list(steps(_BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))))
    assert len(taken) > 20
    type_all(house, tmp_path, taken)
    auditor = house.speak("au-1", Role.AUDITOR)
    timeline = auditor.read_all("/v1/launches/cascade/regions/emea/timeline")
    happened = [each["type"] for each in timeline]
    wanted = {"waiver_lapsed", "waiver_granted", "poll_closed", "region_held", "region_resumed", "region_launched"}
    assert wanted <= set(happened)
    assert happened.count("decision_taken") == 2

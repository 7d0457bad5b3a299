"""Do pages say in every language what the door says?"""

import ast
import re
from pathlib import Path

from api.problems import OF_THE_DOOR
from templates.core_words import SAID, SENTENCES, plainly
from templates.fault_words import FAULTS
from templates.language import Reader, gettext, reading
from templates.page_words import INSTEAD, TITLES
from templates.problem_words import ADVICE, DETAILS, OTHERWISE

API = Path(__file__).parents[2] / "api"
GERMAN = Reader("de", "Europe/Berlin")

PUT_TOGETHER = {
    "No role of yours allows you to {} in this launch.",
    "No role of yours allows you to {} in {}.",
    "No role of yours allows you to {} there.",
    "No role of yours allows you to {}.",
    "This bears your name, so it needs a login of the last {} minutes. "
    "Log in again at /login?fresh=true, then ask again.",
    "This bears your name, so it needs a login of the last {} minutes. Take a new token, then ask again.",
    "Send a token: Authorization: Bearer … or log in at /login",
    "One part of the request must be mended; see errors.",
    "{} parts of the request must be mended; see errors.",
    "There is no room for the file. Nothing was kept; send it again later.",
    "The file cannot be written at the moment. Nothing was kept; send it again later.",
    "There is no import {}: GET /v1/imports lists them.",
    "There is no import {}: /imports lists them.",
}
"""What the door puts together of parts, so that no literal of it is the whole."""


def said_in_the_api() -> set[str]:
    """Return every text that the API's code holds, with a hole for each value."""
    found = set()
    for file in API.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_no_words_are_kept_for_what_the_door_does_not_say_any_more() -> None:
    """Whoever words a detail anew gives pages the words for it."""
    known = {re.sub(r"%\(\w+\)s", "{}", message) for message in DETAILS}
    assert known - said_in_the_api() == PUT_TOGETHER


def test_a_problem_is_told_in_the_readers_language() -> None:
    """Its title, its detail and what to do next are German for whoever reads German."""
    with reading(GERMAN):
        for title in (TITLES.get(kind.title, kind.title) for kind in OF_THE_DOOR):
            assert gettext(title) != title
            assert not FOR_PROGRAMS.search(title)
        for advice in (*OTHERWISE, *(each for several in ADVICE.values() for each in several)):
            assert gettext(advice) != advice
        assert plainly("No role of yours allows you to open a poll in emea, apac.") == (
            "Keine Ihrer Rollen erlaubt Ihnen, in emea, apac eine Abstimmung zu beginnen."
        )
        assert plainly("atlas has no launch in emea. See /v1/launches/atlas for its regions.") == (
            "atlas hat in emea keinen Start. Seine Regionen stehen unter /launches/atlas."
        )


FOR_PROGRAMS = re.compile(
    r"`|/v1/|\b(GET|POST|token|[Bb]ody|cursor)\b|Bearer|Idempotency|If-Match|Content-|multipart|\w_\w|see errors"
)
"""How one knows a sentence that tells a program what to send; `LTL_…` is told to whoever runs the installation."""


def test_no_page_tells_a_person_what_a_program_sends() -> None:
    """Where the door or the core names a field, a header or an address of the API, a page has words of its own."""
    told = [each.replace("LTL_TEMPORAL_UI", "") for each in SAID if each not in FAULTS]
    places = re.compile(r"%\(\w+\)s")
    assert [each for each in told if FOR_PROGRAMS.search(places.sub("", each))] == []
    for theirs, ours in INSTEAD.items():
        assert theirs in SENTENCES
        assert set(places.findall(ours)) <= set(places.findall(theirs))
        assert FOR_PROGRAMS.search(places.sub("", theirs)), "it could be said as it is"
    assert TITLES.keys() <= {kind.title for kind in OF_THE_DOOR}

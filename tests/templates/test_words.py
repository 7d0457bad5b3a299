"""Do pages have words for all that they may be asked to say?"""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from readiness.commands import LaunchCommand, RegionCommand
from readiness.events import LaunchEvent, RegionEvent
from readiness.permit import PermitStanding
from store.alarms import AlarmKind
from templates.kind_words import KINDS, kind_said
from templates.language import Reader, reading
from templates.words import BROKEN, BROKEN_REMEDIES, SALES, region_said, within_sentence

OTHERWISE_BROKEN = {
    *("store-away", "engine-away", "worker-away"),
    *("unattended", "unsealed", "record-changed"),
}
"""What is told of beside alarms: parts that do not answer, and what was left lying."""


def test_whatever_is_broken_has_words_and_something_to_do() -> None:
    """Every kind of alarm and every part; a kind that is added gets both."""
    assert set(BROKEN) == set(BROKEN_REMEDIES) == {*(kind.value for kind in AlarmKind), *OTHERWISE_BROKEN}


def test_every_kind_of_entry_has_words() -> None:
    """Whatever may be asked and whatever may happen is called by words, and nothing else is."""
    asked = {each.model_fields["kind"].default for each in _alternatives(RegionCommand, LaunchCommand)}
    happened = {each.model_fields["type"].default for each in _alternatives(RegionEvent, LaunchEvent)}
    assert set(KINDS) == asked | happened
    assert kind_said("role_granted") == "role granted", "what is of something else reads as it was written"


def _alternatives(*unions: Any) -> Iterator[type[BaseModel]]:
    """Yield the classes of unions that are told apart by a field."""
    for union in unions:
        yield from get_args(get_args(union)[0])


def test_every_standing_of_a_permit_says_whether_it_may_be_sold() -> None:
    """Only a valid one is a yes; every other begins with the no."""
    assert set(SALES) == set(PermitStanding)
    yes = [standing for standing, said in SALES.items() if not said.startswith("Not to be sold here")]
    assert yes == [PermitStanding.VALID]


@pytest.mark.parametrize(
    ("region", "said"),
    [("emea", "EMEA"), ("us", "US"), ("north-america", "North America"), ("latam", "Latam"), ("r-01", "R-01")],
)
def test_a_region_without_a_name_is_said_as_people_write_it(region: str, said: str) -> None:
    """Short ids are taken for abbreviations, longer ones for words."""
    assert region_said(region) == said


@pytest.mark.parametrize(
    ("said", "within"),
    [("Stimmt zu", "stimmt zu"), ("Offen", "offen"), ("Schulung", "Schulung"), ("Go/No-Go", "Go/No-Go")],
)
def test_german_keeps_nouns_large_within_a_sentence_and_nothing_else(said: str, within: str) -> None:
    """What begins with a verb or an adjective is written small where a sentence goes on."""
    with reading(Reader("de", "UTC")):
        assert within_sentence(said) == within

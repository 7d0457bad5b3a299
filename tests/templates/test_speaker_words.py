"""Is it said by name for whom a region waits, where names are known?"""

import pytest

from templates.language import Reader, reading
from templates.speaker_words import whom_by_name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "Enablement"),
        (("Priya Raman",), "Enablement (Priya Raman)"),
        (("Ann", "Ben"), "Enablement (Ann, Ben)"),
        (("Ann", "Ben", "Cleo", "Dan"), "Enablement (Ann, Ben and 2 more)"),
    ],
)
def test_a_function_is_said_with_the_first_of_its_people(names: tuple[str, ...], said: str) -> None:
    """Two names stand behind it, of the others their number; nothing where nobody is known."""
    with reading(Reader("en", "UTC")):
        assert whom_by_name("enablement", names) == said


def test_an_executive_is_one_like_any_function() -> None:
    """Who decides is named in the same way."""
    with reading(Reader("de", "UTC")):
        assert whom_by_name("executive", ("Ann", "Ben", "Cleo")) == "Geschäftsleitung (Ann, Ben und 1 weitere Person)"

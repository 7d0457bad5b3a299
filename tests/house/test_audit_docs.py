"""Do the tests exist by which docs/audit.md says that a line of a standard is met?"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows() -> list[tuple[str, str, str]]:
    """Return line, state and tests of every row of the mapping."""
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ((?:ASVS|11\.)[^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return [(line, state, tests) for line, state, tests in found]


def test_every_test_that_the_mapping_names_exists() -> None:
    """A line of a standard rests on tests that run, by their very names."""
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = {name for _, _, tests in rows() for name in re.findall(r"`(test_\w+)`", tests)}
    assert len(named) >= 10
    assert named <= defined, named - defined


def test_a_line_is_met_by_a_test_or_said_not_to_be() -> None:
    """What no test shows is called not met, and what is called met has a test."""
    assert len(rows()) >= 20
    for line, state, tests in rows():
        assert state.startswith(("met", "part", "not met")), line
        assert ("`test_" in tests) is not state.startswith("not met"), line

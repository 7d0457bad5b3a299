"""Does every file of the project keep the rules of this house?"""

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.house.rules import RULES, Rule, Source

ROOT = Path(__file__).parents[2]


@cache
def sources() -> tuple[Source, ...]:
    """Every text file that git tracks or would track, so that a new file is judged before it is committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = []
    for path in sorted(filter(None, listed.split("\0"))):
        file = ROOT / path
        if not file.is_file():
            continue
        content = file.read_bytes()
        if b"\0" not in content:
            found.append(Source(path, content.decode("utf-8", errors="replace")))
    return tuple(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    """Every file that a rule of this house is about keeps it."""
    breaches = [
        f"{source.path}:{line}: {wrong}"
        for source in sources()
        if rule.covers(source.path)
        for line, wrong in rule.breaches(source)
    ]
    if breaches:
        pytest.fail("\n".join([f"{rule.name}, but not here:", *breaches]), pytrace=False)


def test_the_project_is_what_is_judged() -> None:
    """The files that the rules look at are the project's own, every room among them."""
    rooms = {source.room for source in sources()}
    assert {"readiness", "store", "templates", "activities", "workflows", "api", "bootstrap", "tests"} <= rooms
    assert not any(source.path.startswith(".venv/") for source in sources())

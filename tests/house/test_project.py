"""Do the project's own files agree with each other?"""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
PUBLIC_INDEX = {"pypi.org", "files.pythonhosted.org"}


def document(name: str) -> dict[str, Any]:
    """What a TOML file at the project's root says."""
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


def asked(requirement: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return a requirement's name, extras and bounds, in whatever order they were written."""
    parts = re.fullmatch(r"([\w.-]+)(?:\[([^]]*)\])?(.*)", requirement)
    assert parts, requirement
    return parts[1].lower(), words((parts[2] or "").split(",")), words(parts[3].split(","))


def words(parts: Iterable[str]) -> frozenset[str]:
    """Return what is not empty."""
    return frozenset(part.strip() for part in parts if part.strip())


def locked(requirement: dict[str, Any]) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return a requirement as the lock writes it in the shape of `asked`."""
    bounds = words(requirement.get("specifier", "").split(","))
    return requirement["name"], frozenset(requirement.get("extras", ())), bounds


def test_the_lock_was_made_from_these_dependencies() -> None:
    """The lock answers exactly what the project asks for, so `make setup` installs what is declared."""
    project = document("pyproject.toml")
    lock = document("uv.lock")
    ours = next(each for each in lock["package"] if each["name"] == project["project"]["name"])["metadata"]
    assert lock["requires-python"].replace(" ", "") == project["project"]["requires-python"]
    assert {locked(each) for each in ours["requires-dist"]} == {
        asked(each) for each in project["project"]["dependencies"]
    }
    assert {locked(each) for each in ours["requires-dev"]["dev"]} == {
        asked(each) for each in project["dependency-groups"]["dev"]
    }


def test_the_lock_names_the_public_index_alone() -> None:
    """Whoever clones the project can install its lock: it comes from nowhere but the public index."""
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert {urlsplit(url).hostname for url in re.findall(r'"(\w+://[^"]+)"', text)} <= PUBLIC_INDEX


def test_every_room_is_shipped() -> None:
    """The wheel holds exactly the rooms that import-linter watches."""
    tool = document("pyproject.toml")["tool"]
    shipped = tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert shipped == tool["importlinter"]["root_packages"]
    assert all((ROOT / room / "__init__.py").is_file() for room in shipped)


def test_every_target_explains_itself() -> None:
    """`make help` has a line for each target that a person may call."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = {target for line in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE) for target in line.split()}
    # The make that runs these tests would otherwise hand its own options on.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    listing = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    listed = [line.split(maxsplit=1) for line in listing.splitlines()]
    assert {line[0] for line in listed} == phony
    assert all(len(line) == len(("target", "what it does")) for line in listed)


def test_ci_runs_what_a_person_runs() -> None:
    """What CI runs is `make test` and nothing besides."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "make test"]

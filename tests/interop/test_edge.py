"""Do the programs of others understand the description of the API?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bootstrap.demo import load
from bootstrap.local_door import LocalDoor
from readiness.commands import Role
from tests.stories.house import House

HERE = Path(__file__).parent
GENERATOR = "openapi-python-client==0.29.1"
"""Not in the lock: it holds an older version of the command line's library than we use."""

_UV = Path(sys.executable).with_name("uv")
_NOT_MADE = ("Unsupported content type text/csv", "Unsupported content type application/x-ndjson")
"""Ways to send a file which the generator leaves out; it keeps the third, a form."""


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The running product with its demonstration."""
    with House(tmp_path_factory.mktemp("edge") / "ltl") as house:
        load(LocalDoor(house.url, house.directory))
        yield house


@pytest.fixture(scope="module")
def description(demonstration: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description as it is served, in a file."""
    answer = demonstration.request("GET", "/openapi.json", token=demonstration.token("au-1", Role.AUDITOR))
    assert answer.status_code == 200
    file = tmp_path_factory.mktemp("description") / "openapi.json"
    file.write_bytes(answer.content)
    return file


def test_spectral_finds_nothing_wrong(description: Path, node_directory: Path) -> None:
    """Every rule of `spectral:oas` holds, those included that only warn."""
    rules = description.with_name("spectral.yaml")
    rules.write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    spectral = node_directory / "node_modules" / ".bin" / "spectral"
    ran = subprocess.run(
        (spectral, "lint", "--ruleset", rules, "--fail-severity", "hint", description),
        cwd=node_directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No results" in ran.stdout


def test_a_generated_client_takes_the_tour(demonstration: House, description: Path, tmp_path: Path) -> None:
    """A client that a program wrote from the description sees, imports and decides what the README's tour does."""
    made = subprocess.run(
        _with_generator(
            *("openapi-python-client", "generate", "--meta", "none"),
            *("--path", description, "--output-path", tmp_path / "ltl_client"),
        ),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    said = made.stdout + made.stderr
    assert [line for line in said.splitlines() if line.startswith("Unsupported")] == list(_NOT_MADE), said
    assert said.count("WARNING") == len(_NOT_MADE), said
    tokens = (
        demonstration.token("ex-1", Role.EXECUTIVE, regions=["apac"]),
        demonstration.token("en-1", Role.ENABLEMENT),
        demonstration.token("au-1", Role.AUDITOR),
        demonstration.token("pm-7", Role.PRODUCT_MANAGER),
        demonstration.token("ma-1", Role.MARKETING),
        demonstration.token("sa-2", Role.SALES_LEAD),
    )
    ran = subprocess.run(
        _with_generator("python", HERE / "tour.py", tmp_path, demonstration.url, *tokens),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "before": "not_ready",
        "lapsing": ["ap-01", "ap-02", "ap-03", "ap-04"],
        "refused": [409, "/problems/gates-not-met"],
        "imported": [4, 3, 1, "not-a-time"],
        "voted": {"marketing": "agree", "sales": "agree", "enablement": "agree"},
        "decided": [[201, "go"], [201, "go"]],
        "elsewhere": [403, "/problems/not-allowed"],
        "happened": ["decision_taken"],
    }


def _with_generator(*words: str | Path) -> tuple[str | Path, ...]:
    return (_UV, "tool", "run", "--quiet", "--from", GENERATOR, *words)

"""Does the API do what its description says, whatever is sent to it?"""

# schemathesis reads the description and makes up calls in four phases: its examples, every boundary of every schema,
# random ones, and chains in which one call uses what another answered. A few thousand on SQLite in CI; `make schema`
# makes 50,000, on both databases.

import itertools
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store.engine import open_store
from tests.api.served import Served, served
from tests.store.desk import Clock

HERE = Path(__file__).parent
LONG = os.environ.get("SCHEMA") == "long"
SEED = int(os.environ.get("SCHEMA_SEED", "1"))
CALLS = 25_000
"""On each database, in the long run."""

SLOWEST_SECONDS = 2
_ONE_OF_EACH_KIND = "^(readiness|people|imports|import_state|put_objection|withdraw_objection|meet_condition)$"
"""In CI every boundary is tried of one call of each kind; all of them take a minute."""


def tried(api: Served, folder: Path, *words: str, seed: int) -> int:
    """Have schemathesis try the API, expect that it finds nothing, and return how many calls it made."""
    ran = subprocess.run(
        (
            Path(sys.executable).with_name("schemathesis"),
            "--config-file",
            HERE / "schemathesis.toml",
            "run",
            f"{api.url}/openapi.json",
            *("--header", f"Authorization: {api.authorization}", "--workers", "1", "--seed", str(seed), "--no-color"),
            *("--max-response-time", str(SLOWEST_SECONDS), "--continue-on-failure", "--suppress-health-check", "all"),
            *words,
        ),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "SCHEMATHESIS_HOOKS": "tests.api.schema_hooks"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}{ran.stderr[-2_000:]}"
    made = re.search(r"(\d+) generated", ran.stdout)
    assert made is not None, ran.stdout
    return int(made[1])


@pytest.mark.skipif(LONG, reason="the long run tries more of the same")
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_nothing_that_is_sent_breaks_the_description(store_url: str, tmp_path: Path) -> None:
    """No made-up call is answered 5xx, against the description, or later than two seconds."""
    clock = Clock()
    with closing(open_store(store_url, clock)) as store, served(store, clock, tmp_path / "uploads") as api:
        boundaries = ("--phases", "coverage", "--include-operation-id-regex", _ONE_OF_EACH_KIND)
        made = tried(api, tmp_path, *boundaries, seed=SEED)
        made += tried(api, tmp_path, "--phases", "examples,fuzzing,stateful", "--max-examples", "2", seed=SEED)
    assert made > 500


@pytest.mark.skipif(not LONG, reason="takes many minutes: make schema")
def test_fifty_thousand_calls_break_nothing(store_url: str, tmp_path: Path) -> None:
    """The same holds for tens of thousands of calls on each database."""
    clock = Clock()
    made = 0
    with closing(open_store(store_url, clock)) as store, served(store, clock, tmp_path / "uploads") as api:
        for seed in itertools.count(SEED):
            made += tried(api, tmp_path, "--max-examples", "100", seed=seed)
            if made >= CALLS:
                break
    print(f"{made} calls on {store.engine.dialect.name}")

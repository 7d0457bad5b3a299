"""Do format, lint, types and layers hold, just as `make check` looks at them?"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def passes(*command: str) -> None:
    """Run a tool of this environment at the project's root; where it fails, fail with what it printed."""
    ran = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        pytest.fail(f"{' '.join(command)} says:\n{ran.stdout}", pytrace=False)


def test_the_code_is_formatted() -> None:
    """Every Python file is formatted as `make fmt` would."""
    passes("ruff", "format", "--check", ".")


def test_the_code_has_no_lint() -> None:
    """Ruff finds nothing in any Python file."""
    passes("ruff", "check", ".")


def test_the_rooms_import_downwards_only() -> None:
    """No room imports one above it, and the core imports no framework."""
    passes("lint-imports", "--no-logo")


def test_the_types_hold() -> None:
    """Strict mypy finds nothing in any room or test."""
    passes("mypy")

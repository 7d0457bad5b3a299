"""Where does a torture say what it did, so that its figures can be read after the run?"""

from collections.abc import Callable

import pytest

from tests.effort import TORTURE

# What runs whole products, floods them or waits for them takes minutes even as a taste: `make taste` has it. The
# stories of every run kill, attack and starve one running product.
collect_ignore = (
    [
        "test_clocks.py",
        "test_continuing.py",
        "test_exhaustion.py",
        "test_failpoints.py",
        "test_forged.py",
        "test_kills.py",
        "test_slow_connections.py",
    ]
    if TORTURE == "ci"
    else []
)

_SAID: list[str] = []

Say = Callable[[str], None]
"""Adds one line to what is printed when all is done: what was done how often, with which seed, and what was found."""


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Say something about this test at the end of the run."""
    name = request.node.name
    return lambda line: _SAID.append(f"{name}: {line}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tortures said, whether they passed or not."""
    if _SAID:
        terminalreporter.section("what was done, and what was found")
        for line in _SAID:
            terminalreporter.write_line(line)

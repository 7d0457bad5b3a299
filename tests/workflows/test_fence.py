"""Can anything in the workflows launch but the one place that may?"""

import ast
from pathlib import Path

import workflows

SOURCES = sorted(Path(workflows.__file__).parent.glob("*.py"))
REPLAY_BREAKERS = {
    "datetime.now",
    "datetime.utcnow",
    "date.today",
    "time.time",
    "uuid4",
    "uuid.uuid4",
    "asyncio.sleep",
}
"""What answers differently in replay, or waits where no timer is recorded."""


def _named(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def test_the_launch_activity_has_exactly_one_call_site() -> None:
    """Whoever reads the one place knows every way to a launch."""
    sites = [
        source.name
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if _named(node) == "LedgerActivities.launch"
    ]
    assert sites == ["region_launch.py"]


def test_workflows_name_nothing_that_answers_differently_in_replay() -> None:
    """Time, chance and waiting come from Temporal alone, in the modules that the sandbox passes through too."""
    found = [
        f"{source.name}:{node.lineno} calls {_named(node.func)}"
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and _named(node.func) in REPLAY_BREAKERS
    ]
    assert found == []

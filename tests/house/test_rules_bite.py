"""Does each rule of this house find what it is there to find, and let good code be?"""

import pytest

from tests.house.rules import RULES, Rule, Source

# Put together here, so that this file keeps the rules that it tests.
IGNORE = "# type: " + "ignore"
NOQA = "# no" + "qa"

BAD = {
    "modules say which question they answer": (
        ("readiness/gates.py", "GATES = 5\n"),
        ("readiness/gates.py", '"""."""\n'),
        ("readiness/gates.py", '"""Which gates are there? They are listed below."""\n'),
        ("readiness/gates.py", '"""Which gates are there?\n\nThey are listed below.\n"""\n'),
    ),
    "tests say the truth they protect": (
        ("tests/test_gate.py", "def test_a_gate_opens(): ...\n"),
        ("tests/test_gate.py", "class TestGates:\n    async def test_a_gate_opens(self): ...\n"),
        ("tests/test_gate.py", 'def test_a_gate_opens():\n    """Gate opens"""\n'),
        ("tests/test_gate.py", 'def test_a_gate_opens():\n    """A gate opens once. Then it is open."""\n'),
    ),
    "tests do not sleep": (
        ("tests/test_gate.py", "import time\ntime.sleep(1)\n"),
        ("tests/test_gate.py", "async def wait():\n    await asyncio.sleep(0.1)\n"),
        ("tests/fakes.py", "from time import monotonic, sleep\n"),
    ),
    "tests do not mock": (
        ("tests/test_gate.py", "from unittest.mock import Mock\n"),
        ("tests/test_gate.py", "from unittest import mock\n"),
        ("tests/test_gate.py", "import unittest.mock\n"),
    ),
    "the core is pure": (
        ("readiness/gates.py", "import sqlalchemy\n"),
        ("readiness/gates.py", "from store.engine import Store\n"),
        ("readiness/gates.py", "import os\n"),
        ("readiness/gates.py", "from random import choice\n"),
        ("readiness/gates.py", "from uuid import uuid4\n"),
        ("readiness/gates.py", "import uuid\nfresh = uuid.uuid4()\n"),
        ("readiness/gates.py", "opened_at = datetime.now(UTC)\n"),
        ("readiness/gates.py", "field = Field(default_factory=datetime.datetime.utcnow)\n"),
        ("readiness/gates.py", "opened_on = date.today()\n"),
        ("readiness/gates.py", "plan = open('plan.yaml')\n"),
    ),
    "errors are named": (
        ("store/facts.py", "try:\n    load()\nexcept:\n    raise\n"),
        ("store/facts.py", "try:\n    load()\nexcept Exception:\n    pass\n"),
        ("store/facts.py", "try:\n    load()\nexcept (ValueError, BaseException) as error:\n    note(error)\n"),
        ("store/facts.py", "try:\n    load()\nexcept Exception:\n    def later():\n        raise ValueError\n"),
    ),
    "silence has a reason": (
        ("store/facts.py", f"import thin  {IGNORE}\n"),
        ("store/facts.py", f"import thin  {IGNORE}[import-untyped]\n"),
        ("store/facts.py", f"import thin  {NOQA}\n"),
        ("store/facts.py", f"import thin  {NOQA}: F401\n"),
    ),
    "names say something": (
        ("store/utils.py", ""),
        ("store/facts.py", "def get_facts(): ...\n"),
        ("store/facts.py", "class Facts:\n    async def _handle_facts(self): ...\n"),
        ("store/facts.py", "class FactManager: ...\n"),
    ),
    "nothing lies on one machine": (
        ("docs/tour.md", "Then open `/" + "work/main/plan.yaml`.\n"),
        ("deploy/compose.yaml", "volume: /" + "root/data\n"),
        ("Makefile", "PYTHON := /" + "home/ann/python\n"),
    ),
    "pages have no inline script": (
        ("templates/board.html", "<p>Board</p>\n<script>go()</script>\n"),
        ("templates/board.html", '<button\n onclick="go()">Go</button>\n'),
        ("templates/board.html", '<a href="javascript:go()">Go</a>\n'),
    ),
}

GOOD = {
    "modules say which question they answer": (
        ("readiness/gates.py", '"""Which gates are there,\nand in which order (e.g. Training first)?\n"""\n'),
    ),
    "tests say the truth they protect": (
        ("tests/test_gate.py", 'def test_a_gate_opens():\n    """A gate opens at 9 a.m. in its region."""\n'),
        ("tests/fakes.py", "def test_double(): ...\n"),
    ),
    "tests do not sleep": (("tests/test_gate.py", "await workflow.sleep(1)\nclock.sleep(1)\n"),),
    "tests do not mock": (("tests/test_gate.py", "from tests.fakes import Outbox\nimport unittest\n"),),
    "the core is pure": (
        ("readiness/gates.py", "from datetime import UTC, datetime\nfrom pydantic import Field\nimport zoneinfo\n"),
        ("readiness/gates.py", "def is_due(gate, *, now):\n    return gate.due_at <= now\n"),
        ("readiness/gates.py", "is_open = gate.open\n"),
    ),
    "errors are named": (
        ("store/facts.py", "try:\n    load()\nexcept ValueError:\n    pass\n"),
        ("store/facts.py", "try:\n    load()\nexcept Exception:\n    undo()\n    raise\n"),
    ),
    "silence has a reason": (
        ("store/facts.py", f"import thin  {IGNORE}[import-untyped]  # it has no types\n"),
        ("store/facts.py", f"import thin  {NOQA}: F401, E402 - it registers itself\n"),
    ),
    "names say something": (
        ("store/facts.py", "def facts(): ...\nclass Figures: ...\ndef processed_rows(): ...\n"),
        ("store/types.py", "class Score(TypeDecorator):\n    def process_bind_param(self): ...\n"),
    ),
    "nothing lies on one machine": (
        ("docs/tour.md", "See `docs/work/plan.md`, <https://example.org/work/plan> and $HOME/work/plan.\n"),
        ("deploy/compose.yaml", "volume: /var/lib/ltl\n"),
    ),
    "pages have no inline script": (
        ("templates/board.html", '<script src="/static/board.js" nonce="{{ nonce }}"></script>\n<p data-on="go">\n'),
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_a_rule_finds_each_breach(rule: Rule) -> None:
    """A rule finds every kind of breach that it is there to find."""

    for path, text in BAD[rule.name]:
        assert rule.covers(path), f"{rule.name} does not look at {path}"
        assert list(rule.breaches(Source(path, text))), f"{rule.name} lets this pass:\n{text}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_a_rule_lets_good_code_be(rule: Rule) -> None:
    """A rule finds nothing where there is no breach."""

    for path, text in GOOD[rule.name]:
        assert rule.covers(path), f"{rule.name} does not look at {path}"
        assert not list(rule.breaches(Source(path, text))), f"{rule.name} is wrong about this:\n{text}"

"""Do the documents speak of what is there, and of all of it?"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from urllib.parse import unquote, urlsplit

import pytest

from api.problems import KINDS
from bootstrap.cli import app
from bootstrap.cli.supply import plan_in
from bootstrap.settings import Settings
from readiness.impact import QUESTIONS
from readiness.plan_document import read_plan
from readiness.policy import TIERS
from readiness.refusals import Refusal
from readiness.rows import COLUMNS
from readiness.telling import TYPES

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
EXAMPLES = sorted(ROOT.glob("docs/examples/*.yaml"))
HEADINGS = ["Context", "Decision", "Why", "Consequences", "Alternatives"]

_WHEN = datetime(2026, 12, 1, tzinfo=UTC)
"""An instant before the launches of the example plans."""

_LINK = re.compile(r"\]\(([^()\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`|^(?: {4}|\t|\$ |> )(.+)$", re.MULTILINE)
_WORDS_AFTER = {name: re.compile(rf"(?:^|[\s;|(]|\$\(){name} ([a-z][a-z-]*)") for name in ("ltl", "make")}


def said(name: str) -> str:
    """Return what a document of docs/ says."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def in_ticks(text: str) -> set[str]:
    """Return everything that stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def called(program: str, text: str) -> Iterator[str]:
    """Yield the words that follow the name of a program where a document writes code."""
    for found in _CODE.finditer(text):
        yield from _WORDS_AFTER[program].findall(found[1] or found[2])


def each(paths: list[Path]) -> pytest.MarkDecorator:
    """Run a test for each of these documents, under its name."""
    return pytest.mark.parametrize("document", paths, ids=lambda path: str(path.relative_to(ROOT)))


@each(DOCUMENTS)
def test_every_link_leads_somewhere(document: Path) -> None:
    """A link to a file of ours finds that file; nobody who reads the documents is sent nowhere."""
    links = (urlsplit(link) for link in _LINK.findall(document.read_text(encoding="utf-8")))
    ours = [unquote(link.path) for link in links if not link.scheme and link.path]
    assert [link for link in ours if not (document.parent / link).exists()] == []


@each(DOCUMENTS)
def test_every_command_and_target_that_is_named_exists(document: Path) -> None:
    """What the documents tell people to type is there: commands of `ltl` and targets of make."""
    text = document.read_text(encoding="utf-8")
    commands = {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(called("ltl", text)) - commands == set()
    assert set(called("make", text)) - targets == set()


def test_no_command_is_left_out() -> None:
    """Each command of `ltl` is shown somewhere, so that nobody has to find it by chance."""
    named = {word for document in DOCUMENTS for word in called("ltl", document.read_text(encoding="utf-8"))}
    assert {command.name for command in app.registered_commands} - named == set()


def test_every_setting_is_documented() -> None:
    """An operator finds each variable that the program reads in docs/operations.md, and none that it does not."""
    read = {choice for field in Settings.model_fields.values() for choice in field.validation_alias.choices}  # type: ignore[union-attr]  # Each field has its own alias.
    rows = set(re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$", said("operations.md"), re.MULTILINE))
    assert rows == read


def test_every_refusal_is_explained_with_its_status() -> None:
    """Whoever meets a refusal finds its kind, its status and what it means in docs/api.md."""
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| \S.* \|$", said("api.md"), re.MULTILINE))
    refusals = {kind.model_fields["kind"].default for kind in get_args(get_args(Refusal)[0])}
    assert {kind: rows.get(kind) for kind in refusals} == {kind: str(KINDS[kind].status) for kind in refusals}


def test_every_problem_is_explained() -> None:
    """Each problem type that the API can answer with is listed in docs/api.md."""
    assert set(KINDS) - in_ticks(said("api.md")) == set()


def test_every_type_of_event_is_documented() -> None:
    """Whoever receives events finds each type in docs/deliveries.md."""
    assert set(TYPES) - in_ticks(said("deliveries.md")) == set()


def test_every_column_of_an_import_is_documented() -> None:
    """Who prepares a file finds each column of its kind in the row of docs/imports.md, required ones first."""
    rows = {
        row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", said("imports.md"), re.MULTILINE)
    }
    for kind, columns in COLUMNS.items():
        required, optional = rows[kind.value]
        assert re.findall(r"`(\w+)`", required) == list(columns.required)
        assert re.findall(r"`(\w+)`", optional) == list(columns.optional)


def test_the_tier_defaults_are_those_of_the_policy() -> None:
    """The table of docs/concepts.md shows the shares and lead times that plans really get."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", said("concepts.md"), re.MULTILINE)
    table = {row[0]: [cell.strip() for cell in row[1:]] for row in rows}
    tiers = [TIERS[tier] for tier in (1, 2, 3)]
    assert table["lead time in days (only marks)"] == [str(tier.lead_time_days) for tier in tiers]
    assert table["share trained"] == [f"{tier.training.required_share / 10_000:.2f}" for tier in tiers]
    assert table["share certified"] == [f"{tier.certification.required_share / 10_000:.2f}" for tier in tiers]


def test_the_questions_of_impact_are_listed_with_their_points() -> None:
    """Whoever answers from docs/concepts.md finds every question, every answer and what it counts."""
    rows = dict(re.findall(r"^\| `(\w+)`: [^|]+ \| ([^|]+) \|$", said("concepts.md"), re.MULTILINE))
    told = {
        question.key: ", ".join(f"`{answer.key}` {answer.points}" for answer in question.answers)
        for question in QUESTIONS
    }
    assert {key: rows.get(key) for key in told} == told


@each(DECISIONS)
def test_a_decision_record_has_its_five_headings(document: Path) -> None:
    """Every record reads alike, so that the decision is found at once."""
    assert re.findall(r"^## (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE) == HEADINGS


@each(EXAMPLES)
def test_an_example_plan_can_be_started(document: Path) -> None:
    """A plan that people are told to copy has no fault, and asks for no less than its tier."""
    plan = read_plan(plan_in(document), now=_WHEN)
    assert plan.product == document.stem
    assert plan.below_tier == ()

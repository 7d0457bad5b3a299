"""Does the command line ask what a launch means, and tell the tier that this proposes?"""

import io
import json
import sys
from typing import Any

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import FakeApi

TIERS: dict[str, Any] = {
    "questions": [
        {
            "key": "market",
            "text": "Whom is it sold to?",
            "answers": [
                {"key": "known", "text": "To those who know us", "points": 0},
                {"key": "new_market", "text": "In a new market", "points": 2},
            ],
        },
        {
            "key": "way_back",
            "text": "How is it taken back?",
            "answers": [{"key": "none", "text": "It cannot be", "points": 3}],
        },
    ]
}
ANSWERS = {"market": "new_market", "way_back": "none"}
PROPOSAL = {
    "tier": 2,
    "points": 5,
    "most_points": 15,
    "reasons": ["It cannot be taken back: that alone asks for Tier 2."],
    "impact": ANSWERS,
}


class Terminal(io.StringIO):
    """Somebody who types at a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def tiers(here: Installation, api: FakeApi) -> FakeApi:
    """A server that asks two questions."""
    api.answers("GET /v1/tiers", TIERS)
    api.answers("POST /v1/tiers/propose", PROPOSAL)
    return api


def test_answers_may_be_given_as_options(tiers: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """With every answer said nothing is asked; the proposal comes with its reasons and what to write into a plan."""
    assert run(["tier", "--answer", "market=new-market", "--answer", "way-back=none"]) == 0
    assert tiers.last("POST").document == {"answers": ANSWERS}
    shown = capsys.readouterr().out
    assert "Tier 2 is proposed." in shown
    assert "It cannot be taken back" in shown
    assert "impact: {market: new_market, way_back: none}" in shown


def test_what_is_left_open_is_asked_at_a_terminal(
    tiers: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each open question is shown with its numbered answers, and asked again where the number is none of them."""
    monkeypatch.setattr(sys, "stdin", Terminal("7\n2\n"))
    assert run(["tier", "--answer", "way_back=none"]) == 0
    assert tiers.last("POST").document == {"answers": ANSWERS}
    shown = capsys.readouterr().out
    assert "Whom is it sold to?" in shown
    assert "2  In a new market" in shown
    assert "How is it taken back?" not in shown


def test_without_a_terminal_an_open_question_is_misuse(tiers: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """A program is told which questions are open and how they may be answered, and is never waited for."""
    assert run(["tier", "--answer", "way_back=none", "--json"]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "market (known, new_market)" in said
    assert [asked.method for asked in tiers.asked] == ["GET"]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (["market"], "QUESTION=ANSWER"),
        (["mood=fine"], "mood"),
        (["market=mars"], "mars"),
        (["market=known", "market=new_market"], "twice"),
    ],
)
def test_an_answer_to_nothing_is_misuse(
    tiers: FakeApi, answers: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip is named, and nothing is proposed by what is left."""
    words = [word for answer in answers for word in ("--answer", answer)]
    assert run(["tier", *words]) == 2
    assert word in capsys.readouterr().err
    assert not any(asked.method == "POST" for asked in tiers.asked)


def test_a_proposal_for_programs_is_json(tiers: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json nothing but JSON comes out."""
    assert run(["tier", "--answer", "market=known", "--answer", "way_back=none", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == PROPOSAL

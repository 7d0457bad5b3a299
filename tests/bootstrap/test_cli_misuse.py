"""Does the command line turn away what nobody could mean, at once and in a sentence?"""

import json
from pathlib import Path

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import FakeApi


@pytest.mark.parametrize("name", ["a\x01b", "a/b", "../x", "a?b", "a#b", "é", ""])
def test_a_name_that_no_address_holds_is_misuse(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What would change the address that is asked never gets into one."""
    assert run(["status", name]) == 2
    assert run(["cancel", "atlas-2", name, "--reason", "Why not."]) == 2
    assert "is no name" in capsys.readouterr().err


@pytest.mark.parametrize("server", ["http://[", "http://", "ftp://here", "127.0.0.1:8000", "here"])
def test_an_address_that_is_none_is_said_to_be(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits a minute for a server that LTL_SERVER does not name."""
    monkeypatch.setenv("LTL_SERVER", server)
    monkeypatch.setenv("LTL_TOKEN", "theirs")
    assert run(["status"]) == 1
    assert "LTL_SERVER" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["two\nlines", "é", " "])
def test_a_token_that_is_none_is_said_to_be_and_not_shown(
    token: str, api: FakeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot stand in a header is refused before anything is sent, and is not repeated."""
    monkeypatch.setenv("LTL_SERVER", api.url)
    monkeypatch.setenv("LTL_TOKEN", token)
    assert run(["status"]) == 1
    said = capsys.readouterr().err
    assert "LTL_TOKEN" in said
    assert not token.strip() or token not in said
    assert api.asked == []


@pytest.mark.parametrize(
    "plan", ["a: &a [*a]", "a: &a [1]\nb: [*a, *a]", "[" * 20_000], ids=["itself", "aliases", "depth without end"]
)
def test_a_plan_that_could_fill_the_memory_is_misuse(
    plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No plan file stands for more than it says."""
    file = tmp_path / "plan.yaml"
    file.write_text(plan)
    assert run(["start", str(file)]) == 2
    assert str(file) in capsys.readouterr().err


def test_what_is_not_a_number_reaches_the_api_as_it_is_written(
    here: Installation, api: FakeApi, tmp_path: Path
) -> None:
    """A share of `.nan` is refused by the API, which names its place, and not by a stack of frames."""
    api.answers("POST /v1/launches", {"name": "Atlas 2", "product": "atlas-2", "regions": []})
    file = tmp_path / "plan.yaml"
    file.write_text("policy: {training: {required_share: .nan}, certification: {required_share: -.inf}}")
    assert run(["start", str(file)]) == 0
    assert json.loads(api.last("POST").body) == {
        "policy": {"training": {"required_share": ".nan"}, "certification": {"required_share": "-.inf"}}
    }


def test_rebuilding_nothing_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that holds no installation is said to be none, and stays empty."""
    assert run(["rebuild", "--data", str(tmp_path)]) == 2
    assert "store.sqlite" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

"""Does the doctor say what is wrong and what to do?"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.cli import run
from bootstrap.doctor import Finding, examine, settle_alarms
from bootstrap.installation import Installation, Process, Running, running_process
from bootstrap.settings import Settings
from readiness.keys import RegionKey
from store.alarms import AlarmKind, sound
from store.engine import migrate, open_store
from store.regions import update_region
from store.watching import report_found
from tests.store.desk import Clock, Desk


def of(findings: tuple[Finding, ...], about: str) -> Finding:
    """The finding about something."""
    return next(each for each in findings if each.about.startswith(about))


async def test_on_an_empty_place_everything_says_how_to_start(tmp_path: Path) -> None:
    """Where nothing was ever started, each finding that is not well points to `ltl up`, and nothing is made."""
    findings = await examine(Settings(directory=tmp_path / "none"))
    assert all("ltl up" in each.remedy for each in findings if not each.well)
    assert not of(findings, "processes").well
    assert not of(findings, "database").well
    assert not of(findings, "Temporal").well
    assert not (tmp_path / "none").exists()


async def test_an_alarm_is_told_with_what_to_do(tmp_path: Path) -> None:
    """What should never have happened is told by region, with the remedy."""
    settings = Settings(directory=tmp_path)
    migrate(settings.store_url)
    store = open_store(settings.store_url, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    try:
        key = RegionKey(product="atlas-2", region="emea", run=1)
        sound(store, AlarmKind.COMMAND_FORGED, key, "a go without a command")
    finally:
        store.close()
    alarm = of(await examine(settings), "alarm")
    assert not alarm.well
    assert alarm.about == "alarm atlas-2/emea (run 1)"
    assert "a go without a command" in alarm.says
    assert "past the API" in alarm.remedy


async def test_an_alarm_that_somebody_has_looked_at_stands_no_more(tmp_path: Path) -> None:
    """An installation is well again once a person has noted the alarm, which is kept."""
    settings = Settings(directory=tmp_path)
    migrate(settings.store_url)
    store = open_store(settings.store_url, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    try:
        sound(store, AlarmKind.COMMAND_FORGED, RegionKey(product="atlas-2", region="emea", run=1), "a go")
    finally:
        store.close()
    assert settle_alarms(settings) == 1
    assert of(await examine(settings), "alarm").well


async def test_what_was_lost_and_runs_again_is_still_told(tmp_path: Path) -> None:
    """A workflow that was ended and started again settles its own alarm, but whoever asks next day hears of it."""
    settings = Settings(directory=tmp_path)
    migrate(settings.store_url)
    store = open_store(settings.store_url)
    try:
        key = RegionKey(product="atlas-2", region="emea", run=1)
        sound(store, AlarmKind.WORKFLOW_LOST, key, "gone")
        report_found(store, key)
    finally:
        store.close()
    findings = await examine(settings)
    assert of(findings, "alarms").well
    told = of(findings, "workflows")
    assert told.well
    assert "atlas-2/emea" in told.says


async def test_a_row_that_does_not_tell_what_its_ledger_does_is_named(tmp_path: Path) -> None:
    """A row changed by hand is not well, and the doctor says which and how it is put right."""
    settings = Settings(directory=tmp_path)
    migrate(settings.store_url)
    clock = Clock(datetime.now(UTC))
    desk = Desk(open_store(settings.store_url, clock), clock)
    try:
        amer, emea = desk.start("amer", "emea", launch_at=clock.now + timedelta(days=60))
        assert of(await examine(settings), "rows").says.startswith("2 of 2 compared")
        with desk.store.writing() as tx:
            update_region(tx, emea, verdict="go", shown_verdict="go")
            update_region(tx, amer, owner="ex-1")
        named = {finding.about: finding for finding in await examine(settings) if finding.about.startswith("row ")}
        assert named.keys() == {f"row {amer}", f"row {emea}"}
        assert "owner" in named[f"row {amer}"].says
        assert all(not finding.well and "ltl rebuild" in finding.remedy for finding in named.values())
    finally:
        desk.store.close()


async def test_a_region_that_nobody_attends_to_is_named(tmp_path: Path) -> None:
    """Where something fell due and no workflow has looked since, the doctor names the region."""
    settings = Settings(directory=tmp_path)
    migrate(settings.store_url)
    clock = Clock(datetime.now(UTC) - timedelta(days=3))
    desk = Desk(open_store(settings.store_url, clock), clock)
    try:
        (key,) = desk.start("emea", launch_at=clock.now + timedelta(days=1))
        desk.look(key)
    finally:
        desk.store.close()
    told = of(await examine(settings), "regions")
    assert not told.well
    assert str(key) in told.says


async def test_a_database_without_its_tables_is_not_well(tmp_path: Path) -> None:
    """A database that was not migrated is named, with the command that migrates it."""
    (tmp_path / "store.sqlite").touch()
    found = of(await examine(Settings(directory=tmp_path)), "database")
    assert not found.well
    assert "ltl migrate" in found.remedy


async def test_a_process_that_died_is_named(tmp_path: Path) -> None:
    """A recorded process that no longer runs is not well; one that runs is."""
    installation = Installation(tmp_path)
    installation.prepare()
    me = running_process("web", os.getpid())
    dead = Process("worker", os.getpid(), "born earlier")
    address = "127.0.0.1:1"
    installation.record(Running(supervisor=me, url="http://x", temporal_address=address, processes=(me, dead)))
    findings = await examine(Settings(directory=tmp_path))
    assert of(findings, "web").well
    assert not of(findings, "worker").well


async def test_the_password_of_the_database_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor names the database without its password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ltl:hush@127.0.0.1:1/ltl")
    found = of(await examine(Settings(directory=tmp_path)), "database")
    assert not found.well
    assert "127.0.0.1:1" in found.says
    assert "hush" not in found.says


def test_the_doctor_ends_with_one_where_something_is_not_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs read the findings as JSON and the state from the exit status."""
    assert run(["doctor", "--data", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is False
    assert {"about", "well", "says", "remedy"} <= told["findings"][0].keys()
    assert run(["doctor", "--data", str(tmp_path)]) == 1
    assert "ltl up" in capsys.readouterr().out

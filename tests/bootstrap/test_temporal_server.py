"""Does the embedded Temporal server lose nothing when it is killed?"""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeIndexedValueType as IndexedValueType

from bootstrap import temporal_server
from bootstrap.installation import Process, free_port
from bootstrap.supervisor import Supervisor
from bootstrap.temporal import connect
from bootstrap.temporal_server import SEARCH_ATTRIBUTES, TASK_QUEUE, TemporalMissing, TemporalServer
from workflows import names

PATIENCE = timedelta(minutes=2)
FIRST_PORT = 17_233


def server_in(folder: Path) -> TemporalServer:
    """A server that keeps its file in `folder`."""
    port = free_port(FIRST_PORT)
    return TemporalServer(
        program=temporal_server.program(),
        file=folder / "temporal.sqlite",
        port=port,
        ui_port=free_port(port + 1),
        log=folder / "temporal.log",
    )


@pytest.mark.temporal
async def test_a_killed_server_comes_back_with_everything_it_acknowledged(tmp_path: Path) -> None:
    """After kill -9 the server is started again by itself, and knows its workflows, attributes and retention."""
    running: list[tuple[Process, ...]] = []
    supervisor = Supervisor(on_change=running.append, say=lambda _line: None)
    server = server_in(tmp_path)
    try:
        await supervisor.start(server.part(), patience=PATIENCE)
        await server.keep_histories(timedelta(days=90))
        client = await connect(server.address, patience=PATIENCE)
        await client.start_workflow("Anything", id="launch/atlas-2", task_queue="nobody")
        os.kill(running[-1][0].pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE.total_seconds()):
            # Asking takes its time, so that this waits without holding up the supervisor.
            while not await server.answers() or len(running) < 2:
                continue
        again = await connect(server.address, patience=PATIENCE)
        described = await again.get_workflow_handle("launch/atlas-2").describe()
        assert described.status is WorkflowExecutionStatus.RUNNING
        assert await _kept_for(again) == timedelta(days=90)
        assert await _attributes(again) >= {name for name, _ in SEARCH_ATTRIBUTES}
    finally:
        await supervisor.stop()
    with closing(sqlite3.connect(server.file)) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def _kept_for(client: Client) -> timedelta:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    return described.config.workflow_execution_retention_ttl.ToTimedelta()


async def _attributes(client: Client) -> set[str]:
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    return set(known.custom_attributes)


async def test_a_server_that_does_not_run_does_not_answer(tmp_path: Path) -> None:
    """Asking where nothing listens is answered with no, not with an error."""
    server = server_in(tmp_path)
    assert not await server.answers()
    assert not await server.polled_since("learn-then-launch", datetime.now(UTC))
    with pytest.raises(RuntimeError, match="retention"):
        await server.keep_histories(timedelta(days=90))


def words_after(command: Iterable[str], option: str) -> list[str]:
    """What follows each `option`."""
    words = list(command)
    return [words[place + 1] for place, word in enumerate(words) if word == option]


def test_the_server_stays_on_this_machine_and_on_the_disk(tmp_path: Path) -> None:
    """It listens on loopback alone, writes to one file, and has each commit on the disk before it answers."""
    command = server_in(tmp_path).command()
    assert words_after(command, "--ip") == ["127.0.0.1"]
    assert words_after(command, "--db-filename") == [str(tmp_path / "temporal.sqlite")]
    assert words_after(command, "--sqlite-pragma") == ["journal_mode=wal", "synchronous=full"]
    assert words_after(command, "--search-attribute") == [f"{name}={kind}" for name, kind in SEARCH_ATTRIBUTES]


def test_what_the_server_is_told_is_what_workflows_use() -> None:
    """The names that a start has no time to look up are those that workflows go by."""
    kinds = {IndexedValueType.KEYWORD: "Keyword", IndexedValueType.DATETIME: "Datetime"}
    assert tuple((key.name, kinds[key.indexed_value_type]) for key in names.SEARCH_ATTRIBUTES) == SEARCH_ATTRIBUTES
    assert TASK_QUEUE == names.TASK_QUEUE


def test_another_program_may_be_chosen(tmp_path: Path) -> None:
    """LTL_TEMPORAL_BIN replaces the installed program, and one that cannot run is refused by name."""
    chosen = tmp_path / "temporal"
    with pytest.raises(TemporalMissing, match=str(chosen)):
        temporal_server.program(chosen)
    chosen.touch(mode=0o700)
    assert temporal_server.program(chosen) == chosen

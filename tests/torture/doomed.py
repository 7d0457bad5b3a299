"""What do a web process and a worker process become that may be told to die at a step?"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bootstrap import web, worker
from bootstrap.settings import Settings
from tests.torture.doom import (
    Doom,
    Wire,
    count_activities,
    count_files,
    count_statements,
    in_activity_of,
)

ORDERS = "orders.json"
"""The file in a data directory that says what its processes are to do."""

_LOOPBACK = "127.0.0.1"


def be_web(directory: Path, wanted: Mapping[str, Any]) -> None:
    """Serve as `bootstrap.web` does, behind one wire to the clients and one to Temporal."""
    doom = Doom("web", directory / ORDERS)
    settings = _settings(doom, directory, wanted, port=wanted["inner_port"])
    Wire(doom, (_LOOPBACK, settings.port), port=wanted["port"], kinds=("heard", "answered"))
    _count(doom, settings)
    asyncio.run(web.serve(settings))


def be_worker(directory: Path, wanted: Mapping[str, Any]) -> None:
    """Work as `bootstrap.worker` does, behind a wire to Temporal; the relay's own steps are not counted."""
    doom = Doom("worker", directory / ORDERS, in_activity_of)
    settings = _settings(doom, directory, wanted, port=wanted["inner_port"])
    _count(doom, settings)
    count_activities(doom)
    asyncio.run(worker.work(settings))


ROLES: Mapping[str, Callable[[Path, Mapping[str, Any]], None]] = {"web": be_web, "worker": be_worker}


def _settings(doom: Doom, directory: Path, wanted: Mapping[str, Any], *, port: int) -> Settings:
    wire = Wire(doom, (_LOOPBACK, wanted["temporal_port"]), kinds=("asked", "told"))
    return Settings(
        directory=directory,
        database_url=wanted["database_url"],
        temporal_address=f"{_LOOPBACK}:{wire.port}",
        temporal_namespace=wanted["namespace"],
        host=_LOOPBACK,
        port=port,
    )


def _count(doom: Doom, settings: Settings) -> None:
    logging.basicConfig(level=logging.WARNING)
    count_statements(doom)
    count_files(doom, settings.uploads)

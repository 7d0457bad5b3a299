"""Can programs read what the processes log, and does it tell nothing that was said?"""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from api.seen import Seen
from bootstrap.logs import ACCESS, json_lines, log_access

SEEN = Seen("r-1234567", "a" * 32, "pm-7", "POST", "/v1/launches/{product}", 201, 0.0123456789)


class Lines(logging.Handler):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(json_lines("web"))
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of `record`."""
        self.written.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is written while a test runs."""
    kept = Lines()
    for logger in (logging.getLogger("learn_then_launch.test"), ACCESS):
        logger.addHandler(kept)
        logger.setLevel(logging.INFO)
    yield kept
    for logger in (logging.getLogger("learn_then_launch.test"), ACCESS):
        logger.removeHandler(kept)


def test_each_record_is_one_line_of_json(lines: Lines) -> None:
    """Nothing that is logged can begin a line of its own, and what went wrong stands in it whole."""
    log = logging.getLogger("learn_then_launch.test")
    log.info('for %s\n{"level": "forged"}', "ann\u2028")
    try:
        json.loads("no\nway")
    except json.JSONDecodeError:
        log.exception("failed")
    assert not [line for line in lines.written if "\n" in line or not line.isascii()]
    told, failed = map(json.loads, lines.written)
    assert list(told) == ["at", "level", "process", "logger", "message"]
    assert (told["level"], told["process"], told["logger"]) == ("info", "web", "learn_then_launch.test")
    assert told["message"].startswith("for ann")
    assert (failed["level"], "JSONDecodeError: " in failed["error"]) == ("error", True)


def test_what_is_logged_within_a_request_carries_its_id(lines: Lines) -> None:
    """Whoever has the id that a problem showed finds every line about it."""
    with structlog.contextvars.bound_contextvars(request_id="r-1234567"):
        logging.getLogger("learn_then_launch.test").warning("within")
    logging.getLogger("learn_then_launch.test").warning("after")
    within, after = map(json.loads, lines.written)
    assert within["request_id"] == "r-1234567"
    assert "request_id" not in after


def test_the_line_of_a_request_names_its_route_and_nobody_but_by_id(lines: Lines) -> None:
    """An access line has ids, route, status and time: no address, no header, no body."""
    log_access(SEEN)
    (line,) = map(json.loads, lines.written)
    assert line["message"] == "POST /v1/launches/{product} 201"
    assert {name: line[name] for name in Seen._fields} == {**SEEN._asdict(), "seconds": 0.012346}
    assert set(line) == {"at", "level", "process", "logger", "message", *Seen._fields}

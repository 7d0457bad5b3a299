"""How do the processes say what they do, so that programs can read it?"""

# One JSON object per line: nothing that is logged can start a line of its own. What is logged while a request is
# answered carries the request's id by itself.

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.typing import EventDict

from api.seen import Seen

ACCESS = logging.getLogger("learn_then_launch.access")

_TALKATIVE = ("httpx2", "httpcore2", "uvicorn.access", "alembic")
"""Each request and each query to Temporal, one line apiece, would bury what matters."""


def json_lines(process: str) -> logging.Formatter:
    """Return what makes a line of each record, said by `process`."""

    def arranged(_logger: Any, _name: str, said: EventDict) -> EventDict:
        record: logging.LogRecord = said.pop("_record")
        said.pop("_from_structlog", None)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        known = {
            "at": at,
            "level": record.levelname.lower(),
            "process": process,
            "logger": record.name,
            "message": said.pop("event"),
        }
        error = said.pop("exception", None)
        return {**known, **said, **({"error": error} if error else {})}

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ExtraAdder(allow=Seen._fields),
            structlog.processors.format_exc_info,
            arranged,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ]
    )


def log_as(process: str) -> None:
    """Have everything that this process logs go to standard error under the name `process`."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(json_lines(process))
    logging.basicConfig(level=logging.INFO, handlers=[lines], force=True)
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)


def log_access(seen: Seen) -> None:
    """Log one line for a request: who, what and how long, and nothing that was said in it."""
    told = {**seen._asdict(), "seconds": round(seen.seconds, 6)}
    ACCESS.info("%s %s %s", seen.method, seen.route, seen.status, extra=told)

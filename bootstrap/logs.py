"""How do the processes say what they do, so that programs can read it?"""

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One JSON object per line: nothing that is logged can start a line of its own."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def log_as(process: str) -> None:
    """Have everything that this process logs go to standard error under the name `process`."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines(process))
    logging.basicConfig(level=logging.INFO, handlers=[lines], force=True)
    # Each request and each query to Temporal, one line apiece, would bury what matters.
    for talkative in ("httpx2", "httpcore2", "uvicorn.access", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)

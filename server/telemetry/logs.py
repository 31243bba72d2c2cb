"""Log lines on standard error, for people or machines, with secrets masked.

A record's `extra={"facts": {...}}` holds figures by name, for machines.
"""

import json
import logging
import sys
import time
from contextvars import ContextVar
from typing import Any, TextIO

from server.settings.masking import mask
from server.settings.sections import Log

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The name of the request under way; it stands in each line that is logged meanwhile."""


def set_up(settings: Log, *, worker_id: str = "", stream: TextIO | None = None) -> None:
    """Write all log records to `stream` (by default standard error), one line per record."""
    target = sys.stderr if stream is None else stream
    as_json = settings.format == "json" or (settings.format == "auto" and not target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(_JsonLines(worker_id) if as_json else _ConsoleLines(worker_id))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    # A busy server can't afford a line per request; the metrics count requests.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # A line a step of each upgrade hides, at the first start, where the server is: see upgrade.py.
    logging.getLogger("alembic").setLevel(logging.WARNING)


class _ConsoleLines(logging.Formatter):
    """`12:00:00 info  w1 text name=value`, then the traceback if there is one."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self._worker = f"{worker_id} " if worker_id else ""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{at} {record.levelname.lower():7} {self._worker}{record.getMessage()}"
        line += "".join(f" {name}={value}" for name, value in _facts(record).items())
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return mask(line)


class _JsonLines(logging.Formatter):
    """One JSON object a line: ts (Unix ms), level, logger, msg, worker, error, and its facts."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self._worker_id = worker_id

    def format(self, record: logging.LogRecord) -> str:
        line = _facts(record) | {
            "ts": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": mask(record.getMessage()),
        }
        if self._worker_id:
            line["worker"] = self._worker_id
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record's facts, with secrets masked in text values."""
    facts: dict[str, Any] = getattr(record, "facts", {})
    if request := REQUEST_ID.get():
        facts = facts | {"request": request}
    return {n: mask(fact) if isinstance(fact, str) else fact for n, fact in facts.items()}

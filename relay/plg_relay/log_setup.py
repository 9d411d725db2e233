"""The relay's log: one line for each event on stderr, with its time in UTC, for people or for programs."""

import json
import logging
import time
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One JSON object a line, with the names of the server's log: time, level, logger, event; exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str, log_format: str) -> None:
    """`level` and `log_format` ("console" or "json") are what the settings allow."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else _console_lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _console_lines() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter

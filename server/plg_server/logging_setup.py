"""Logs: structured, on stderr, one event a line. Tokens, passwords and bodies are never handed to a logger."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

SECRET_KEYS = frozenset(
    {"password", "token", "access_token", "refresh_token", "authorization", "secret", "relay_key", "key"}
)


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Second line of defence: a value under a secret's name is not written."""
    for name in event:
        if name in SECRET_KEYS:
            event[name] = "***"
    return event


def leave_out_noise(record: logging.LogRecord) -> bool:
    """A filter for what libraries log. Bytes that are no HTTP are the caller's fault, not an error of ours: with a traceback each,
    anybody could fill the log. A connection that a pool cannot open is one line; the request that needed it says the rest."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError):
        return False
    if isinstance(error, OSError):
        record.msg, record.args = f"{record.getMessage()}: {type(error).__name__}: {error}", ()
        record.exc_info = None
    return True


def set_up_logging(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Configure structlog and the standard library for this process. `auto` is console on a terminal, JSON elsewhere."""
    stream = stream or sys.stderr
    console = log_format == "console" or (log_format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        hide_secrets,
    ]
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    if level != "debug":
        handler.addFilter(leave_out_noise)
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak up only when something is wrong, unless we debug.
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    for noisy in ("aiosqlite", "tortoise.db_client", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

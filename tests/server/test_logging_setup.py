"""The log on stderr."""

import json
import logging
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from plg_server.logging_setup import leave_out_noise

SCRIPT = """
import logging, structlog
from plg_server.logging_setup import set_up_logging
set_up_logging({level!r}, {form!r})
log = structlog.get_logger()
log.debug("quiet")
log.info("said", password="hunter2", refresh_token="hunter2", who="me")
logging.getLogger("some.library").warning("careful %s", "now")
try:
    raise ValueError("boom")
except ValueError as error:
    log.error("failed", exc_info=error)
"""


def logged(level: str, form: str) -> tuple[str, str]:
    """Standard output and error of a process that logs a little."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(level=level, form=form)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("form", ["json", "auto"])
def test_each_event_is_one_line_of_json_on_stderr_without_secrets(form: str) -> None:
    output, errors = logged("info", form)
    assert output == ""
    events = [json.loads(line) for line in errors.splitlines()]
    assert [event["event"] for event in events] == ["said", "careful now", "failed"]
    assert (events[0]["password"], events[0]["refresh_token"], events[0]["who"]) == ("***", "***", "me")
    assert "ValueError: boom" in events[2]["exception"]
    assert "hunter2" not in errors


def test_a_terminal_gets_text_and_debug_says_more() -> None:
    _, errors = logged("debug", "console")
    assert "quiet" in errors
    assert "hunter2" not in errors
    assert not errors.startswith("{")


def test_the_level_holds_back_what_is_below_it() -> None:
    _, errors = logged("error", "json")
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["careful now", "failed"]


def test_bytes_that_are_no_http_do_not_fill_the_log() -> None:
    def record(error: Exception) -> logging.LogRecord:
        return logging.LogRecord("x", logging.ERROR, "f", 1, "went wrong", (), (type(error), error, None))

    assert not leave_out_noise(record(BadHttpMessage("junk")))
    assert not leave_out_noise(record(web.RequestPayloadError("cannot decode")))
    assert leave_out_noise(record(ValueError("a fault of ours")))


def test_a_connection_that_cannot_be_opened_is_one_line() -> None:
    error = ConnectionRefusedError(111, "refused")
    record = logging.LogRecord(
        "asyncpg.pool", logging.WARNING, "f", 1, "cannot %s", ("open",), (type(error), error, None)
    )
    assert leave_out_noise(record)
    assert (record.getMessage(), record.exc_info) == ("cannot open: ConnectionRefusedError: [Errno 111] refused", None)

"""The log's form."""

import json
import logging
from collections.abc import Iterator

import pytest

from plg_relay.log_setup import set_up_logging


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_a_line_has_time_level_and_source(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("warning", "console")
    logging.getLogger("plg_relay.test").warning("hello %d", 1)
    logging.getLogger("plg_relay.test").info("not this")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("Z WARNING plg_relay.test: hello 1\n")
    assert captured.err.count("\n") == 1


def test_for_programs_each_line_is_an_object_also_with_a_traceback(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("info", "json")
    log = logging.getLogger("plg_relay.test")
    log.info("hello %s", "wörld\nsecond line")
    try:
        int("broken")
    except ValueError:
        log.exception("failed")
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = (json.loads(line) for line in captured.err.splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {"level": "info", "logger": "plg_relay.test", "event": "hello wörld\nsecond line"}
    assert second["event"] == "failed"
    assert "ValueError: invalid literal" in second["exception"]

"""The log's form."""

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
    set_up_logging("warning")
    logging.getLogger("plg_relay.test").warning("hello %d", 1)
    logging.getLogger("plg_relay.test").info("not this")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("Z WARNING plg_relay.test: hello 1\n")
    assert captured.err.count("\n") == 1

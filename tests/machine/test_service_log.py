"""Logs of tunnels in the background: each start its own, the last ones kept, none without bound."""

import os
import stat
from pathlib import Path

import pytest

from plg.machine.service_log import (
    KEPT_LOGS,
    KEPT_TAIL_BYTES,
    LOG_NAME,
    MAX_LINE_BYTES,
    MAX_LOG_BYTES,
    LogFollower,
    begin_log,
    bound_log,
    last_lines,
    older_log,
    open_log,
)
from support.requirements import require_linux


def begin(directory: Path, text: str) -> None:
    with begin_log(directory) as log:
        log.write(text.encode())


def test_each_start_has_its_own_log_and_the_last_three_before_it_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        begin(tmp_path, f"start {number}")
    kept = [older_log(tmp_path, number).read_text() for number in range(KEPT_LOGS + 1)]
    assert kept == ["start 5", "start 4", "start 3", "start 2"]
    assert len(list(tmp_path.iterdir())) == KEPT_LOGS + 1
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def test_links_are_neither_followed_nor_kept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / LOG_NAME).symlink_to(target)
    (logs / f"{LOG_NAME}.1").symlink_to(target)
    begin(logs, "said")
    assert target.read_text() == "kept"
    assert [path.name for path in logs.iterdir()] == [LOG_NAME]
    (logs / LOG_NAME).unlink()
    (logs / LOG_NAME).symlink_to(target)
    with pytest.raises(OSError, match=r"symbolic|symlink|Too many"):
        open_log(logs)


def test_a_log_that_grows_too_long_keeps_its_end(tmp_path: Path) -> None:
    require_linux()
    with begin_log(tmp_path) as log:
        line = b"x" * 99 + b"\n"
        log.write(line * (MAX_LOG_BYTES // 100))
        assert not bound_log(log.fileno())
        log.write(line * 2 + b"the last\n")
        assert bound_log(log.fileno())
        log.write(b"after\n")
    content = (tmp_path / LOG_NAME).read_bytes()
    assert len(content) <= KEPT_TAIL_BYTES + 6
    assert content.startswith(b"x" * 99 + b"\n")
    assert content.endswith(b"the last\nafter\n")


def test_nothing_but_a_log_is_cut(tmp_path: Path) -> None:
    require_linux()
    big = tmp_path / "something of the person's"
    big.write_bytes(b"x" * (MAX_LOG_BYTES + 5))
    with big.open("r+b") as stream:  # as `plg connect 2>FILE` has it
        assert not bound_log(stream.fileno())
    reading, writing = os.pipe()
    assert not bound_log(writing)
    os.close(reading)
    os.close(writing)
    assert not bound_log(writing)
    assert big.stat().st_size == MAX_LOG_BYTES + 5


def test_the_last_lines_are_read(tmp_path: Path) -> None:
    assert open_log(tmp_path) is None
    begin(tmp_path, "one\ntwo\nthree")
    with open_log(tmp_path) or pytest.fail("no log") as stream:
        assert last_lines(stream, 2) == [b"two", b"three"]
        assert last_lines(stream, 9) == [b"one", b"two", b"three"]
        assert last_lines(stream, 0) == []
        assert stream.read() == b""


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    begin(tmp_path, "y" * 3 * MAX_LINE_BYTES)
    with open_log(tmp_path) or pytest.fail("no log") as stream:
        assert last_lines(stream, 5) == [b"y" * MAX_LINE_BYTES]


def test_a_follower_sees_what_comes_a_cut_and_the_next_log(tmp_path: Path) -> None:
    first = begin_log(tmp_path)
    opened = open_log(tmp_path)
    assert opened is not None
    follower = LogFollower(tmp_path, opened)
    first.write(b"one\ntw")
    assert list(follower.new_lines()) == [b"one"]
    first.write(b"o\n")
    assert list(follower.new_lines()) == [b"two"]
    os.ftruncate(first.fileno(), 0)
    first.write(b"cut\n")
    assert list(follower.new_lines()) == [b"cut"]
    first.write(b"last of the first\n")
    with begin_log(tmp_path) as second:
        second.write(b"next log\n")
        assert list(follower.new_lines()) == [b"last of the first", b"next log"]
    first.close()
    follower.close()

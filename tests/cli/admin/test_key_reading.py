"""One key from a terminal, without Enter; the terminal is as before afterwards."""

import asyncio
import os
import sys
from collections.abc import Iterator

import pytest

from plg.cli.admin.key_reading import END_OF_INPUT, can_ask, pressed_key

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

LIMIT_S = 20.0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A pseudo-terminal as standard input: our end, and the program's."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, encoding="utf-8", closefd=False) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield ours, theirs
    for descriptor in (ours, theirs):
        os.close(descriptor)


@pytest.mark.parametrize(
    ("typed", "key"), [(b"1", "1"), (b"D", "d"), ("й".encode(), "й"), (b"\x04", END_OF_INPUT), (b"s1d", "s")]
)
async def test_a_key_is_read_without_enter_while_other_work_goes_on(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str], typed: bytes, key: str
) -> None:
    import termios

    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        reading = group.create_task(pressed_key("which? "))
        while termios.tcgetattr(theirs)[3] & termios.ICANON:  # noqa: ASYNC110 - a terminal tells nobody
            await asyncio.sleep(0)
        os.write(ours, typed)
    assert reading.result() == key
    assert termios.tcgetattr(theirs) == before
    assert capsys.readouterr().err.startswith("which? ")


def test_nobody_is_asked_in_a_pipe_or_when_it_is_forbidden(capsys: pytest.CaptureFixture[str]) -> None:
    assert not can_ask(no_input=False)
    assert not can_ask(no_input=True)
    assert capsys.readouterr().err == ""

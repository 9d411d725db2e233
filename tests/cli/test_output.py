"""What reaches a terminal, a pipe and a program."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.output import (
    ClosedPipe,
    Column,
    Output,
    aligned_table,
    encode_document,
    finish_standard_output,
    prepare_standard_output,
    safe_text,
)
from plg.contract.cli_output import SignedOutDocument

EVIL = "a\x1b[31mred\x07\x9b2J\r\n\u202eb\u2028c\x7f"


class Terminal(io.StringIO):
    """Standard output as a terminal gives it."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return screen


def test_text_from_outside_cannot_steer_a_terminal() -> None:
    assert safe_text(EVIL) == r"a\x1b[31mred\x07\x9b2J\r\n\u202eb\u2028c\x7f"
    assert safe_text("Контр-Страйк 2 日本 é") == "Контр-Страйк 2 日本 é"
    assert safe_text("\udcff") == r"\udcff"


def test_json_keeps_the_value_and_steers_nothing() -> None:
    line = encode_document(SignedOutDocument(signed_out=True, server=EVIL))
    assert json.loads(line)["server"] == EVIL
    assert line.isascii()
    assert "\x1b" not in line


def test_every_way_of_writing_makes_text_safe(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False, environ={})
    output.line(EVIL)
    output.block(f"one\n{EVIL}")
    output.table([Column("A")], [[EVIL]])
    written = capsys.readouterr().out
    assert not {letter for letter in written if letter != "\n" and (ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F)}


def test_a_table_in_a_pipe_is_whole_and_aligned() -> None:
    table = aligned_table(
        [Column("Name"), Column("Load", right=True), Column("Note")],
        [["x" * 150, "7 %", ""], ["日本", "100 %", "ok"]],
    )
    first, second, third = table.splitlines()
    assert second == "x" * 150 + "    7 %"
    assert third == "日本" + " " * 146 + "  100 %  ok"
    assert first.index("Load") + 4 == 157


def test_a_table_on_a_terminal_fits_and_is_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    Output(as_json=False, environ={"TERM": "xterm-256color"}).table([Column("Name")], [["[red]word[/red] " * 9]])
    lines = screen.getvalue().splitlines()
    assert "\x1b[1m" in lines[0]
    assert "[red]" in screen.getvalue()
    assert max(map(len, lines[1:])) <= 40


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    Output(as_json=False, environ={"NO_COLOR": "1"}).table([Column("Name")], [["a"]])
    assert "\x1b[3" not in screen.getvalue()


def test_a_dumb_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    output = Output(as_json=False, environ={"TERM": "dumb"})
    output.table([Column("Name")], [["a"]])
    assert screen.getvalue() == "Name\na\n"
    assert not output.is_terminal


def test_force_color_works_in_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    Output(as_json=False, environ={"FORCE_COLOR": "1"}).table([Column("Name")], [["a"]])
    assert "\x1b[1m" in capsys.readouterr().out


def test_a_live_line_replaces_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    Output(as_json=False, environ={}).rewrite_line("ping 5 ms\x1b[2J")
    assert screen.getvalue() == "\r\x1b[2Kping 5 ms\\x1b[2J"


def test_a_live_table_is_written_over_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    output = Output(as_json=False, environ={})
    output.rewrite_table([Column("Region")], [["eu\x1b[2J"], ["us"]])
    first = screen.getvalue()
    output.rewrite_table([Column("Region")], [["eu"]])
    assert "\x1b[2J" not in first
    lines = first.count("\n")
    assert screen.getvalue()[len(first) :].startswith(f"\x1b[{lines}F\x1b[0J")


def test_documents_stand_one_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True, environ={})
    output.document(SignedOutDocument(signed_out=True, server="a\nb"))
    output.document(SignedOutDocument(signed_out=False, server="c"))
    assert [json.loads(line)["server"] for line in capsys.readouterr().out.splitlines()] == ["a\nb", "c"]


class ClosedReader(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_reader_that_has_gone_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", ClosedReader())
    with pytest.raises(ClosedPipe):
        Output(as_json=False, environ={}).line("x")
    assert not finish_standard_output()


def test_letters_that_a_terminal_cannot_show_do_not_crash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from plg.cli.output import *; prepare_standard_output(); Output(as_json=False, environ={}).line('да')"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, rb"\u0434\u0430" + b"\n")


def test_finishing_flushes_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    prepare_standard_output()
    assert finish_standard_output()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_do_no_harm(closed: str) -> None:
    line = f'exec "$0" -m plg games --server http://127.0.0.1:1 {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, text=True, timeout=60)
    assert done.returncode == 7
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as target:
        done = subprocess.run([sys.executable, "-m", "plg", "version"], stdout=target, stderr=-1, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("plg: cannot write the results: ")

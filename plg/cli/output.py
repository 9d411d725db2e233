"""The only writer of standard output: results as lines, tables or JSON documents. Talk goes to stderr (`plg.cli.talk`)."""

import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plg.contract.cli_output import Document

# Control characters move the cursor or start escape sequences, bidirectional controls reorder what is read, and line separators break
# a table: a server's text must do none of these on a person's terminal.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)

# JSON escapes C0 controls itself; DEL, C1 and the bidirectional controls would reach a terminal as they are.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")


class ClosedPipe(Exception):
    """The reader of our standard output has gone: no failure, there is just nobody to write to."""


class CannotWrite(Exception):
    """Standard output does not take the results: a full disk, an error of the device. The text says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand to the right."""

    title: str
    right: bool = False


def safe_text(text: str) -> str:
    """`text` with everything that could steer a terminal made visible, such as `\\x1b`."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def encode_document(document: "Document") -> str:
    """One line of JSON, safe to look at on a terminal."""
    import msgspec

    text = msgspec.json.encode(document).decode()
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Output:
    """Results of one command. With `as_json`, commands write documents; otherwise lines and tables."""

    def __init__(self, *, as_json: bool, environ: Mapping[str, str]) -> None:
        self.as_json = as_json
        self._environ = environ
        self._live_lines = 0

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches: then live lines and colours make sense."""
        return sys.stdout.isatty() and self._environ.get("TERM") != "dumb"

    def document(self, document: "Document") -> None:
        """Writes one JSON document on one line, at once: a live command's reader gets each one as it happens."""
        self._write(encode_document(document) + "\n")

    def line(self, text: str = "") -> None:
        """Writes one line; text from outside is made safe here."""
        self._write(safe_text(text) + "\n")

    def block(self, text: str) -> None:
        """Writes our own text of several lines."""
        self._write("\n".join(safe_text(line) for line in text.splitlines()) + "\n")

    def rewrite_line(self, text: str) -> None:
        """Replaces the current terminal line: for a live line on a terminal; call `line()` when it is final."""
        self._write(f"\r\x1b[2K{safe_text(text)}")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Writes a table: fitted to the terminal's width there, whole and aligned in a pipe."""
        safe = [[safe_text(cell) for cell in row] for row in rows]
        if self.is_terminal or self._environ.get("FORCE_COLOR"):
            self._write(_fitted_table(columns, safe))
        else:
            self._write(aligned_table(columns, safe))

    def rewrite_table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Writes a table over the one that this wrote before: for live figures on a terminal, nothing else written in between."""
        text = _fitted_table(columns, [[safe_text(cell) for cell in row] for row in rows])
        above = f"\x1b[{self._live_lines}F\x1b[0J" if self._live_lines else ""
        self._live_lines = text.count("\n")
        self._write(above + text)

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            _give_up_stdout()
            raise ClosedPipe from None
        except OSError as error:
            _give_up_stdout()
            raise CannotWrite(error.strerror or str(error)) from error


def prepare_standard_output() -> None:
    """UTF-8 where standard output goes into a pipe or file, and never a crash over a letter that a terminal cannot show.

    Streams that the caller has closed (`plg >&-`) lead nowhere from here on: their descriptors would otherwise go to the first socket
    that is opened, and what is written for a person would reach the server.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - kept until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if sys.platform == "win32" and not stream.isatty():
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            else:
                stream.reconfigure(errors="backslashreplace")


def finish_standard_output() -> bool:
    """Flushes what is left. False when nobody takes it."""
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_stdout()
        return False
    return True


def _give_up_stdout() -> None:
    """Points standard output at nothing, so that the interpreter's own flush at exit stays quiet."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # not a real file, as in tests that capture it
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _fitted_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(Text(column.title), justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def aligned_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart, nothing cut: easy for `grep` and `awk`."""
    lines = [[column.title for column in columns], *rows]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(columns))]
    text = ""
    for line in lines:
        cells = []
        for cell, width, column in zip(line, widths, columns, strict=True):
            gap = " " * (width - _width(cell))
            cells.append(gap + cell if column.right else cell + gap)
        text += "  ".join(cells).rstrip() + "\n"
    return text


def _width(text: str) -> int:
    """Terminal cells: wide East Asian letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )

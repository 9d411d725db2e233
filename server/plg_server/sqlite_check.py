"""Looks a SQLite file over before the server relies on it: better refused at start than found broken by a player at night."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import structlog

CHECK_LIMIT_S = 5.0
"""A start must not wait for a large file. What we keep is small: a million rows of sessions take about a second."""

LOCK_WAIT_S = 0.5
"""Whoever holds the file longer than a moment is met again, and told, when it is opened."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DatabaseDamaged(Exception):
    """The file is there but is not a whole database; the text is one line for the operator."""


def refuse_damaged(path: Path, *, limit_s: float = CHECK_LIMIT_S) -> None:
    """SQLite's `quick_check` of the file, broken off after `limit_s` with a warning in the log. A missing file is well.

    Raises DatabaseDamaged. A file that cannot be read now (locked, no rights) passes: opening it says why.
    """
    if not path.exists():
        return
    try:
        finding = _first_finding(path, limit_s)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
        if code == sqlite3.SQLITE_INTERRUPT:
            structlog.get_logger().warning("database_check_broken_off", file=str(path), limit_s=limit_s)
        if code not in _DAMAGED:
            return
        finding = str(error)
    if finding is not None:
        shown = " ".join(finding.split())
        raise DatabaseDamaged(
            f"the database {path} is damaged: {shown}; put a copy of it back, or move it away to start with an empty one"
        )


def _first_finding(path: Path, limit_s: float) -> str | None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=LOCK_WAIT_S)) as connection:
        # Not a progress handler: before SQLite 3.41 a whole table is checked in one step, which only an interrupt ends.
        done = threading.Event()

        def interrupt() -> None:
            while not done.wait(limit_s):
                connection.interrupt()  # does nothing before the statement has begun: so again, until it ends

        watch = threading.Thread(target=interrupt, name="database check")
        watch.start()
        try:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            done.set()
            watch.join()  # the connection must not be closed under it
    return None if said == "ok" else str(said)

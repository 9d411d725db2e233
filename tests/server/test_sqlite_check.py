"""The look at a SQLite file before the server uses it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plg_server.sqlite_check import DatabaseDamaged, refuse_damaged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole database of some hundred pages, in a folder whose name needs quoting in an address."""
    path = tmp_path / "with ? and #" / "server.sqlite3"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO t (text) VALUES (?)", [(f"{n}" * 100,) for n in range(5000)])
        database.commit()
    return path


def test_a_whole_file_a_missing_one_and_an_empty_one_are_well(file: Path, tmp_path: Path, logs: list[Any]) -> None:
    refuse_damaged(file)
    refuse_damaged(tmp_path / "none.sqlite3")
    assert not (tmp_path / "none.sqlite3").exists()
    (tmp_path / "empty.sqlite3").touch()
    refuse_damaged(tmp_path / "empty.sqlite3")
    assert logs == []


def test_pages_written_over_are_found_and_told_in_one_line(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(10 * 4096)
        stream.write(b"\xff" * 4096 * 3)
    with pytest.raises(DatabaseDamaged) as caught:
        refuse_damaged(file)
    assert str(caught.value).startswith(f"the database {file} is damaged: ")
    assert "\n" not in str(caught.value)


def test_a_file_cut_short_is_found(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(DatabaseDamaged, match=r"malformed|missing|invalid page|out of range"):
        refuse_damaged(file)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "server.sqlite3"
    file.write_bytes(b"this is no database" * 1000)
    with pytest.raises(DatabaseDamaged, match="file is not a database"):
        refuse_damaged(file)


def test_a_file_too_large_for_the_time_is_let_through_with_a_warning(file: Path, logs: list[Any]) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 300000) INSERT INTO t (text) SELECT x FROM c"
        )
        database.commit()
    refuse_damaged(file, limit_s=0.001)
    assert [(line["event"], line["file"]) for line in logs] == [("database_check_broken_off", str(file))]


def test_a_file_that_another_program_holds_is_left_to_the_opening(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        refuse_damaged(file)

"""The archive for a report: what is collected, and what is refused. (The whole command: test_doctor.)"""

import json
import os
import zipfile
from pathlib import Path

import pytest

from plg.cli.bundle import (
    LOG_BYTES,
    Member,
    collect,
    known_names,
    known_secrets,
    refuse_unless_writable,
    show_members,
    write_bundle,
)
from plg.cli.cli_error import CliError
from plg.cli.doctor_view import doctor_document
from plg.machine.change_journal import Change, ChangeJournal
from support.inside import invocation_at

DOCUMENT = doctor_document([], server="https://plg.example.org", game=None, system="Linux")


def members(tmp_path: Path) -> dict[str, Member]:
    found = collect(invocation_at(tmp_path), DOCUMENT, (tmp_path / "run",), tmp_path / "changes")
    return {member.name: member for member in found}


def test_of_a_long_log_the_end_is_taken_from_the_beginning_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    lines = [f"line {number:06}" for number in range(LOG_BYTES // 8)]
    (tmp_path / "run/tunnel.log").write_text("\n".join(lines) + "\n")
    text = members(tmp_path)["logs/0-tunnel.log"].content.decode()
    assert len(text) <= LOG_BYTES
    assert text.startswith("line ")
    assert text.endswith(f"{lines[-1]}\n")


def test_links_pipes_and_what_is_no_text_do_no_harm(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "private").write_text("not for you")
    (run / "link.log").symlink_to(tmp_path / "private")
    (run / "second-name.log").hardlink_to(tmp_path / "private")
    if hasattr(os, "mkfifo"):
        os.mkfifo(run / "pipe.log")
    (run / "bytes.log").write_bytes(b"\xff\x00 token=swordfish-1 \xfe")
    found = members(tmp_path)
    assert {name for name in found if name.startswith("logs/")} == {"logs/0-bytes.log"}
    assert b"swordfish" not in found["logs/0-bytes.log"].content


def test_changes_of_the_system_are_in_it(tmp_path: Path) -> None:
    ChangeJournal(tmp_path / "changes").record(Change("boost.nice", {"pid": 7, "api_key": "swordfish-2"}))
    (name,) = [name for name in members(tmp_path) if name.startswith("changes/")]
    content = json.loads(members(tmp_path)[name].content)
    assert (content["kind"], content["undo"]["pid"]) == ("boost.nice", 7)
    assert content["undo"]["api_key"].startswith("<secret-")


def test_secrets_are_known_from_the_token_file_and_the_variables(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    stored = {"servers": {"https://a": {"kept": "file", "sign_in": {"email": "a@b.example", "tokens": {"x": "tok-1"}}}}}
    (folder / "tokens.json").write_text(json.dumps(stored))
    run = invocation_at(tmp_path, PLG_TOKEN="tok-2", PLG_LANG="en")
    assert known_secrets(run) == {"a@b.example", "tok-1", "tok-2"}
    (folder / "tokens.json").write_text('{"servers": [1]}')
    assert known_secrets(run) == {"tok-2"}


def test_the_home_directory_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/annette")
    monkeypatch.setattr("socket.gethostname", lambda: "gamebox.home.example")
    names = known_names(invocation_at(tmp_path))
    assert names == {"/home/annette": "~", "annette": "<user>", "gamebox": "<host>"}


def test_before_anything_is_measured_the_place_is_looked_at(tmp_path: Path) -> None:
    run = invocation_at(tmp_path)
    refuse_unless_writable(run, tmp_path / "new.zip", yes=True)
    (tmp_path / "dangling.zip").symlink_to(tmp_path / "none")
    for path, code in [(tmp_path / "dangling.zip", "file_exists"), (tmp_path / "none/x.zip", "cannot_write")]:
        with pytest.raises(CliError) as caught:
            refuse_unless_writable(run, path, yes=True)
        assert caught.value.code == code


def test_the_archive_is_written_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = invocation_at(tmp_path)
    made = [Member("a.txt", b"hello", 2)]
    show_members(run, made, tmp_path / "x.zip")
    write_bundle(run, made, tmp_path / "x.zip")
    shown = capsys.readouterr().out
    assert "a.txt" in shown
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read("a.txt") == b"hello"


def test_a_folder_that_takes_no_file_is_one_clear_failure(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        write_bundle(invocation_at(tmp_path), [], tmp_path / "gone" / "x.zip")
    assert caught.value.code == "cannot_write"

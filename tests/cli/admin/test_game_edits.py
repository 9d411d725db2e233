"""What an operator writes of games on the command line and in files."""

import io
import sys
import tomllib
from pathlib import Path

import pytest

from plg.cli.admin.game_edits import edit_request, read_game_file, write_game_file
from plg.cli.cli_error import CliError
from plg.contract.admin_games import MAX_TOML_CHARS


def test_values_are_toml_where_they_are_and_texts_where_they_are_not() -> None:
    made = edit_request(
        ["udp=[\"1-2\"]", "p2p=true", "name=Counter \"Strike\"", "note=a # b", "notes=two\nlines", "steam_appid=730"],
        [], [], [], dry_run=True,
    )  # fmt: skip

    assert tomllib.loads(made.fields) == {
        "udp": ["1-2"], "p2p": True, "name": 'Counter "Strike"', "anti_cheat_note": "a # b", "notes": "two\nlines",
        "steam_appid": 730,
    }  # fmt: skip
    assert made.dry_run


def test_items_are_gathered_by_key_and_short_keys_are_known() -> None:
    made = edit_request([], ["cidrs=9.9.9.0/24", "cidr=8.8.8.0/24", "ports=1"], ["port=2"], ["note"], dry_run=False)

    assert made.add == {"server_cidrs": ["9.9.9.0/24", "8.8.8.0/24"], "udp": ["1"]}
    assert made.remove == {"udp": ["2"]}
    assert made.unset == ["anti_cheat_note"]


@pytest.mark.parametrize("text", ["name", "name=", "=x", "Name=x", "a b=x", "x" * 40 + "=1"])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(CliError) as caught:
        edit_request([text], [], [], [], dry_run=False)
    assert caught.value.exit_code == 2


def test_an_edit_of_nothing_is_refused() -> None:
    with pytest.raises(CliError, match="nothing to change"):
        edit_request([], [], [], [], dry_run=False)


def test_files_are_read_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.toml"
    good.write_text("x = 1 # Ж", encoding="utf-8")
    assert read_game_file(str(good)) == (str(good)[:200], "x = 1 # Ж")
    for content in (b"", b"  \n", b"\xff\xfe", b"#" * (MAX_TOML_CHARS + 1)):
        good.write_bytes(content)
        with pytest.raises(CliError) as caught:
            read_game_file(str(good))
        assert caught.value.exit_code == 10
    with pytest.raises(CliError) as missing:
        read_game_file(str(tmp_path / "none"))
    assert missing.value.exit_code == 8
    with pytest.raises(CliError):
        read_game_file(str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"y = 2")))
    assert read_game_file("-") == ("stdin", "y = 2")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out.toml"
    write_game_file(str(target), "a = 1\n")
    with pytest.raises(CliError):
        write_game_file(str(target), "a = 2\n")
    assert target.read_text() == "a = 1\n"

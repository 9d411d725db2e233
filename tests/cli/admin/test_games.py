"""`plg admin games`, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.inside import Inside
from support.operated_server import Operated, operated_server

PONG = '[[game]]\nslug = "pong"\nname = "Pong"\ncategory = "fps"\nudp = ["5000"]\nserver_cidrs = ["9.9.9.0/24"]\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """One for all: each test changes a game of its own."""
    with operated_server(tmp_path_factory.mktemp("fleet") / "server") as running:
        yield running


def test_a_game_of_ones_own_from_a_file_to_its_end(plg: Inside, server: Operated, tmp_path: Path) -> None:
    boss, file = server.environ(), tmp_path / "pong.toml"
    file.write_text(PONG)

    checked = plg("admin", "games", "validate", str(file), **boss)
    assert (checked.code, checked.out) == (0, "1 table, no fault.\n")
    differs = plg("admin", "games", "diff", str(file), **boss)
    assert '+server_cidrs = ["9.9.9.0/24"]' in differs.out
    assert plg("games", "show", "pong", **boss).code == 8
    done = plg("admin", "games", "import", str(file), "--json", **boss).document()
    assert [(change["kind"], change["change"]) for change in done["changes"]] == [("game", "added")]
    assert "pong" in plg("admin", "games", "list", "--origin", "own", **boss).out
    again = plg("admin", "games", "import", str(file), **boss)
    assert (again.code, again.out) == (0, "")
    assert "Nothing changes." in again.err

    assert plg("admin", "games", "delete", "pong", **boss).code == 2
    dry = plg("admin", "games", "delete", "pong", "--dry-run", **boss)
    assert '-slug = "pong"' in dry.out
    assert "would change" in dry.err
    assert plg("admin", "games", "delete", "pong", "--yes", **boss).code == 0
    gone = plg("admin", "games", "show", "pong", "--json", **boss)
    assert (gone.code, gone.error()["code"]) == (8, "game_not_found")


def test_fields_are_edited_shown_exported_and_reset(plg: Inside, server: Operated, tmp_path: Path) -> None:
    boss, file = server.environ(), tmp_path / "changes.toml"
    edited = plg(
        "admin", "games", "edit", "cs2", "--add", "cidrs=9.9.9.0/24", "--set", "note=asked the publisher",
        "--set", "icon=crosshair", "--unset", "notes", **boss,
    )  # fmt: skip
    assert edited.code == 0, edited.err
    assert '+anti_cheat_note = "asked the publisher"' in edited.out

    shown = plg("admin", "games", "show", "cs2", **boss)
    assert 'icon = "crosshair"' in shown.out
    assert "# changed here" in shown.out
    exported = plg("admin", "games", "export", "--output", str(file), **boss)
    assert (exported.code, "1 tables" in exported.err) == (0, True)
    assert "9.9.9.0/24" in file.read_text()
    refused = plg("admin", "games", "export", "--output", str(file), "--json", **boss)
    assert (refused.code, refused.error()["code"]) == (1, "file_unwritable")
    assert "cs2" in plg("admin", "games", "export", "cs2", "--json", **boss).document()["toml"]

    reset = plg("admin", "games", "reset", "cs2", "--yes", "--lang", "ru", **boss)
    assert (reset.code, "Изменена 1 таблица" in reset.err) == (0, True)
    nothing = plg("admin", "games", "reset", "cs2", "--yes", "--json", **boss)
    assert (nothing.code, nothing.error()["code"]) == (1, "not_found")


def test_every_fault_is_told_and_nothing_is_imported(plg: Inside, server: Operated, tmp_path: Path) -> None:
    boss, file = server.environ(), tmp_path / "bad.toml"
    file.write_text(PONG.replace("5000", "70000").replace("9.9.9.0/24", "10.0.0.0/8"))

    checked = plg("admin", "games", "validate", str(file), **boss)
    assert checked.code == 10
    assert [line.rpartition("bad.toml")[2][:3] for line in checked.out.splitlines()] == [":5:", ":6:"]
    document = plg("admin", "games", "validate", str(file), "--json", **boss).document()
    assert (document["ok"], len(document["faults"])) == (False, 2)
    refused = plg("admin", "games", "import", str(file), "--json", **boss)
    assert (refused.code, refused.error()["code"]) == (10, "game_file_faults")
    assert (
        plg("admin", "games", "list", "--search", "pong", "--origin", "own", "--json", **boss).document()["total"] == 0
    )
    missing = plg("admin", "games", "import", str(tmp_path / "none.toml"), "--json", **boss)
    assert (missing.code, missing.error()["code"]) == (8, "file_unreadable")


def test_support_reads_and_changes_nothing(plg: Inside, server: Operated, tmp_path: Path) -> None:
    support, file = server.environ("support"), tmp_path / "pong.toml"
    file.write_text(PONG)

    assert plg("admin", "games", "list", "--limit", "2", "--json", **support).document()["limit"] == 2
    assert plg("admin", "games", "diff", str(file), **support).code == 0
    for act in (("import", str(file)), ("edit", "cs2", "--set", "name=x"), ("reset", "cs2", "--yes")):
        refused = plg("admin", "games", *act, "--json", **support)
        assert refused.error()["code"] == "forbidden", act
    player = plg("admin", "games", "list", "--json", **server.environ("player"))
    assert player.error()["code"] == "forbidden"

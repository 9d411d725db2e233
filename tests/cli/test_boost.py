"""`plg boost`, with real processes. (The changes themselves: tests/machine/boost.)"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.api.game_catalogue import KnownGame, keep_catalogue, make_catalogue
from plg.cli.boost import game_processes, open_journal, running_pids, the_machine, undo_abandoned
from plg.cli.cli_error import CliError
from support.boosted_process import THREADS, boosted_process
from support.command_line import Plg, plg_at
from support.inside import Inside, invocation_at
from support.requirements import require_binary, require_linux, require_root

SERVER = "http://127.0.0.1:1"


def test_without_apply_the_changes_are_shown_with_their_evidence_and_nothing_happens(plg: Inside) -> None:
    require_linux()
    with boosted_process() as game:
        before = game.ionice_values()
        done = plg("boost", "on", "--pid", str(game.pid), "--only", "ionice")
        assert done.code == 0
        assert "best-effort 0   would change" in done.out
        assert "evidence: some" in done.out
        assert "https://man7.org/" in done.out
        assert "--apply" in done.err
        assert game.ionice_values() == before
    assert not (plg.home / "changes").exists()


def test_apply_status_and_off_for_real(plg: Inside) -> None:
    require_linux()
    with boosted_process() as game:
        before = game.ionice_values()
        done = plg("boost", "on", "--pid", str(game.pid), "--only", "ionice", "--apply", "--json")
        document = done.document()
        assert (done.code, document["schema"], document["dry_run"], document["processes"]) == (
            0,
            "plg.boost/1",
            False,
            [game.pid],
        )
        assert [(one["tweak"], one["state"], one["after"]) for one in document["changes"]] == [
            ("ionice", "changed", "best-effort 0")
        ]
        assert game.ionice_values() == [(2, 0)] * THREADS
        status = plg("boost", "status", "--json").document()
        assert [(one["tweak"], one["state"]) for one in status["changes"]] == [("ionice", "active")]
        assert plg("boost", "off", "--dry-run", "--json").document()["dry_run"] is True
        assert game.ionice_values() == [(2, 0)] * THREADS
        done = plg("boost", "off", "--json")
        assert [one["state"] for one in done.document()["changes"]] == ["restored"]
        assert game.ionice_values() == before
    assert plg("boost", "off").out == "There is nothing to put back.\n"
    assert plg("boost", "status").out == "Nothing is changed.\n"


def test_a_change_for_a_game_that_has_ended_is_put_back_by_restore(plg: Inside) -> None:
    require_linux()
    with boosted_process() as game:
        assert plg("boost", "on", "--pid", str(game.pid), "--only", "ionice", "--apply").code == 0
    assert "has ended" in plg("boost", "status").out
    done = plg("restore", "--json")
    assert [(one["kind"], one["state"]) for one in done.document()["changes"]] == [("boost.ionice", "undone")]
    assert plg("boost", "status").out == "Nothing is changed.\n"


def test_the_next_boost_puts_back_what_an_ended_game_has_left(plg: Inside) -> None:
    require_linux()
    with boosted_process() as game:
        plg("boost", "on", "--pid", str(game.pid), "--only", "ionice", "--apply")
    with boosted_process() as other:
        done = plg("boost", "on", "--pid", str(other.pid), "--only", "ionice")
    assert "put back: 1" in done.err


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("--only", "ionic"), 2, "unknown_tweak"),
        (("--apply", "--dry-run"), 2, "usage"),
        (("--hold",), 2, "usage"),
        (("--pid", "2147483000"), 8, "no_such_process"),
        (("--pid", "1"), 2, "usage"),
    ],
)
def test_what_makes_no_sense_is_refused(plg: Inside, words: tuple[str, ...], code: int, name: str) -> None:
    require_linux()
    done = plg("boost", "on", *words, "--json")
    assert (done.code, done.error()["code"]) == (code, name)


def test_a_journal_that_others_may_write_stops_every_change(plg: Inside) -> None:
    require_linux()
    (plg.home / "changes").mkdir(parents=True)
    (plg.home / "changes").chmod(0o777)
    with boosted_process() as game:
        before = game.ionice_values()
        done = plg("boost", "on", "--pid", str(game.pid), "--only", "ionice", "--apply", "--json")
        assert (done.code, done.error()["code"]) == (1, "journal_unusable")
        assert game.ionice_values() == before


def test_the_list_names_evidence_and_page_of_each(plg: Inside) -> None:
    require_linux()
    document = plg("boost", "list", "--json").document()
    assert [one["id"] for one in document["tweaks"]] == ["governor", "nice", "ionice", "gamemode"]
    assert all(one["source"].startswith("https://") and one["why"] for one in document["tweaks"])
    assert "Left out on purpose" in plg("boost", "list").out


def test_a_running_game_is_found_by_its_name(tmp_path: Path) -> None:
    """A real program under the game's name."""
    require_linux()
    program = tmp_path / "plgtestgame"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    game = KnownGame(slug="test-game", name="Test Game", executables=["plgtestgame"])
    keep_catalogue(tmp_path / "config", make_catalogue(SERVER, [game]))
    run = invocation_at(tmp_path / "config", PLG_SERVER=SERVER)
    with pytest.raises(CliError) as caught:
        running_pids(run, "Test Game", None)
    assert caught.value.code == "game_not_running"
    with pytest.raises(CliError) as caught:
        running_pids(run, "test-gam", None)
    assert (caught.value.code, caught.value.nearest) == ("game_not_found", ("test-game",))
    with subprocess.Popen([str(program), "60"]) as process:
        try:
            deadline_s = time.monotonic() + 10
            while Path(f"/proc/{process.pid}/exe").readlink().name != "plgtestgame":
                assert time.monotonic() < deadline_s
                time.sleep(0.01)
            assert [one.pid for one in game_processes(run, "test-game", (), None)] == [process.pid]
        finally:
            process.kill()


def hold(plg: Plg, pid: int) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "plg", "boost", "on", "--pid", str(pid), "--only", "ionice", "--apply", "--hold"]
    return subprocess.Popen([*argv, "--json"], env=dict(plg.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


@pytest.mark.parametrize("end", ["the game", "the signal to end"])
def test_held_changes_last_until_the_game_or_the_command_ends(tmp_path: Path, end: str) -> None:
    require_linux()
    plg = plg_at(tmp_path / "home")
    with boosted_process() as game:
        before = game.ionice_values()
        process = hold(plg, game.pid)
        with process:
            assert process.stdout is not None
            document = json.loads(process.stdout.readline())
            assert document["changes"][0]["state"] == "changed"
            assert game.ionice_values() == [(2, 0)] * THREADS
            if end == "the game":
                game.end()
            else:
                process.terminate()
            assert process.wait(20) == 0, process.stderr.read() if process.stderr else ""
        if end != "the game":
            assert game.ionice_values() == before
    assert list((plg.home / "changes").iterdir()) == []


def test_without_the_right_the_priority_is_refused_by_the_system_and_nothing_is_left(tmp_path: Path) -> None:
    """Root without CAP_SYS_NICE may raise no priority, like everybody."""
    require_root()
    setpriv = require_binary("setpriv")
    plg = plg_at(tmp_path / "home")
    with boosted_process() as game:
        before = game.nice_values()
        words = ["boost", "on", "--pid", str(game.pid), "--only", "nice", "--apply", "--json"]
        done = subprocess.run(
            [str(setpriv), "--bounding-set", "-sys_nice", sys.executable, "-m", "plg", *words],
            env=dict(plg.environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 6, done.stderr
        assert json.loads(done.stdout)["changes"][0]["state"] == "refused"
        assert game.nice_values() == before
    assert list((plg.home / "changes").iterdir()) == []


def test_nothing_abandoned_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = invocation_at(tmp_path)
    undo_abandoned(run, open_journal(run), the_machine())
    assert capsys.readouterr().err == ""

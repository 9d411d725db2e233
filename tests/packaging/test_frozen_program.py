"""The player's program as one file and as a folder: built for real, and everything in it that a frozen program could break."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import make_index
import pytest

from plg import __version__
from plg.capture.leavings import Leavings
from plg.capture.watchdog import FROZEN_WORD, GOODBYE, READY
from plg.lab.product import games_toml
from plg.machine.change_journal import identify_process
from support.frozen import FrozenProgram, build, missing_python_library, run
from support.loopback_lab import LoopbackLab, loopback_lab, play
from support.release_shop import NEW, release_shop, said
from support.requirements import require_binary, require_linux
from support.source_tree import ROOT

MOST_SINGLE_BYTES = 20_000_000
FORMS = ("single", "folder")

pytestmark = [pytest.mark.xdist_group("frozen_program"), pytest.mark.timeout(1000)]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    """Built once: it takes about a minute of one core."""
    require_linux()
    require_binary("objdump")
    if (missing := missing_python_library()) is not None:
        pytest.skip(f"{missing} is not installed")
    return build(tmp_path_factory.mktemp("frozen"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackLab]:
    with loopback_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


def bare_environment(home: Path) -> dict[str, str]:
    """Nothing of Python's, nothing of the virtual environment's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PLG_CONFIG_DIR": str(home),
        "PLG_RUNTIME_DIR": str(home / "run"),
        "LANG": "C.UTF-8",
    }


def contents(frozen: FrozenProgram) -> set[str]:
    return {
        path.relative_to(frozen.folder / "_internal").as_posix()
        for path in frozen.folder.rglob("*")
        if path.is_file() and path.is_relative_to(frozen.folder / "_internal")
    }


def test_one_file_is_below_20_megabytes(frozen: FrozenProgram) -> None:
    assert frozen.single.stat().st_size < MOST_SINGLE_BYTES


def test_it_holds_catalogues_and_styles_and_neither_sources_nor_the_servers_libraries(frozen: FrozenProgram) -> None:
    found = contents(frozen)
    catalogues = {path.name for path in (ROOT / "plg/cli/locale/ru/LC_MESSAGES").glob("*.mo")}
    assert {Path(name).name for name in found if name.endswith(".mo")} == catalogues
    assert "plg_tui/plg.tcss" in found
    assert [name for name in found if name.endswith((".po", ".py", ".dll", ".sys"))] == []
    assert [
        name for name in found if "sqlite" in name or "asyncpg" in name or "pydantic" in name or "libstdc++" in name
    ] == []


@pytest.mark.parametrize("form", FORMS)
def test_it_starts_without_python(frozen: FrozenProgram, tmp_path: Path, form: str) -> None:
    program = frozen.forms()[form]
    done = run(program, "version", "--json", environ=bare_environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["version"] == __version__
    page = run(program, "--help", "--lang", "ru", environ=bare_environment(tmp_path))
    assert "Использование" in page.stdout


def test_every_command_can_be_loaded(frozen: FrozenProgram, tmp_path: Path) -> None:
    """Asked of the program itself: the table may have grown since it was built."""
    page = run(frozen.in_folder, "--help", environ=bare_environment(tmp_path)).stdout
    names = re.findall(r"(?m)^  ([a-z][a-z-]*)", page.partition("\nCommands:\n")[2])
    assert {"connect", "dashboard", "update", "server"} <= set(names)
    pages = {name: run(frozen.in_folder, name, "--help", environ=bare_environment(tmp_path)) for name in names}
    failed = {name: page.stderr for name, page in pages.items() if page.returncode != 0}
    assert failed == {}


def test_the_rules_for_profiles_are_in_it(frozen: FrozenProgram, tmp_path: Path) -> None:
    profile = tmp_path / "game.toml"
    profile.write_text(games_toml("lab-game", "Lab Game", ["203.0.113.0/24"], ["27015"]))
    done = run(frozen.in_folder, "profile", "lint", str(profile), "--json", environ=bare_environment(tmp_path))
    assert json.loads(done.stdout)["schema"] == "plg.profile_lint/1", done.stderr


@pytest.mark.parametrize(
    "words", [("server", "run"), ("relay", "run"), ("demo",), ("dashboard", "--web")], ids=" ".join
)
def test_what_operators_need_is_said_to_be_elsewhere(
    frozen: FrozenProgram, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(frozen.in_folder, *words, "--json", environ=bare_environment(tmp_path))
    assert done.returncode == 1
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (error["code"], "made for players" in error["message"]) == ("extra_missing", True)


@pytest.mark.parametrize("form", FORMS)
def test_it_lists_games_and_carries_packets_in_the_foreground_and_in_the_background(
    frozen: FrozenProgram, lab: LoopbackLab, form: str
) -> None:
    program, environ = frozen.forms()[form], lab.player.environment
    games = run(program, "games", "--json", environ=environ)
    assert any(game["slug"] == "openarena" for game in json.loads(games.stdout)["games"])

    options = ("connect", "openarena", "--force", "--capture", "proxy", "--target", lab.game.address, "--json")
    with subprocess.Popen(
        [str(program), *options, "--seconds", "2"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "connected" in [json.loads(line).get("state") for line in out.splitlines()]

    started = run(program, *options, "--detach", environ=environ)
    assert started.returncode == 0, started.stderr
    status = json.loads(started.stdout)
    try:
        port = int(status["message"].rpartition(":")[2])
        assert play(port, 30) == 30
        assert json.loads(run(program, "status", "--json", environ=environ).stdout)["pid"] == status["pid"]
    finally:
        ended = run(program, "disconnect", "--now", environ=environ)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("form", FORMS)
def test_the_dashboard_opens_every_screen_in_a_terminal_and_is_left_by_a_key(
    frozen: FrozenProgram, lab: LoopbackLab, tmp_path: Path, form: str
) -> None:
    require_binary("tmux")
    socket = str(tmp_path / "tmux")
    words = [f"{name}={value}" for name, value in lab.player.environment.items() if name.startswith("PLG_")]

    def tmux(*arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", socket, *arguments], capture_output=True, text=True, check=True, timeout=20
        ).stdout

    def screen() -> str:
        return tmux("capture-pane", "-p")

    def shows(text: str) -> bool:
        return text in screen()

    command = f"env -u NO_COLOR {' '.join(words)} LC_ALL=C.UTF-8 {frozen.forms()[form]} dashboard; echo ended with $?; sleep 60"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", command)
    try:
        wait_until(partial(shows, "No tunnel is running"), screen)
        for key, title in (("F3", "[F3"), ("F4", "[F4"), ("F5", "[F5"), ("F6", "[F6"), ("F7", "[F7"), ("F2", "[F2")):
            tmux("send-keys", key)
            wait_until(partial(shows, title), screen)
        tmux("send-keys", "q")
        wait_until(partial(shows, "ended with 0"), screen)
    finally:
        tmux("kill-server")


def wait_until(condition: Callable[[], bool], shown: Callable[[], str], timeout_s: float = 40.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, shown()
        time.sleep(0.1)


@pytest.mark.parametrize("form", FORMS)
def test_the_clean_up_process_lives_without_an_interpreter_and_knows_its_parent(
    frozen: FrozenProgram, tmp_path: Path, form: str
) -> None:
    with subprocess.Popen(
        [str(frozen.forms()[form]), FROZEN_WORD, str(tmp_path), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=bare_environment(tmp_path),
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == READY
        child.stdin.write(json.dumps(Leavings().to_json()).encode() + b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == READY
        (journal,) = tmp_path.glob("capture-*.json")
        owner, watchdog = json.loads(journal.read_text())["processes"]
        assert tuple(owner) == identify_process(os.getpid())
        assert watchdog[0] != os.getpid()
        child.send_signal(signal.SIGTERM)
        child.stdin.write(GOODBYE)
        child.stdin.close()
        assert child.wait(20) == 0
    assert list(tmp_path.glob("capture-*.json")) == []


def test_programs_that_it_starts_see_the_persons_own_library_path(frozen: FrozenProgram, tmp_path: Path) -> None:
    """The hook that runs first, by itself: a system's program must not load the libraries inside."""
    spec = (ROOT / "ops/packaging/own_environment.py").read_text()
    code = f"import os, sys\nos.environ['LD_LIBRARY_PATH'] = '/inside'\n{{}}\n{spec}\nprint(os.environ.get('LD_LIBRARY_PATH'), os.environ['PYINSTALLER_RESET_ENVIRONMENT'])"
    for before, after in (("", "None 1"), ("os.environ['LD_LIBRARY_PATH_ORIG'] = '/own'", "/own 1")):
        done = subprocess.run([sys.executable, "-c", code.format(before)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == after


def test_the_entry_compares_the_word_of_the_clean_up_process() -> None:
    assert f'CLEAN_UP_WORD = "{FROZEN_WORD}"' in (ROOT / "ops/packaging/frozen_entry.py").read_text()


@pytest.mark.parametrize("form", FORMS)
def test_it_replaces_itself_while_it_runs_and_the_version_before_still_starts(
    frozen: FrozenProgram, tmp_path: Path, form: str
) -> None:
    """After the swap its own file is another one: what it still has to print must be loaded by then."""
    program = copy_of(frozen, tmp_path / "apps", form)
    previous = tmp_path / "apps" / ("plg.previous" if form == "single" else "plg.previous/plg")
    with release_shop() as shop:
        shop.publish()
        environ = {**bare_environment(tmp_path), "PLG_UPDATE_INDEX": shop.index_url, "PLG_UPDATE_KEYS": shop.public_key}
        done = run(program, "update", "--yes", environ=environ)
    assert (done.returncode, done.stderr) == (0, f"{NEW} is available (0.0 MB); this is {__version__}\n")
    assert done.stdout == f"{NEW} is installed; the version before is kept: plg update --rollback\n"
    assert said(program) == NEW
    assert json.loads(run(previous, "version", "--json", environ=environ).stdout)["version"] == __version__
    assert run(previous, "games", "--help", environ=environ).returncode == 0


def test_a_real_release_goes_the_whole_way_from_the_maintainers_tool_to_the_player(
    frozen: FrozenProgram, tmp_path: Path
) -> None:
    """Packed, signed and indexed by make_index, fetched, unpacked and started by the frozen program; only its number is the same."""
    packed = tmp_path / "plg.tar.gz"
    make_index.pack(frozen.folder, packed)
    program = copy_of(frozen, tmp_path / "apps", "folder")
    with release_shop() as shop:
        file = shop.file("folder", content=packed.read_bytes())
        shop.publish(shop.index(file))
        environ = {**bare_environment(tmp_path), "PLG_UPDATE_INDEX": shop.index_url, "PLG_UPDATE_KEYS": shop.public_key}
        done = run(program, "update", "--yes", "--json", environ=environ)
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error["code"] == "update_does_not_start"
    assert f"it says {__version__}, signed is {NEW}" in error["message"]  # it did start, and said its own number
    assert run(program, "version", environ=environ).returncode == 0


def copy_of(frozen: FrozenProgram, place: Path, form: str) -> Path:
    """The program where it may replace itself."""
    place.mkdir()
    if form == "single":
        return Path(shutil.copy2(frozen.single, place / "plg"))
    shutil.copytree(frozen.folder, place / "plg")
    return place / "plg" / "plg"

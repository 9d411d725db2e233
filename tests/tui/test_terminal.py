"""The whole story in a real terminal, by keys alone: find a game, connect, watch the numbers move, disconnect, leave."""

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plg.lab.product import PLG
from support.loopback_lab import LoopbackLab, loopback_lab, play
from support.requirements import require_binary

COLUMNS, LINES = 120, 40
KEY_PAUSE_S = 0.3


class Terminal:
    """A tmux server of its own with one pane."""

    def __init__(self, folder: Path, argv: list[str], environ: dict[str, str]) -> None:
        self._socket = str(folder / "tmux")
        wanted = {name: value for name, value in environ.items() if name.startswith(("PLG_", "PYTHON"))}
        words = [*(f"{name}={value}" for name, value in wanted.items()), "LC_ALL=C.UTF-8", *argv]
        command = f"env -u NO_COLOR -u COLUMNS -u LINES {shlex.join(words)}; echo ended with $?; sleep 60"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), command)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", self._socket, *words], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        """One after another at a quick hand's pace: what moves the focus is seen before the next key is struck."""
        for key in keys:
            self._tmux("send-keys", key)
            time.sleep(KEY_PAUSE_S)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def see(self, condition: str | Callable[[str], bool], *, timeout_s: float = 30.0) -> str:
        """The screen once it shows a text (or fulfils a condition); else the test fails with the screen."""
        deadline = time.monotonic() + timeout_s
        while True:
            shown = self.screen()
            if condition in shown if isinstance(condition, str) else condition(shown):
                return shown
            if time.monotonic() > deadline:
                pytest.fail(f"not seen: {condition}\n{shown}")
            time.sleep(0.1)

    def close(self) -> None:
        self._tmux("kill-server")


@contextmanager
def terminal(lab: LoopbackLab, folder: Path) -> Iterator[Terminal]:
    opened = Terminal(folder, list(PLG), lab.player.environment)
    try:
        yield opened
    finally:
        opened.close()


def packets_up(screen: str) -> int:
    found = re.search(r"packets (\d+) up", screen)
    return int(found[1]) if found else -1


def graph(screen: str) -> str:
    """Nothing but the dots of the live graph, with their places."""
    return "\n".join(re.sub("[^⠀-⣿\\s]", " ", line).rstrip() for line in screen.splitlines()).strip()


@pytest.mark.timeout(200)
def test_register_find_connect_watch_disconnect_by_keys_alone(tmp_path: Path) -> None:
    require_binary("tmux")
    with loopback_lab(tmp_path, register=False) as lab, terminal(lab, tmp_path) as shown:
        shown.see("No tunnel is running.")
        shown.keys("C-p")
        shown.see("Search the commands")
        shown.type("log in")
        shown.see(lambda screen: "Log in" in screen and "Open: " not in screen)
        time.sleep(0.5)  # the palette puts its cursor on the hit a moment after it shows it
        shown.keys("Down", "Enter")
        shown.see("E-mail address")
        # All at once, as a password keeper types: the two buttons are reached by Tab, the second one makes the account.
        shown.type("player@lab.example\tcorrect horse of the terminal\t\t\r")
        shown.see("Logged in at")

        shown.keys("F4")
        shown.see("1 relay, 1 answer")
        assert re.search(r"● r1 .* \d+(\.\d)? ms ", shown.screen()), shown.screen()

        shown.keys("F3")
        shown.see("Enter connects")
        shown.type("openarena")
        # "open" alone finds this one too: the whole word has been looked for once it is gone.
        shown.see(lambda screen: "OpenArena" in screen and "OpenTTD" not in screen)
        shown.keys("C-o")
        shown.see("Connect OpenArena")
        shown.type(lab.game.address)
        shown.keys("Tab", "Down", "Down", "Down", "Enter", "Tab", "Tab", "Space", "Tab", "Enter")
        connected = shown.see("● connected", timeout_s=60)
        port = int(re.search(r"Let the game connect to 127\.0\.0\.1:(\d+)", connected)[1])  # type: ignore[index]  # a message of the tunnel

        before = packets_up(shown.screen())
        assert play(port, 60) == 60
        after = shown.see(lambda screen: packets_up(screen) >= before + 60)
        assert "through PLG" in after or "to the relay" in after
        assert re.search(r"you ──● straight ── [\d.]+ ms ─── r1 ─", after), after
        before_graph = graph(after)
        assert before_graph != "", after
        shown.see(lambda screen: graph(screen) not in {"", before_graph})  # it moves
        clock = re.search(r"\d:\d\d:\d\d", after)
        assert clock is not None
        shown.see(lambda screen: clock[0] not in screen)

        shown.keys("d")
        shown.see("A match is live")
        shown.keys("Right", "Enter")
        shown.see("No tunnel is running.")
        assert lab.player.plg("status", check=False).exit_code == 3
        shown.keys("q")
        shown.see("ended with 0")


@pytest.mark.timeout(200)
def test_a_tunnel_goes_on_when_the_terminal_is_left(tmp_path: Path) -> None:
    require_binary("tmux")
    with loopback_lab(tmp_path) as lab:
        lab.player.plg("connect", "openarena", "-d", "--force", "--capture", "proxy", "--target", lab.game.address)
        with terminal(lab, tmp_path) as shown:
            shown.see("● connected")
            shown.keys("q")
            shown.see("Is it to go on without the dashboard?")
            shown.keys("Enter")
            ended = shown.see("ended with 0")
            assert "The tunnel goes on." in ended
        assert lab.player.status().state == "connected"

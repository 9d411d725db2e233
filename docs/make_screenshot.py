"""Draws README's pictures from real runs: `python docs/make_screenshot.py [demo|dashboard]` (as root, for the system's capture).

docs/demo.svg is what `plg demo` prints. docs/dashboard.svg is the dashboard beside a match over the same simulated lines, with a second relay.
"""

import asyncio
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.language import Language, speak
from plg.lab.demo_stage import (
    BOOSTED_PORT,
    DIRECT_LINE,
    GAME_SLUG,
    RELAY_TO_GAME_LINE,
    TO_RELAY_LINE,
    start_game,
    start_player,
)
from plg.lab.impairment import Impairment
from plg.lab.namespaces import Lab
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess, games_toml
from plg.lab.wire import Wire
from plg_tui.app import Dashboard

FOLDER = Path(__file__).parent
WIDTH = 88
DASHBOARD_SIZE = (104, 32)
PLAYED_S = 45.0
LOSSY = Impairment(delay_ms=TO_RELAY_LINE.delay_ms, jitter_ms=1, loss_percent=1)
"""The way to the exit loses a little, so that the second way has something to save."""
TO_SECOND, BETWEEN_RELAYS = Impairment(delay_ms=9, jitter_ms=1), Impairment(delay_ms=8)
REMOTE_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""rich's own frame loads a font from the network; a picture in our README loads nothing."""


def draw(command: list[str], output: str) -> str:
    """An SVG terminal with the command and what it printed."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.assemble(("$ ", "bold green"), (" ".join(command), "bold")))
    console.print(Text(output.rstrip()), soft_wrap=False)
    return REMOTE_FONT.sub("", console.export_svg(title="PLG"))


def draw_demo() -> str:
    """`plg demo`, really run."""
    wanted = ["plg", "demo", "--seconds", "20"]
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", *wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return draw(wanted, run.stdout)


def draw_dashboard() -> str:
    """The session screen of a match that is played meanwhile: everything is the product but game and lines."""
    with tempfile.TemporaryDirectory(prefix="plg-picture-") as name, Lab() as lab:
        player = play_over_two_relays(lab, Path(name))
        return REMOTE_FONT.sub("", asyncio.run(look_at(player)))


def play_over_two_relays(lab: Lab, folder: Path) -> PlayerProcess:
    """A player of the stand-in game, connected by two ways at once."""
    client, exit_host, second, game, control = map(lab.add_host, ("client", "exit", "second", "game", "control"))
    wire = Wire(lab)
    for one, other, line in (
        (client, game, DIRECT_LINE),
        (client, exit_host, LOSSY),
        (client, second, TO_SECOND),
        (second, exit_host, BETWEEN_RELAYS),
        (exit_host, game, RELAY_TO_GAME_LINE),
        (second, game, DIRECT_LINE),
    ):
        wire.impair_both_ways(one, other, line)
    start_game(game, folder, game.ipv4, BOOSTED_PORT)
    games = games_toml(GAME_SLUG, "PLG demo game", [f"{game.ipv4}/32"], [str(BOOSTED_PORT)])
    games += f'\n[[game.region]]\ncode = "demo"\nname = "Demo"\nping = [{{ host = "{game.ipv4}", method = "icmp" }}]\n'
    server = ServerProcess(control, folder / "server", host=control.ipv4, games_toml=games)
    relays = [
        RelayProcess(
            host, folder / title, server, title, public_host=host.ipv4, public_port=443, bind_host=host.ipv4, bind_port=443
        )
        for host, title in ((exit_host, "Frankfurt"), (second, "Amsterdam"))
    ]  # fmt: skip
    player = PlayerProcess(client, folder / "player", server.url)
    player.register()
    player.wait_for_relays(*relays)
    player.connect(GAME_SLUG, "--node", "Frankfurt", "--mode", "redundant")
    start_player(client, folder, "boosted", game.ipv4, BOOSTED_PORT)
    return player


async def look_at(player: PlayerProcess) -> str:
    """The dashboard attached to the player's tunnel, after it has seen some of the match."""
    speak(Language.EN)
    run = Invocation(GlobalFlags(lang="en"), player.environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    app = Dashboard(run, run.settings.server(None))
    async with app.run_test(size=DASHBOARD_SIZE) as pilot:
        await pilot.pause(PLAYED_S)
        return app.export_screenshot(title="plg dashboard (as in plg demo: real product, simulated game and lines)")


PICTURES = {"demo": draw_demo, "dashboard": draw_dashboard}

if __name__ == "__main__":
    for wanted_picture in sys.argv[1:] or PICTURES:
        (FOLDER / f"{wanted_picture}.svg").write_text(PICTURES[wanted_picture](), encoding="utf-8")

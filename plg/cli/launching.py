"""How a game is started by name: what is saved for it, what the server knows of it, as whom. Imported in command bodies only."""

import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from plg.api.errors import ApiError
from plg.cli.cli_error import CliError
from plg.cli.detaching import plg_command
from plg.cli.exit_codes import ExitCode
from plg.cli.game_catalogue import known_games
from plg.cli.invocation import Invocation
from plg.cli.language import _, spoken
from plg.machine.calling_person import person_for
from plg.machine.game_launch import CannotLaunch, launch_command, start_game

if TYPE_CHECKING:
    from plg.api.game_catalogue import KnownGame
    from plg.cli.settings import ServerAddress


def find_game(run: Invocation, address: "ServerAddress", name: str) -> "KnownGame | None":
    """The game of that name among the known ones; None also when nobody can be asked."""
    try:
        games = known_games(run, address).games
    except ApiError:
        return None
    return next((game for game in games if game.is_called(name)), None)


def plan_launch(run: Invocation, game: "KnownGame | None", name: str, arguments: Sequence[str]) -> list[str]:
    """The command that starts the game. Raises CliError."""
    table = run.settings.table("launch")
    saved = table.get(game.slug if game is not None else name, table.get(name))
    words = [str(word) for word in saved] if isinstance(saved, list) else None
    try:
        return launch_command(game.steam_app if game is not None else None, words, arguments)
    except CannotLaunch as error:
        raise cannot_launch(error, name) from error


def cannot_launch(error: CannotLaunch, name: str) -> CliError:
    """In words."""
    step = _("save its command: plg config set launch.{game} -- PROGRAM ARGUMENTS...").format(game=name)
    if error.why == "no_program":
        message = _("the program {program} saved for {game} is not there").format(program=error.detail, game=name)
    elif error.why == "no_steam":
        message = _("Steam is not found here, or does not take arguments")
    else:
        message = _("it is not known how to start {game}").format(game=name)
    return CliError(message, code=f"launch_{error.why}", exit_code=ExitCode.NOT_FOUND, next_step=step)


def start(run: Invocation, argv: Sequence[str], name: str) -> "subprocess.Popen[bytes]":
    """Starts it as the person who called. Raises CliError."""
    try:
        return start_game(argv, run.environ, person_for(run.environ, run.settings.file))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise CliError(
            _("{game} cannot be started: {why}").format(game=name, why=getattr(error, "strerror", None) or error),
            code="launch_failed",
            exit_code=ExitCode.FAILURE,
            next_step=_("check its command: plg config get launch.{game}").format(game=name),
        ) from error


def launch_when_connected(
    run: Invocation,
    address: "ServerAddress",
    name: str,
    arguments: Sequence[str],
    *,
    disconnect_on_exit: bool,
    quiet: bool,
) -> None:
    """A process of its own waits for the tunnel, starts the game and, if wished, ends the tunnel with it: nothing of that takes time from
    the game's packets, whichever process carries them. Raises CliError when the game cannot be started at all.
    """
    plan_launch(run, find_game(run, address, name), name, arguments)
    words = [
        *plg_command(),
        "launch",
        f"--lang={spoken()}",
        "--no-input",
        "--when-connected",
        f"--server={address.url}",
    ]
    words += ["--disconnect-on-exit"] if disconnect_on_exit else []
    words += ["--json"] if run.flags.as_json else []
    process = subprocess.Popen(  # noqa: S603 - this very program
        [*words, "--", name, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if quiet else None,
        env=dict(run.environ),
        start_new_session=sys.platform != "win32",
    )
    process.returncode = 0  # it ends by itself, with the tunnel at the latest; nobody is to wait for it

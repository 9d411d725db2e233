"""`plg watch`: waits for games, boosts each one while it runs, and leaves nothing behind."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.cli.watching import Detail

app = command_app()

CONFIG_KEYS: Final = ("games", "except", "options")
"""Of the table [watch]: these games only, all but these, and options for every `plg connect`."""


@add_command(
    app,
    help=N_(
        "Wait for games and boost each one while it runs.\n"
        "Recognises them by their processes. What stands after -- goes to plg connect. [watch] in config.toml: games, except, options."
    ),
    examples=(
        "plg watch\nplg watch --game cs2 --game dota-2\nplg watch --json\n"
        "plg watch --game openarena -- --target 192.0.2.7:27960 --mode adaptive"
    ),
)
def watch(
    ctx: typer.Context,
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS]", help=N_("Options for plg connect."), show_default=False),
    ] = None,
    game: Annotated[
        list[str] | None, typer.Option("--game", metavar="G", help=N_("Only this game; may be given repeatedly."))
    ] = None,
    server: ServerOption = None,
) -> None:
    import time

    from plg.cli.game_catalogue import known_games
    from plg.cli.watch_look import WatchLook, choose_games
    from plg.cli.watch_tunnel import LocalTunnel
    from plg.cli.watching import Watcher
    from plg.machine.game_processes import LOOK_EVERY_S

    run = invocation(ctx)
    address = run.server(server)
    wished, unwanted, more = read_table(run)
    if server is not None:
        more = [*more, f"--server={server}"]
    tell = Teller(run)
    look = WatchLook(
        run, lambda: choose_games(known_games(run, address).games, game or wished, unwanted), tell, time.monotonic
    )
    tunnel = LocalTunnel(run, [*more, *(options or [])])
    watcher = Watcher(look.running, tunnel, tell, time.monotonic)
    tell("watching", {"games": look.games})
    with stop_by_signal():
        try:
            while True:
                watcher.step()
                time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            pass
    if watcher.boosting is not None:
        left = tunnel.leave_unless_live()
        tell("disconnected" if left else "left_running", {"game": watcher.boosting})
    tell("stopped", {})


def read_table(run: Invocation) -> tuple[list[str], list[str], list[str]]:
    """[watch] of config.toml: games, except, options. Raises CliError."""
    table = run.settings.table("watch")
    for key, value in table.items():
        if key not in CONFIG_KEYS or not isinstance(value, list):
            raise CliError(
                _("[watch] '{key}' is not a list that plg watch knows").format(key=key),
                code="bad_setting",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("known: {names}").format(names=", ".join(CONFIG_KEYS)),
            )
    games, unwanted, options = (table.get(key, []) for key in CONFIG_KEYS)
    return list(map(str, _listed(games))), list(map(str, _listed(unwanted))), list(map(str, _listed(options)))


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


class Teller:
    """One line for each happening; with --json a `plg.event/1` document."""

    def __init__(self, run: Invocation) -> None:
        self._run = run
        self._told: set[str] = set()

    def once(self, key: str, event: str, detail: "Detail") -> None:
        """Not again for the same key."""
        if key not in self._told:
            self._told.add(key)
            self(event, detail)

    def __call__(self, event: str, detail: "Detail") -> None:
        from datetime import UTC, datetime

        if self._run.output.as_json:
            from plg.contract.cli_output import EventDocument
            from plg.tunnel.states import rfc3339

            at = rfc3339(datetime.now(UTC))
            self._run.output.document(EventDocument(event=event, at=at, detail=dict(detail)))
            return
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        self._run.output.line(f"{clock}  {happening_text(event, detail)}")


def happening_text(event: str, detail: "Detail") -> str:
    """The happening as a sentence."""
    if event == "not_connected":
        step = f" ({detail['next_step']})" if detail["next_step"] else ""
        again = detail["again_in_s"]
        ending = (
            _("tried again in {seconds} s").format(seconds=f"{again:g}")
            if isinstance(again, int | float)
            else _("not tried again before the game starts anew")
        )
        return _("{game}: not boosted: {message}{step}; {ending}").format(
            game=detail["game"], message=detail["message"], step=step, ending=ending
        )
    if event == "connected" and detail.get("message"):
        return _("{game}: connected through {relay}; {message}").format_map(detail)
    sentences = {
        "watching": _("waiting for {games} games; Ctrl-C ends"),
        "game_started": _("{game} has started"),
        "game_ended": _("{game} has ended"),
        "connecting": _("{game}: connecting"),
        "connected": _("{game}: connected through {relay}"),
        "match_left_direct": _("{game}: the match that is being played stays direct; the next one is boosted"),
        "tunnel_busy": _("{game}: not boosted while another tunnel runs (for {carries}); plg disconnect ends that"),
        "tunnel_lost": _("{game}: the tunnel broke off; it is started again"),
        "tunnel_ended": _("{game}: the tunnel was ended; that stays so until the game starts anew"),
        "leaving": _("{game}: leaving when no packets flow any more"),
        "disconnected": _("{game}: disconnected; everything is as it was"),
        "left_running": _("{game}: a match is live, so the tunnel stays; plg disconnect ends it"),
        "several_games_fit": _("one of {games} has started, and nothing tells which; name it with --game"),
        "stopped": _("no longer waiting"),
    }
    return sentences[event].format_map(detail)


@contextmanager
def stop_by_signal() -> Iterator[None]:
    """SIGTERM and SIGHUP end the waiting as Ctrl-C does."""
    import signal

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

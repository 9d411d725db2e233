"""`plg demo`: the whole product at work on this machine, with nothing set up, and what it is worth against a bad line."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.contract.cli_output import DemoDocument, DemoLiveDocument, DemoSide

DEFAULT_SECONDS = 20.0
"""Long enough for a steady median and for two percent of loss to show."""

LINES_EVERY = 5
"""Into a pipe only every fifth live line is written; on a terminal one line is rewritten each second."""

app = command_app()


class DemoCapture(StrEnum):
    """`auto` takes namespaces and the system's capture where it may, otherwise `proxy`."""

    AUTO = "auto"
    PROXY = "proxy"


@add_command(
    app,
    help=N_(
        "Show everything at work on this machine, with nothing set up.\n"
        "Starts a server, a relay, a stand-in for a game and a bad line; then plays with and without the tunnel.\n"
        "As root on Linux: network namespaces and the system's real capture. Everything is removed at the end."
    ),
    examples="plg demo\nsudo plg demo --seconds 60\nplg demo --capture proxy --json",
)
def demo(
    ctx: typer.Context,
    seconds: Annotated[
        float, typer.Option("--seconds", min=2, max=3600, metavar="N", help=N_("How long to play."))
    ] = DEFAULT_SECONDS,
    capture: Annotated[
        DemoCapture,
        typer.Option("--capture", help=N_("auto: the system's capture where the rights allow it; proxy: without any.")),
    ] = DemoCapture.AUTO,
) -> None:
    from plg.cli.cli_error import CliError
    from plg.cli.server_access import run_async
    from plg.lab.demo import namespaces_possible
    from plg.lab.processes import LabError

    run = invocation(ctx)
    in_namespaces = capture is DemoCapture.AUTO and namespaces_possible()
    _announce(run, in_namespaces=in_namespaces)
    try:
        document = run_async(_play(run, seconds, in_namespaces=in_namespaces))
    except LabError as error:
        raise CliError(
            str(error),
            code="demo_failed",
            exit_code=ExitCode.FAILURE,
            next_step=_("try: {command}").format(command="plg demo --capture proxy") if in_namespaces else None,
        ) from error
    _show(run, document)


async def _play(run: Invocation, seconds: float, *, in_namespaces: bool) -> "DemoDocument":
    """SIGTERM ends the demonstration like Ctrl-C: with everything removed."""
    import asyncio
    import contextlib
    import signal

    from plg.lab.demo import run_demo

    task = asyncio.current_task()
    terminated: list[bool] = []

    def end() -> None:
        terminated.append(True)
        if task is not None:
            task.cancel()

    with contextlib.suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    live = _LiveView(run)
    try:
        return await run_demo(seconds, in_namespaces=in_namespaces, show=live.show)
    except asyncio.CancelledError:
        if terminated:
            raise KeyboardInterrupt from None
        raise
    finally:
        live.finish()


def _announce(run: Invocation, *, in_namespaces: bool) -> None:
    if in_namespaces:
        where = _("in network namespaces, with the system's capture")
    else:
        where = _("on loopback, with the proxy capture")
    run.talk.say(_("Starting server, relay, game and tunnel {where}.").format(where=where))
    run.talk.say(_("Simulated: the game, the bad direct line and the distances. Real: server, relay, client, capture."))


class _LiveView:
    """One line for each second: the two players' pings and losses."""

    def __init__(self, run: Invocation) -> None:
        self._output = run.output
        self._shown = 0
        self._unfinished = False

    def show(self, live: "DemoLiveDocument") -> None:
        self._shown += 1
        if self._output.as_json:
            self._output.document(live)
            return
        text = _("{seconds:4.0f} s   direct {direct_ms} {direct_loss}   PLG {plg_ms} {plg_loss}").format(
            seconds=live.elapsed_s,
            direct_ms=milliseconds(live.direct_rtt_ms),
            direct_loss=percent(live.direct_loss_percent),
            plg_ms=milliseconds(live.boosted_rtt_ms),
            plg_loss=percent(live.boosted_loss_percent),
        )
        if self._output.is_terminal:
            self._unfinished = True
            self._output.rewrite_line(text)
        elif self._shown % LINES_EVERY == 0:
            self._output.line(text)

    def finish(self) -> None:
        if self._unfinished:
            self._unfinished = False
            self._output.line()


def _show(run: Invocation, document: "DemoDocument") -> None:
    if run.output.as_json:
        run.output.document(document)
        return
    from plg.cli.output import Column

    titles = ("", _("direct (simulated bad line)"), _("PLG (through the relay)"))
    run.output.line()
    run.output.table([Column(title, right=bool(title)) for title in titles], _rows(document.direct, document.boosted))
    run.output.line()
    run.output.line(_verdict(document))
    run.output.line(_("Capture: {capture}. Only the line and the game are simulated.").format(capture=document.capture))


def _rows(direct: "DemoSide", boosted: "DemoSide") -> list[tuple[str, str, str]]:
    return [
        (_("ping, median"), milliseconds(direct.rtt_ms_p50), milliseconds(boosted.rtt_ms_p50)),
        (_("ping, 95 of 100"), milliseconds(direct.rtt_ms_p95), milliseconds(boosted.rtt_ms_p95)),
        (_("jitter"), milliseconds(direct.jitter_ms), milliseconds(boosted.jitter_ms)),
        (_("lost"), percent(direct.loss_percent), percent(boosted.loss_percent)),
        (_("packets"), str(direct.packets), str(boosted.packets)),
    ]


def _verdict(document: "DemoDocument") -> str:
    direct, boosted = document.direct, document.boosted
    if direct.rtt_ms_p50 is None or boosted.rtt_ms_p50 is None:
        return _("Not measured: a player got no answer.")
    gain_ms = direct.rtt_ms_p50 - boosted.rtt_ms_p50
    losses = {"after": percent(boosted.loss_percent), "before": percent(direct.loss_percent)}
    if gain_ms >= 0:
        return _("PLG: {gain} lower ping, lost {after} instead of {before}.").format(
            gain=milliseconds(gain_ms), **losses
        )
    return _("PLG: {gain} higher ping, lost {after} instead of {before}.").format(gain=milliseconds(-gain_ms), **losses)


def milliseconds(value: float | None) -> str:
    """As people read it; a dash for what is not known."""
    return "-" if value is None else _("{value:.1f} ms").format(value=value)


def percent(value: float | None) -> str:
    """As people read it; a dash for what is not known."""
    return "-" if value is None else _("{value:.1f} %").format(value=value)

"""`plg logs`: what the tunnel in the background says, or the last one said."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

app = command_app()

LOOK_EVERY_S: Final = 0.25
DEFAULT_LINES: Final = 50


@add_command(
    app,
    help=N_(
        "Show the log of the running or last tunnel.\n"
        "A tunnel writes one when it runs in the background (--detach, the dashboard, the service). Exit code 3 when there is none."
    ),
    examples="plg logs\nplg logs --follow\nplg logs --lines 200 --json",
)
def logs(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("-f", "--follow", help=N_("Go on showing what comes, until Ctrl-C."))] = False,
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="N", min=0, max=100_000, help=N_("So many of the last lines."))
    ] = DEFAULT_LINES,
) -> None:
    from plg.machine.service_log import LOG_NAME, LogFollower, last_lines, open_log
    from plg.tunnel.runtime_place import runtime_place

    run = invocation(ctx)
    directory = runtime_place(run.environ).directory
    try:
        stream = open_log(directory)
    except OSError as error:
        raise CliError(
            _("cannot read {path}: {why}").format(path=directory / LOG_NAME, why=error.strerror or error),
            code="log_unreadable",
            exit_code=ExitCode.FAILURE,
        ) from error
    if stream is None:
        raise CliError(
            _("there is no log: no tunnel has run in the background yet"),
            code="no_log",
            exit_code=ExitCode.NOT_CONNECTED,
            next_step=_("start one: plg connect GAME --detach"),
        )
    _header(run, directory / LOG_NAME, stream)
    follower = LogFollower(directory, stream)
    try:
        for line in last_lines(stream, lines):
            _show(run, line)
        while follow:
            for line in follower.new_lines():
                _show(run, line)
            time.sleep(LOOK_EVERY_S)
    finally:
        follower.close()


def _header(run: Invocation, path: "Path", stream: "BinaryIO") -> None:
    """Whose log it is and from when: a remark, so that a pipe gets the lines alone."""
    import os

    from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import runtime_place

    changed = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC).astimezone()
    try:
        status = ask_once(runtime_place(run.environ), ControlRequest(ask="status")).status
    except (NoTunnel, TunnelSilent):
        status = None
    when = changed.strftime("%Y-%m-%d %H:%M:%S")
    if status is not None:
        run.talk.say(_("Log of the tunnel that runs ({path}), last line {when}").format(path=path, when=when))
    else:
        run.talk.say(_("Log of the last tunnel ({path}), which ended; last line {when}").format(path=path, when=when))


def _show(run: Invocation, line: bytes) -> None:
    text = line.decode(errors="replace")
    if not run.output.as_json:
        run.output.line(text)
        return
    import msgspec

    from plg.contract.cli_output_service import LogLineDocument

    try:
        said = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    run.output.document(LogLineDocument(line=text, said=said))

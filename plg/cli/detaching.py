"""`plg connect --detach`: the same command as a process of its own, with its remarks in a log and its answer awaited."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _, spoken
from plg.cli.status_text import status_line
from plg.cli.tunnel_failures import already_running
from plg.cli.tunnel_view import DETACHED
from plg.contract.cli_output import StatusDocument
from plg.machine.service_log import LOG_NAME, begin_log
from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once
from plg.tunnel.control_protocol import ControlRequest
from plg.tunnel.runtime_place import RuntimePlace, make_private, runtime_place
from plg.tunnel.states import CONNECTED

if TYPE_CHECKING:
    from typer._click.core import Context

ANSWER_WAIT_S: Final = 60.0
"""Implementation. A start takes about three seconds, and half a minute where relays are silent; after this the command returns."""
LOOK_EVERY_S: Final = 0.1
MAX_SAID_BYTES: Final = 20_000


def plg_command() -> list[str]:
    """The command `plg` of this installation, whatever PATH says."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # As the service runs it: nothing of the user's is searched for code.
    isolated = ["-I"] if sys.flags.isolated else []
    return [sys.executable, *isolated, "-m", "plg"]


NOT_THE_TUNNELS: Final = frozenset({"detach", "help", "launch", "disconnect_on_exit", "arguments"})
"""Parameters of `plg connect` that the process in the background does not need."""


def command_words(ctx: "Context", leave_out: frozenset[str] = NOT_THE_TUNNELS) -> list[str]:
    """The options and arguments of the command that runs now, as they would be typed."""
    options: list[str] = []
    arguments: list[str] = []
    for param in ctx.command.get_params(ctx):
        value = ctx.params.get(param.name or "")
        if param.name in leave_out or value is None or value is False:
            continue
        if param.param_type_name == "argument":
            arguments.append(str(value))
        else:
            options.append(param.opts[-1] if value is True else f"{param.opts[-1]}={value}")
    return [*options, "--", *arguments]


def detach(run: Invocation, words: Sequence[str]) -> ExitCode | int:
    """Start `plg connect WORDS` in the background and wait until it is connected or has failed; gives its exit code then.

    Raises CliError when a tunnel runs already, RuntimeDirectoryUnsafe.
    """
    place = runtime_place(run.environ)
    make_private(place)
    if _status(place) is not None:
        raise already_running(run.environ)
    flags = [f"--lang={spoken()}", "--no-input"]
    flags += ["--json"] if run.flags.as_json else []
    flags += ["--debug"] if run.flags.debug else []
    log = place.directory / LOG_NAME
    process = start([*plg_command(), "connect", *flags, *words], place.directory, run.environ)
    try:
        status = _await_answer(process, place)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.returncode is not None:
        run.talk.pass_on(_said(log))
        return process.returncode
    if status is not None and run.output.as_json:
        run.output.document(status)
    elif status is not None:
        run.output.line(status_line(status))
    run.talk.say(_("It goes on in the background; plg disconnect ends it. Log: {log}").format(log=log))
    return ExitCode.OK


def start(argv: Sequence[str], directory: Path, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """A process that outlives this one and its terminal, with a new log in `directory`; it is no child that anybody waits for.

    Raises CliError.
    """
    try:
        with begin_log(directory) as stream:
            return subprocess.Popen(  # noqa: S603 - this very program
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                env={**environ, DETACHED: "1"},
                close_fds=True,
                start_new_session=True,
                creationflags=_windows_flags(),
            )
    except OSError as error:
        raise CliError(
            _("cannot start the tunnel: {why}").format(why=error.strerror or str(error)),
            code="cannot_start",
            exit_code=ExitCode.FAILURE,
            next_step=_("run it without --detach"),
        ) from error


def _windows_flags() -> int:
    """A console of its own is not wanted, a Ctrl-C of ours is not its."""
    names = ("DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP")  # no other system has them
    return sum(int(getattr(subprocess, name, 0)) for name in names)


def _await_answer(process: "subprocess.Popen[bytes]", place: RuntimePlace) -> StatusDocument | None:
    """The status once the tunnel is there; what is known when it has ended or takes too long."""
    deadline_s = time.monotonic() + ANSWER_WAIT_S
    status = None
    while process.poll() is None and time.monotonic() < deadline_s:
        status = _status(place)
        if status is not None and status.state == CONNECTED:
            break
        time.sleep(LOOK_EVERY_S)
    return status


def _status(place: RuntimePlace) -> StatusDocument | None:
    try:
        return ask_once(place, ControlRequest(ask="status")).status
    except (NoTunnel, TunnelSilent):
        return None


def _said(log: Path) -> str:
    """The end of the log."""
    try:
        return log.read_bytes()[-MAX_SAID_BYTES:].decode(errors="replace")
    except OSError:
        return ""

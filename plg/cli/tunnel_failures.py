"""What the failures of a tunnel mean to a person, and which exit code they get."""

import errno
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from plg.capture.packet_source import CaptureUnavailable
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _
from plg.tunnel.capture_plan import GameNotCarried, NotCarried
from plg.tunnel.connect import AlreadyRunning
from plg.tunnel.connect_request import TargetUnknown
from plg.tunnel.control_client import NoTunnel, TunnelSilent
from plg.tunnel.grants import BadGrant
from plg.tunnel.planning import DirectIsBetter
from plg.tunnel.runtime_place import RuntimeDirectoryUnsafe
from plg.tunnel.session_opening import RelaysUnreachable

if TYPE_CHECKING:
    from plg.tunnel.connect_request import ConnectRequest

_NOT_CARRIED = {
    NotCarried.TCP_ONLY: N_("{game} plays over TCP, which PLG does not carry: it stays on its direct way"),
    NotCarried.TARGET_NEEDED: N_("it is not known where the servers of {game} are"),
    NotCarried.PROXY_NEEDS_TARGET: N_("a proxy stands for one game server, and none is named"),
    NotCarried.BAD_PROFILE: N_("the server's profile of {game} is damaged"),
}

_NOT_CARRIED_STEPS = {
    NotCarried.TARGET_NEEDED: N_("name the game server: --target HOST:PORT"),
    NotCarried.PROXY_NEEDS_TARGET: N_("name the game server: --target HOST:PORT"),
    NotCarried.BAD_PROFILE: N_("tell the server's operator"),
}


def explain_tunnel_error(error: Exception, request: "ConnectRequest") -> CliError | None:
    """A line for a person; None for what other places explain (`plg.api` failures, our own mistakes)."""
    match error:
        case AlreadyRunning():
            return already_running()
        case GameNotCarried():
            step = _NOT_CARRIED_STEPS.get(error.why)
            return CliError(
                _(_NOT_CARRIED[error.why]).format(game=error.game),
                code=error.why.value,
                exit_code=ExitCode.USAGE if error.why is NotCarried.PROXY_NEEDS_TARGET else ExitCode.FAILURE,
                next_step=_(step) if step else None,
            )
        case CaptureUnavailable():
            return _capture_unavailable(error)
        case RelaysUnreachable():
            return CliError(
                _("no relay answers: {reasons}").format(reasons=error),
                code="relay_unreachable",
                exit_code=ExitCode.UNREACHABLE,
                next_step=_("a firewall may block UDP; see: plg nodes"),
            )
        case DirectIsBetter():
            return CliError(
                _("direct is better ({direct} ms direct, {boosted} ms boosted), not boosting").format(
                    direct=f"{error.direct_ms:.0f}", boosted=f"{error.boosted_ms:.0f}"
                ),
                code="direct_is_better",
                exit_code=ExitCode.DIRECT_IS_BETTER,
                next_step=_("play as you are; --force boosts all the same"),
            )
        case TargetUnknown():
            return CliError(
                _("the name {host} has no address").format(host=error.target.host),
                code="target_unknown",
                exit_code=ExitCode.NOT_FOUND,
                next_step=_("check --target {target}").format(target=request.target),
            )
        case BadGrant():
            return CliError(
                _("the server's answer makes no sense to this version: {why}").format(why=error),
                code="bad_grant",
                exit_code=ExitCode.UNREACHABLE,
                next_step=_("compare the versions of client and server"),
            )
        case RuntimeDirectoryUnsafe():
            return CliError(
                _("cannot use {path}: {why}").format(path=error.path, why=error.why),
                code="runtime_directory",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("set PLG_RUNTIME_DIR to a directory of your own"),
            )
    return None


def _capture_unavailable(error: CaptureUnavailable) -> CliError:
    """Which right is missing, or which port is taken."""
    cause = error.__cause__
    taken = isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE
    return CliError(
        str(error),
        code="port_taken" if taken else "capture_unavailable",
        exit_code=ExitCode.PORT_TAKEN if taken else ExitCode.NEEDS_PRIVILEGES,
        next_step=error.next_step,
    )


def already_running(environ: Mapping[str, str] = os.environ) -> CliError:
    """Another `plg connect` runs: say which and since when, when it answers."""
    from plg.tunnel.control_client import ask_once
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import runtime_place
    from plg.tunnel.states import rfc3339

    what = ""
    detail: dict[str, object] = {}
    try:
        status = ask_once(runtime_place(environ), ControlRequest(ask="status")).status
    except (NoTunnel, TunnelSilent):
        status = None  # it is just starting or ending
    if status is not None and status.game:
        began = datetime.now(UTC) - timedelta(seconds=status.uptime_s or 0.0)
        what = f": {status.game}" + (f", {status.relay.name}" if status.relay is not None else "")
        what += _(", since {time}").format(time=began.astimezone().strftime("%H:%M:%S"))
        relay = status.relay.name if status.relay is not None else None
        detail = {"game": status.game, "relay": relay, "since": rfc3339(began), "pid": status.pid}
    return CliError(
        _("a tunnel is running already{what}").format(what=what),
        code="already_connected",
        exit_code=ExitCode.BUSY,
        next_step=_("see: plg status; end it with: plg disconnect"),
        detail=detail,
    )

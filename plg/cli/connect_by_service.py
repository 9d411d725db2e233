"""`plg connect` without rights of its own: the tunnel service of this user runs the tunnel, and this command shows it."""

import os
import sys
import time
from typing import TYPE_CHECKING, Final, cast

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _, spoken
from plg.cli.status_text import status_line

if TYPE_CHECKING:
    from plg.cli.settings import ServerAddress
    from plg.contract.cli_output import StatusDocument
    from plg.tunnel.connect_request import ConnectRequest
    from plg.tunnel.grants import HostPort
    from plg.tunnel.runtime_place import RuntimePlace
    from plg.tunnel.service_protocol import Capture, CommandEnd, ServiceRequest

UNDER_SERVICE: Final = "PLG_UNDER_SERVICE"
"""Set for what the service runs: that must not ask the service again."""
PLAIN_EVERY_S: Final = 10.0
"""Implementation. In a log a line a second would be noise."""
WATCH_EVERY_S: Final = 1.0


def through_service(
    run: Invocation,
    address: "ServerAddress",
    request: "ConnectRequest",
    seconds: float | None,
    metrics: "HostPort | None" = None,
    *,
    detach: bool,
) -> int | None:
    """Connect by the service of this user; its exit code, None when there is none or none is needed. Raises CliError."""
    if not _is_wanted(run, request.capture):
        return None
    from plg.tunnel.service_client import NoService, NotForYou, ServiceSilent, ask_service, other_services

    asked = service_request(run, address, request, seconds, metrics, attached=not detach)
    try:
        with ask_service(asked, run.environ) as answer:
            if answer.end is None:
                raise _failed(answer.error or "", answer.code)
            return _show_detached(run, answer.end) if detach else _stay(run, answer.end)
    except NoService:
        others = other_services(run.environ)
        if not others:
            return None
        from plg.cli.service_installing import for_another

        raise for_another(", ".join(map(_name, others))) from None
    except NotForYou as error:
        from plg.cli.service_installing import for_another

        raise for_another(_("another user")) from error
    except ServiceSilent as error:
        raise _failed(str(error), "silent") from error


def service_request(
    run: Invocation,
    address: "ServerAddress",
    request: "ConnectRequest",
    seconds: float | None,
    metrics: "HostPort | None" = None,
    *,
    attached: bool,
) -> "ServiceRequest":
    """The wish in the service's words."""
    from plg.tunnel.runtime_place import runtime_place
    from plg.tunnel.service_protocol import BadServiceMessage, ServiceRequest, ServiceWish, encode, read_request

    asked = ServiceRequest(
        ask="connect",
        wish=ServiceWish(
            game=request.game,
            server=address.url,
            target=str(request.target) if request.target is not None else None,
            capture=cast("Capture", request.capture),
            listen_port=request.listen_port,
            node=request.node,
            take_over=request.take_over,
            mode=request.mode,
            max_overhead=request.max_overhead,
            interfaces=tuple(interface.name for interface in request.interfaces),
            force=request.force,
            standby=request.standby,
            seconds=seconds,
            metrics=str(metrics) if metrics is not None else None,
        ),
        attached=attached,
        as_json=run.flags.as_json,
        language=spoken().value,
        config_directory=str(run.settings.directory),
        runtime_directory=str(runtime_place(run.environ).directory),
        keep_tokens=run.settings.keeping().value,
        access_token=run.settings.token(),
    )
    try:
        return read_request(encode(asked))  # what the service would refuse is refused here, with the same words
    except BadServiceMessage as error:
        raise CliError(
            _("the tunnel service does not take this: {why}").format(why=error), code="usage", exit_code=ExitCode.USAGE
        ) from error


def _is_wanted(run: Invocation, capture: str) -> bool:
    """Whether a right is missing that the service has."""
    from plg.capture.privilege import missing_for_divert, missing_for_tun

    if capture == "proxy" or UNDER_SERVICE in run.environ or (sys.platform != "win32" and os.geteuid() == 0):
        return False
    lacks_divert, lacks_tun = bool(missing_for_divert()), bool(missing_for_tun())
    return {"divert": lacks_divert, "tun": lacks_tun}.get(capture, lacks_divert and lacks_tun)


def _name(user_id: int) -> str:
    from plg.tunnel.service_runner import find_user

    found = find_user(str(user_id))
    return found.name if found is not None else str(user_id)


def _failed(why: str, code: str | None) -> CliError:
    return CliError(
        _("the tunnel service does not connect: {why}").format(why=why),
        code=f"service_{code or 'failed'}",
        exit_code=ExitCode.BUSY if code == "busy" else ExitCode.FAILURE,
        next_step=_("see: plg service status, plg logs"),
    )


def _show_detached(run: Invocation, end: "CommandEnd") -> int:
    _say_service(run)
    run.talk.pass_on(end.err)
    for line in end.out.splitlines():
        _show_line(run, line)
    return end.exit_code


def _show_line(run: Invocation, line: str) -> None:
    import msgspec

    from plg.contract.cli_output import StatusDocument

    if run.output.as_json:
        try:
            run.output.document(msgspec.json.decode(line, type=StatusDocument))
        except msgspec.DecodeError as error:
            raise _failed(str(error), "answer") from error
    else:
        run.output.line(line)


def _say_service(run: Invocation) -> None:
    run.talk.say(_("The tunnel service does this: plg itself needs no rights."))


def _stay(run: Invocation, end: "CommandEnd") -> int:
    """Show the tunnel until it ends; Ctrl-C ends it, and so does the end of this process, however it comes."""
    from plg.cli.disconnect import choose, leave
    from plg.tunnel.control_client import NoTunnel, TunnelSilent
    from plg.tunnel.runtime_place import runtime_place

    if end.exit_code != 0:
        return _show_detached(run, end)
    _say_service(run)
    run.talk.say(_("Start the game now; Ctrl-C ends."))
    try:
        try:
            _watch(run, runtime_place(run.environ))
        except KeyboardInterrupt:
            if live := leave(run, "ask"):
                leave(run, choose(run, live))
    except NoTunnel:
        pass  # it has ended meanwhile
    except TunnelSilent as error:
        from plg.cli.status import silent

        raise silent(str(error)) from error
    return ExitCode.OK


def _watch(run: Invocation, place: "RuntimePlace") -> None:
    """The numbers as `plg connect` shows its own. Raises NoTunnel or TunnelSilent."""
    from plg.tunnel.control_client import ask_tunnel
    from plg.tunnel.control_protocol import ControlRequest

    live = run.output.is_terminal and not run.output.as_json
    shown_s, shown_state = 0.0, ""
    for answer in ask_tunnel(place, ControlRequest(ask="watch", interval_s=WATCH_EVERY_S), timeout_s=30.0):
        status: StatusDocument | None = answer.status
        if status is None:
            continue
        if run.output.as_json:
            run.output.document(status)
        elif live:
            run.output.rewrite_line(status_line(status))
        elif status.state != shown_state or time.monotonic() - shown_s >= PLAIN_EVERY_S:
            shown_s, shown_state = time.monotonic(), status.state
            run.output.line(status_line(status))
    if live:
        run.output.line()

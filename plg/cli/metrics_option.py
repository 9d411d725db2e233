"""`plg connect --metrics`: where the figures are served for Prometheus, and for how long."""

import errno
import ipaddress
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _

if TYPE_CHECKING:
    from plg.cli.tunnel_view import TunnelView
    from plg.tunnel.connect import Tunnel
    from plg.tunnel.grants import HostPort


def read_metrics(text: str) -> "HostPort":
    """`PORT` is on this machine alone; another address has to be written out. 0 takes any free port. Raises CliError."""
    from plg.tunnel.grants import HostPort
    from plg.tunnel.metrics_endpoint import DEFAULT_HOST

    found = re.fullmatch(r"(?:(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[0-9.]+|localhost)):)?(?P<port>[0-9]{1,5})", text)
    if found is not None and int(found["port"]) <= 0xFFFF:
        host = found["v6"] or found["host"] or DEFAULT_HOST
        if host == "localhost":
            host = DEFAULT_HOST
        try:
            ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            return HostPort(host, int(found["port"]))
    raise CliError(
        _("--metrics: '{value}' is not [HOST:]PORT").format(value=text),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("write it as 9464 (this machine alone), 192.0.2.7:9464 or [::1]:9464"),
    )


@asynccontextmanager
async def serving(view: "TunnelView", tunnel: "Tunnel", place: "HostPort | None") -> AsyncIterator[None]:
    """Inside the block the tunnel's figures can be fetched; nothing is served without a place. Raises CliError."""
    if place is None:
        yield
        return
    from plg import __version__
    from plg.tunnel.metrics_endpoint import MetricsEndpoint, is_loopback

    endpoint = MetricsEndpoint(tunnel.status, place, __version__)
    try:
        address = await endpoint.open()
    except OSError as error:
        raise _not_served(place, error) from error
    try:
        url = f"http://{address}/metrics"
        view.tell("metrics_served", {"url": url}, _("Metrics: {url}").format(url=url))
        if not is_loopback(place.host):
            view.tell(
                "metrics_open",
                {"url": url},
                _("Everybody who reaches {address} can read them.").format(address=address),
            )
        yield
    finally:
        await endpoint.close()


def _not_served(place: "HostPort", error: OSError) -> CliError:
    code, exit_code = {
        errno.EADDRINUSE: ("port_taken", ExitCode.PORT_TAKEN),
        errno.EACCES: ("needs_privileges", ExitCode.NEEDS_PRIVILEGES),
        errno.EPERM: ("needs_privileges", ExitCode.NEEDS_PRIVILEGES),
    }.get(error.errno or 0, ("metrics_not_served", ExitCode.FAILURE))
    return CliError(
        _("cannot serve metrics at {address}: {why}").format(address=place, why=error.strerror or error),
        code=code,
        exit_code=exit_code,
        next_step=_("give another port: --metrics 9464"),
    )

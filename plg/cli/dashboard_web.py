"""`plg dashboard --web`: the same dashboard in a browser of this machine, by `plg_tui.web`."""

from typing import TYPE_CHECKING

from plg.cli.cli_error import CliError
from plg.cli.detaching import plg_command
from plg.cli.error_report import extra_missing
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _, spoken

if TYPE_CHECKING:
    from plg_tui.web import WebDashboard

LIBRARIES = ("textual", "textual_serve")
"""What it needs; the extra `web` brings both."""


def serve_dashboard(run: Invocation, server: str | None, host: str, port: int) -> None:
    """Until Ctrl-C. Raises CliError for an address that others could reach, a port that is taken, a library that is missing."""
    _require_libraries()
    from plg_tui.web import NotLoopback, WebDashboard

    address = run.server(server)
    words = [*plg_command(), "dashboard", f"--lang={spoken()}", f"--server={address.url}"]
    try:
        dashboard = WebDashboard(words, run.environ, host=host, port=port)
    except NotLoopback:
        raise CliError(
            _("--host: '{host}' is no loopback address, and the dashboard in a browser has no login").format(host=host),
            code="not_loopback",
            exit_code=ExitCode.USAGE,
            next_step=_("leave --host out; from another machine: ssh -L PORT:127.0.0.1:PORT HOST, with the same PORT"),
        ) from None
    except OSError as error:
        raise CliError(
            _("cannot listen on {host}, port {port}: {why}").format(
                host=host, port=port, why=error.strerror or str(error)
            ),
            code="cannot_listen",
            exit_code=ExitCode.FAILURE,
            next_step=_("leave --port out to take a free one"),
        ) from error
    _serve(run, dashboard)


def _serve(run: Invocation, dashboard: "WebDashboard") -> None:
    import asyncio

    from plg.contract.cli_output_dashboard import DashboardWebDocument

    def ready() -> None:
        if run.output.as_json:
            run.output.document(DashboardWebDocument(url=dashboard.url, port=dashboard.port))
        else:
            run.output.line(dashboard.url)
        run.talk.say(_("Open this address in a browser of this machine; it is yours alone. Ctrl-C ends."))

    try:
        asyncio.run(dashboard.serve(ready))
    except KeyboardInterrupt:  # where no signal can be waited for (Windows); everything has ended
        return


def _require_libraries() -> None:
    from importlib.util import find_spec

    for module in LIBRARIES:
        if find_spec(module) is None:
            raise extra_missing("dashboard --web", "web", module)

"""`plg relay`: enrol a relay, try it, run it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg_relay.app import ListeningPorts
    from plg_relay.config import RelayConfig
    from plg_relay.errors import FailureKind

app = command_app(help=N_("Run and look after a PLG relay."))

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help=N_("TOML file with settings (PLG_RELAY_CONFIG)."), metavar="FILE")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help=N_("Where the relay's identity is kept (PLG_RELAY_DATA_DIR)."), metavar="DIR"),
]
HostOption = Annotated[
    str | None, typer.Option("--host", help=N_('Address that players reach, "::" for IPv4 and IPv6 (PLG_RELAY_HOST).'))
]
PortOption = Annotated[
    int | None, typer.Option("--port", help=N_("UDP port for players; 0: the system chooses (PLG_RELAY_PORT)."))
]
ControlPortOption = Annotated[
    int | None, typer.Option("--control-port", help=N_("TCP port of the control API (PLG_RELAY_CONTROL_PORT)."))
]
MetricsPortOption = Annotated[
    int | None, typer.Option("--metrics-port", help=N_("TCP port of the metrics (PLG_RELAY_METRICS_PORT)."))
]
AllowPrivateOption = Annotated[
    bool | None,
    typer.Option(
        "--allow-private",
        help=N_("Lab: let players reach private addresses; refused on a public relay."),
        show_default=False,
    ),
]


@add_command(
    app,
    help=N_(
        "Make this machine a relay of a server, with a token that works once.\nThe server's operator makes it: plg server create-relay-token"
    ),
    examples="plg relay enrol --server https://plg.example --token TOKEN --public-host relay1.example --port 443",
)
def enrol(
    ctx: typer.Context,
    server: Annotated[str, typer.Option("--server", metavar="URL", help=N_("The server to belong to."))],
    token: Annotated[
        str, typer.Option("--token", envvar="PLG_ENROL_TOKEN", help=N_("The token from the server's operator."))
    ],
    public_host: Annotated[
        str, typer.Option("--public-host", help=N_("Name or address at which players reach this relay."))
    ],
    port: Annotated[int, typer.Option("--port", help=N_("UDP port at which players reach this relay."))] = 443,
    data_dir: DataDirOption = None,
    name: Annotated[str | None, typer.Option("--name", help=N_("What players see the relay called."))] = None,
    control_url: Annotated[
        str | None, typer.Option("--control-url", metavar="URL", help=N_("Where the server reaches the control API."))
    ] = None,
    config: ConfigOption = None,
) -> None:
    from plg_relay.enrolment import enrol_relay

    this = invocation(ctx)
    with _refusals():
        settings = _settings(this, config, {"data_dir": data_dir})
        from plg import __version__

        path, identity = enrol_relay(
            settings,
            server=server,
            token=token,
            public_host=public_host,
            port=port,
            name=name,
            control_url=control_url,
            version=__version__,
        )
    if this.output.as_json:
        from plg.contract.relay_output import RelayEnrolledDocument

        this.output.document(
            RelayEnrolledDocument(
                node_id=identity.node_id, relay_id=identity.relay_id, server=identity.server, identity_file=str(path)
            )
        )
    else:
        this.output.line(identity.node_id)
        this.talk.say(_("Enrolled. The identity is in {path}; next: plg relay run").format(path=path))


@add_command(
    app,
    help=N_(
        "Run the relay until it is told to end.\nCtrl-C or SIGTERM drains it; a second one ends it at once.\nSIGHUP replaces its process: matches go on."
    ),
    examples="plg relay run\nplg relay run --port 8443 --workers 2",
)
def run(
    ctx: typer.Context,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: HostOption = None,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    metrics_port: MetricsPortOption = None,
    allow_private: AllowPrivateOption = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help=N_("Processes that carry packets (PLG_RELAY_WORKERS)."))
    ] = None,
    drain_seconds: Annotated[
        int | None, typer.Option("--drain-seconds", help=N_("How long sessions may go on after SIGTERM."))
    ] = None,
    port_file: Annotated[
        Path | None,
        typer.Option("--port-file", help=N_("Write the UDP port here once players are served."), metavar="PATH"),
    ] = None,
) -> None:
    import os

    from plg import __version__
    from plg_relay.keeper_start import keeper_of_this_process
    from plg_relay.log_setup import set_up_logging

    this = invocation(ctx)
    with _refusals():
        settings = _settings(
            this,
            config,
            {
                "data_dir": data_dir,
                "host": host,
                "port": port,
                "control_port": control_port,
                "metrics_port": metrics_port,
                "allow_private": allow_private,
                "workers": workers,
                "drain_seconds": drain_seconds,
                "log_format": "json" if this.output.as_json else None,
            },
        )
        set_up_logging(settings.log_level, settings.log_format)
        keeper = keeper_of_this_process(
            os.environ,
            wanted=settings.keeper,
            log_level=settings.log_level,
            log_format=settings.log_format,
            restarts_per_minute=settings.restarts_per_minute,
            spare=settings.spare,
        )
        # The keeper has left the way here; what is imported from now on is the relay's alone.
        from plg_relay.app import run_relay, write_port_file

        def tell(ports: "ListeningPorts") -> None:
            if port_file is not None:
                write_port_file(port_file, ports.port)
            if this.output.as_json:
                from plg.contract.relay_output import RelayListeningDocument

                this.output.document(
                    RelayListeningDocument(
                        host=settings.host,
                        port=ports.port,
                        control_port=ports.control_port,
                        metrics_port=ports.metrics_port,
                        workers=settings.workers,
                        web_ping_port=ports.web_ping_port,
                    )
                )
            else:
                text = _("PLG relay serves players at {host} UDP {port}; control {control}, metrics {metrics}")
                this.talk.say(
                    text.format(
                        host=settings.host, port=ports.port, control=ports.control_port, metrics=ports.metrics_port
                    )
                )

        try:
            run_relay(settings, __version__, tell, keeper)
        finally:
            if port_file is not None:
                port_file.unlink(missing_ok=True)


@add_command(
    app,
    help=N_("Try settings, identity, ports and server, with a verdict for each.\nNothing is changed."),
    examples="plg relay check\nplg relay check --json",
)
def check(
    ctx: typer.Context,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: HostOption = None,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    metrics_port: MetricsPortOption = None,
    allow_private: AllowPrivateOption = None,
) -> None:
    import asyncio

    from plg_relay.readiness import check_relay

    this = invocation(ctx)
    with _refusals():
        settings = _settings(
            this,
            config,
            {
                "data_dir": data_dir,
                "host": host,
                "port": port,
                "control_port": control_port,
                "metrics_port": metrics_port,
                "allow_private": allow_private,
            },
        )
        verdicts = asyncio.run(check_relay(settings))
    failed = [verdict for verdict in verdicts if verdict.kind is not None]
    if this.output.as_json:
        from plg.contract.operator_output import CheckView
        from plg.contract.relay_output import RelayCheckDocument

        views = [
            CheckView(name=one.part, detail=one.detail, problem=None if one.kind is None else one.kind.value)
            for one in verdicts
        ]
        this.output.document(RelayCheckDocument(ok=not failed, checks=views))
    else:
        rows = [(one.part, _("ok") if one.kind is None else _("not ok"), one.detail) for one in verdicts]
        this.output.table([Column(_("part")), Column(_("state")), Column(_("detail"))], rows)
    if failed and failed[0].kind is not None:
        raise CliError(
            _("{part}: {why}").format(part=failed[0].part, why=failed[0].detail),
            code=failed[0].kind.value,
            exit_code=_exit_code(failed[0].kind),
        )


def _settings(this: Invocation, config: Path | None, overrides: dict[str, object]) -> "RelayConfig":
    from platformdirs import user_data_path

    from plg_relay.config import load_config

    named = this.environ.get("PLG_RELAY_CONFIG")
    file = config or (Path(named) if named else None)
    return load_config(
        file=file, environ=this.environ, overrides=overrides, default_data_dir=user_data_path("plg-relay")
    )


def _exit_code(kind: "FailureKind") -> ExitCode:
    from plg_relay.errors import FailureKind

    return {
        FailureKind.CONFIG: ExitCode.BAD_CONFIGURATION,
        FailureKind.PORT_TAKEN: ExitCode.PORT_TAKEN,
        FailureKind.PRIVILEGE: ExitCode.NEEDS_PRIVILEGES,
        FailureKind.UNREACHABLE: ExitCode.UNREACHABLE,
        FailureKind.REFUSED: ExitCode.FAILURE,
    }[kind]


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What the relay's parts refuse, as a line and an exit code."""
    from plg_relay.errors import RelayError

    try:
        yield
    except RelayError as error:
        code = "bad_configuration" if error.kind.value == "config" else error.kind.value
        raise CliError(str(error), code=code, exit_code=_exit_code(error.kind)) from error

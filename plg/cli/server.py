"""`plg server`: run a server and look after it."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import PasswordStdinOption
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.operator_output import BotCheckDocument, ServerCheckDocument
    from plg_server.config import ServerConfig, ShownValue
    from plg_server.operator_tasks import Check

app = command_app(help=N_("Run and look after a PLG server."))

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help=N_("TOML file with settings (PLG_SERVER_CONFIG)."), metavar="FILE")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help=N_("Where database and key are kept (PLG_SERVER_DATA_DIR)."), metavar="DIR"),
]

Result = TypeVar("Result")


@add_command(
    app,
    help=N_("Run the server until Ctrl-C or SIGTERM.\nThe database is made or brought up to date first."),
    examples="plg server run\nplg server run --host 0.0.0.0 --port 8080",
)
def run(
    ctx: typer.Context,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: Annotated[str | None, typer.Option("--host", help=N_("Address to listen on (PLG_SERVER_HOST)."))] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help=N_("Port to listen on; 0: the system chooses (PLG_SERVER_PORT).")
        ),
    ] = None,
    port_file: Annotated[
        Path | None,
        typer.Option("--port-file", help=N_("Write the port here once the server answers."), metavar="PATH"),
    ] = None,
) -> None:
    from plg_server.logging_setup import set_up_logging
    from plg_server.serving import serve

    this = invocation(ctx)
    with server_refusals():
        settings = server_settings(this, config, data_dir, {"host": host, "port": port})
        set_up_logging(settings.log_level, settings.log_format)

        def tell(url: str, bound_port: int) -> None:
            if this.output.as_json:
                from plg.contract.operator_output import ServerListeningDocument

                this.output.document(ServerListeningDocument(url=url, port=bound_port))
            else:
                this.talk.say(_("PLG server listens at {url}").format(url=url))

        def offer(token: str, page: str) -> None:
            this.talk.warn(
                _(
                    "this server has no admin: log in with the account that shall be it, then run: plg admin claim {token}"
                ).format(token=token),
                event="no_admin",
            )
            this.talk.say(_("Or in a browser: {page}").format(page=page))
            this.talk.say(_("The token works once, for 24 hours. Here on the machine: plg server create-admin EMAIL"))

        run_to_end(serve(settings, port_file=port_file, listening=tell, without_admin=offer))


@add_command(
    app,
    help=N_(
        "Show the effective settings and try each part: signing key, games, database, store.\nSecrets are not shown. Nothing is changed."
    ),
    examples="plg server check\nplg server check --json",
)
def check(ctx: typer.Context, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    from plg_server.config import shown_config
    from plg_server.operator_tasks import check as check_parts

    this = invocation(ctx)
    with server_refusals(next_step=None):
        settings = server_settings(this, config, data_dir, {})
        checks = run_to_end(check_parts(settings))
    from plg.contract.operator_output import ServerCheckDocument

    show_parts(this, shown_config(settings), checks, ServerCheckDocument)


def show_parts(
    this: Invocation,
    settings: "Mapping[str, ShownValue]",
    checks: "Sequence[Check]",
    document: "type[ServerCheckDocument | BotCheckDocument]",
) -> None:
    """The settings and how each part is, as tables or as the document. Raises CliError for the first part that cannot be used."""
    from plg.contract.operator_output import CheckView

    failed = [part for part in checks if part.problem is not None]
    if this.output.as_json:
        views = [CheckView(name=part.name, detail=part.detail, problem=part.problem) for part in checks]
        this.output.document(document(ok=not failed, config=dict(settings), checks=views))
    else:
        this.output.table(
            [Column(_("setting")), Column(_("value"))], [(name, _shown(value)) for name, value in settings.items()]
        )
        this.output.line()
        rows = [(part.name, part.detail, part.problem or _("ok")) for part in checks]
        this.output.table([Column(_("part")), Column(_("where")), Column(_("state"))], rows)
    if failed:
        first = failed[0]
        raise CliError(
            _("{part} cannot be used: {why}").format(part=first.name, why=first.problem),
            code="bad_configuration" if first.is_setting else f"{first.name}_unavailable",
            exit_code=ExitCode.BAD_CONFIGURATION if first.is_setting else ExitCode.UNREACHABLE,
        )


@add_command(
    app, help=N_("Print the OpenAPI 3.1 document of the server's API."), examples="plg server openapi > plg.json"
)
def openapi(ctx: typer.Context) -> None:
    import json

    from plg_server.app import all_routes
    from plg_server.openapi import openapi_document

    invocation(ctx).output.block(json.dumps(openapi_document(all_routes()), indent=2, ensure_ascii=True))


@add_command(
    app,
    name="create-relay-token",
    help=N_("Make a token with which one relay may enrol, once.\nHand it to: plg relay enrol"),
    examples="plg server create-relay-token frankfurt-1 --country DE --city Frankfurt",
)
def create_relay_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=N_("What players see the relay called."))],
    country: Annotated[str, typer.Option("--country", help=N_("Where it stands: two letters, such as DE."))] = "",
    city: Annotated[str, typer.Option("--city", help=N_("The city it stands in."))] = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    from plg_server.ids import timestamp
    from plg_server.operator_tasks import create_relay_token as create

    this = invocation(ctx)
    with server_refusals():
        settings = server_settings(this, config, data_dir, {})
        try:
            made = run_to_end(create(settings, name, country=country, city=city))
        except ValueError as error:
            raise CliError(str(error), code="usage", exit_code=ExitCode.USAGE) from error
    if this.output.as_json:
        from plg.contract.operator_output import RelayTokenDocument

        expires_at = timestamp(made.expires_at)
        this.output.document(RelayTokenDocument(name=made.name, token=made.token, expires_at=expires_at))
    else:
        this.output.line(made.token)
        this.talk.say(_("It works once, until {time}.").format(time=timestamp(made.expires_at)))


@add_command(
    app,
    name="create-admin",
    help=N_(
        "Make an account an admin, on the server's own machine; the account itself is made where there is none.\n"
        "It works on the database of the server's configuration, also while the server runs."
    ),
    examples="plg server create-admin boss@example.org\nplg server create-admin boss@example.org --password-stdin < FILE",
)
def create_admin(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help=N_("The account's e-mail address."))],
    password_stdin: PasswordStdinOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    from plg_server.operator_accounts import create_admin as create
    from plg_server.operator_accounts import has_account

    this = invocation(ctx)
    with server_refusals():
        settings = server_settings(this, config, data_dir, {})
        is_there = run_to_end(has_account(settings, email))
        if is_there and password_stdin:
            this.talk.say(_("The account is there already and keeps its password."))
        password = None if is_there else new_password(this, from_stdin=password_stdin)
        made = run_to_end(create(settings, email, password))
    if this.output.as_json:
        from plg.contract.operator_output import AdminMadeDocument

        this.output.document(
            AdminMadeDocument(account_id=made.account_id, email=made.email, created=made.created, changed=made.changed)
        )
    elif made.changed:
        this.output.line(_("{email} is an admin now.").format(email=made.email))
    else:
        this.output.line(_("{email} was an admin already.").format(email=made.email))


def new_password(this: Invocation, *, from_stdin: bool) -> str:
    """A new password, typed twice or from standard input. Raises CliError."""
    if from_stdin:
        return this.talk.secret_from_stdin()
    password = this.talk.ask_secret(_("New password: "), instead="--password-stdin")
    if this.talk.ask_secret(_("Again: "), instead="--password-stdin") != password:
        raise CliError(_("the two passwords differ"), code="usage", exit_code=ExitCode.USAGE)
    return password


@contextlib.contextmanager
def told_without_server(command: str) -> Iterator[None]:
    """Inside the block, a missing server part leaves as a CliError that says how to get it."""
    from plg.cli.error_report import extra_missing

    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in {"plg", "plg_server"}:
            raise
        raise extra_missing(command, "server", error.name) from error


def server_settings(
    this: Invocation, config: Path | None, data_dir: Path | None, overrides: dict[str, object]
) -> "ServerConfig":
    from plg_server.config import load_config

    return load_config(config, this.environ, {**overrides, "data_dir": None if data_dir is None else str(data_dir)})


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)


@contextlib.contextmanager
def server_refusals(*, next_step: str | None = "plg server check") -> Iterator[None]:
    """What the server's parts refuse, as a line and an exit code; `next_step` is the command that shows more of a wrong setting."""
    from plg_server.config import ConfigError
    from plg_server.operator_accounts import UnknownAccount, WrongInput
    from plg_server.operator_tasks import CannotReach
    from plg_server.schema_migration import MigrationError
    from plg_server.serving import PortTaken
    from plg_server.sqlite_check import DatabaseDamaged

    try:
        yield
    except ConfigError as error:
        raise CliError(
            str(error),
            code="bad_configuration",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("see: {command}").format(command=next_step) if next_step else None,
        ) from error
    except UnknownAccount as error:
        raise CliError(str(error), code="user_not_found", exit_code=ExitCode.NOT_FOUND) from error
    except WrongInput as error:
        raise CliError(str(error), code="usage", exit_code=ExitCode.USAGE) from error
    except PortTaken as error:
        raise CliError(str(error), code="port_taken", exit_code=ExitCode.PORT_TAKEN) from error
    except CannotReach as error:
        raise CliError(str(error), code="database_unavailable", exit_code=ExitCode.UNREACHABLE) from error
    except DatabaseDamaged as error:
        raise CliError(str(error), code="database_damaged", exit_code=ExitCode.BAD_CONFIGURATION) from error
    except MigrationError as error:
        raise CliError(str(error), code="migration_failed", exit_code=ExitCode.FAILURE) from error

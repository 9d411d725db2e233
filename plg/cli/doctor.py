"""`plg doctor`: what is wrong between this machine and the game, and what to do about it."""

import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.settings import ServerAddress

if TYPE_CHECKING:
    from plg.api.credentials import Credentials
    from plg.contract.cli_output_doctor import DoctorDocument
    from plg.doctor.finding import Finding
    from plg.doctor.run import Check

app = command_app()


@add_command(
    app,
    help=N_(
        "Look for what is wrong between this machine and the game, and say what to do.\n"
        "Rights, kernel, other programs, leftovers, server, relays, MTU, address translation, and where on the line trouble begins; "
        "about ten seconds. Changes nothing. Exit code 20 with warnings, 21 with failures."
    ),
    examples=(
        "plg doctor\nplg doctor openarena\nplg doctor --only relays --only mtu\nplg doctor --load\n"
        "plg doctor --bundle plg-report.zip\nplg doctor --json"
    ),
)
def doctor(
    ctx: typer.Context,
    game: Annotated[
        str | None, typer.Argument(metavar="[GAME]", help=N_("Also measure the direct way to this game."))
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help=N_("Only this check; may be given repeatedly."))
    ] = None,
    load: Annotated[
        bool, typer.Option("--load", help=N_("Also ping while the line is filled for 3 seconds with at most 15 MB."))
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help=N_("Also write a ZIP archive for a report, secrets masked.")),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=N_("Write the archive without asking."))] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.doctor_view import doctor_document, exit_code, finding_lines, summary_line
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    checks = chosen_checks(tuple(only or ()), with_load=load)
    if bundle is not None:
        from plg.cli.bundle import refuse_unless_writable

        refuse_unless_writable(run, bundle, yes=yes)
    findings = run_async(examine(run, address, game, checks))
    document = doctor_document(findings, server=address.url, game=game, system=platform.platform())
    if run.output.as_json:
        run.output.document(document)
    else:
        if not run.output.is_terminal:
            for finding in findings:
                run.output.block("\n".join(finding_lines(finding)))
        run.output.line(summary_line(findings))
    if bundle is not None:
        write_archive(run, document, bundle, yes=yes)
    raise typer.Exit(exit_code(findings))


def chosen_checks(only: tuple[str, ...], *, with_load: bool) -> "list[Check]":
    """Raises CliError for a check that does not exist here."""
    from difflib import get_close_matches

    from plg.doctor.checks import UnknownCheck, check_names, choose_checks

    try:
        return choose_checks(only, with_load=with_load)
    except UnknownCheck as error:
        raise CliError(
            _("there is no check '{name}'").format(name=error.name),
            code="unknown_check",
            exit_code=ExitCode.USAGE,
            next_step=_("there are: {names}").format(names=", ".join(check_names())),
            nearest=tuple(get_close_matches(error.name, check_names())),
        ) from None


async def examine(run: Invocation, address: ServerAddress, game: str | None, checks: "list[Check]") -> "list[Finding]":
    """Runs the checks; on a terminal each is shown as it comes."""
    from plg.api.server_client import open_server
    from plg.cli.direct_measuring import prepare_socket
    from plg.cli.doctor_view import finding_lines, progress_line
    from plg.doctor.run import run_checks
    from plg.doctor.scene import Place, Scene

    live = run.output.is_terminal and not run.output.as_json
    waiting = [check.id for check in checks]

    def tell(finding: "Finding") -> None:
        waiting.remove(finding.check)
        if live:
            run.output.rewrite_line("")
            run.output.block("\n".join(finding_lines(finding)))
            if waiting:
                columns = shutil.get_terminal_size().columns
                run.output.rewrite_line(progress_line(waiting, len(checks), columns))

    who, trouble = readable_credentials(run, address)
    place = Place(
        address.url, runtime_directories(run), change_directory(run), game, who.access_token, login_trouble=trouble
    )
    async with open_server(address.url, who) as client:
        return await run_checks(checks, Scene(place, client, prepare_socket), tell)


def readable_credentials(run: Invocation, address: ServerAddress) -> "tuple[Credentials, str | None]":
    """Who we are to the server; nobody, and why, when the login's file is damaged: that is a finding, and no end of the doctor."""
    from plg.api.credentials import Anonymous
    from plg.api.errors import ApiError
    from plg.cli.api_failures import explain_api_error
    from plg.cli.server_access import credentials

    try:
        return credentials(run, address), None
    except ApiError as error:
        return Anonymous(), explain_api_error(error).message


def runtime_directories(run: Invocation) -> tuple[Path, ...]:
    """Where captures and tunnels keep what they need while they run."""
    from plg.capture.choose import default_runtime_directory
    from plg.tunnel.runtime_place import runtime_place

    own = runtime_place(run.environ).directory
    given = run.environ.get("PLG_RUNTIME_DIR")
    capture = Path(given) if given else default_runtime_directory()
    return tuple(dict.fromkeys((own, capture)))


def change_directory(run: Invocation) -> Path:
    """Where changes of the system are written down before they are made."""
    from plg.machine.change_journal import journal_directory

    return journal_directory(run.environ)


def write_archive(run: Invocation, document: "DoctorDocument", path: Path, *, yes: bool) -> None:
    """Shows what would be in the archive, asks, and writes it."""
    from plg.cli.bundle import agree, collect, show_members, write_bundle

    members = collect(run, document, runtime_directories(run), change_directory(run))
    show_members(run, members, path)
    if agree(run, yes=yes):
        write_bundle(run, members, path)
    else:
        run.talk.say(_("Nothing was written."))

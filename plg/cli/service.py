"""`plg service`: one privileged process for the tunnel, so that `plg connect` and the dashboard need no rights."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.contract.cli_output_service import ServiceDocument
    from plg.tunnel.service_runner import ServedUser

app = command_app(help=N_("Keep a privileged process for the tunnel, so that plg itself needs no rights."))

UserOption = Annotated[
    str | None,
    typer.Option("--user", metavar="USER", help=N_("Whom it serves: a name or a number. Usually who called sudo.")),
]
UnitDirOption = Annotated[
    Path | None,
    typer.Option(
        "--unit-dir",
        metavar="DIR",
        help=N_("Where units are kept; elsewhere than usual nothing is started or stopped."),
    ),
]


@add_command(
    app,
    help=N_(
        "Install the service for a user and start it.\n"
        "That user's programs may then let the tunnel carry this machine's UDP packets: give it to whom you would give that."
    ),
    examples="sudo plg service install\nsudo plg service install --user alice\nplg service install --user alice --dry-run",
)
def install(
    ctx: typer.Context,
    user: UserOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Print the unit and change nothing."))] = False,
    unit_dir: UnitDirOption = None,
) -> None:
    from plg.cli.service_installing import change_installation, planned_text

    run = invocation(ctx)
    served = served_user(run, user)
    if dry_run:
        run.output.block(planned_text(served))
        return
    show(run, change_installation(run, served, unit_dir, remove=False))


@add_command(
    app,
    help=N_("Stop the service of a user and remove exactly what install wrote.\nA tunnel that runs through it ends."),
    examples="sudo plg service uninstall\nsudo plg service uninstall --user alice",
)
def uninstall(ctx: typer.Context, user: UserOption = None, unit_dir: UnitDirOption = None) -> None:
    from plg.cli.service_installing import change_installation

    run = invocation(ctx)
    show(run, change_installation(run, served_user(run, user), unit_dir, remove=True))


@add_command(
    app,
    help=N_("Show whether the service is installed and running, and for whom.\nExit code 3 when it is not running."),
    examples="plg service status\nplg service status --json",
)
def status(ctx: typer.Context, user: UserOption = None, unit_dir: UnitDirOption = None) -> None:
    from plg.cli.service_installing import look

    run = invocation(ctx)
    found = look(run, served_user(run, user, root_too=True), unit_dir, "status")
    show(run, found)
    if not found.is_running:
        raise typer.Exit(ExitCode.NOT_CONNECTED)


@add_command(
    app,
    help=N_("Be the service, until SIGTERM or Ctrl-C.\nThe installed unit runs this; it needs root."),
    examples="sudo plg service run --user alice",
)
def run(ctx: typer.Context, user: UserOption = None) -> None:
    import asyncio

    this = invocation(ctx)
    served = served_user(this, user)
    check_rights("plg service run")
    check_installation()
    code = asyncio.run(_serve(this, served))
    if code != ExitCode.OK:
        raise typer.Exit(code)


def served_user(run: Invocation, text: str | None, *, root_too: bool = False) -> "ServedUser":
    """Whom the service is for. Raises CliError: unknown, or root, who needs none."""
    from plg.tunnel.service_runner import ServedUser, find_user

    if sys.platform == "win32":
        return ServedUser(os.environ.get("USERNAME", ""), None, home=str(Path.home()))
    asked = text or (run.environ.get("SUDO_UID") if os.geteuid() == 0 else None) or str(os.geteuid())
    found = find_user(asked)
    if found is None:
        raise CliError(
            _("there is no user called '{name}'").format(name=asked), code="no_such_user", exit_code=ExitCode.NOT_FOUND
        )
    if found.user_id == 0 and not root_too:
        raise CliError(
            _("root needs no service: name the user whom it is for"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("give --user NAME"),
        )
    return found


def check_rights(command: str) -> None:
    """Raises CliError unless this process may do it."""
    if sys.platform != "win32" and os.geteuid() != 0:
        raise CliError(
            _("only root may do that"),
            code="needs_root",
            exit_code=ExitCode.NEEDS_PRIVILEGES,
            next_step=_("run: sudo {command}").format(command=command),
        )


def check_installation() -> None:
    """Raises CliError when somebody else than root could change the program that root would run."""
    from plg.machine.service_rights import program_parts, unpacks_itself, unsafe_part

    if sys.platform == "win32":
        return
    why = None
    if unpacks_itself():
        why = _("this single file unpacks itself where a user could change it")
    elif (part := unsafe_part(program_parts())) is not None:
        why = _("{path} can be changed by others than root").format(path=part)
    if why is not None:
        raise CliError(
            _("this installation cannot be a service: {why}").format(why=why),
            code="unsafe_installation",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("install plg as root, for example in /opt/plg, and run it from there"),
        )


def show(run: Invocation, found: "ServiceDocument") -> None:
    """The state of the service in the form that fits the reader."""
    if run.output.as_json:
        run.output.document(found)
        return
    name = found.user
    if found.is_running:
        run.output.line(
            _("running for {user}: plg {version}, process {pid}").format(
                user=name, version=found.version, pid=found.pid
            )
        )
    elif found.is_installed:
        run.output.line(_("installed for {user}, not running").format(user=name))
    else:
        run.output.line(_("not installed for {user}").format(user=name))
    if found.is_installed and found.file is not None:
        run.output.line(_("file: {path}").format(path=found.file))
    if found.next_step is not None:
        run.talk.say(_("Next: {command}").format(command=found.next_step))


async def _serve(run: Invocation, user: "ServedUser") -> ExitCode:
    """Until a signal. Raises CliError."""
    import asyncio
    import signal

    from plg import __version__
    from plg.cli.detaching import plg_command
    from plg.tunnel.run_lock import RunLock
    from plg.tunnel.service_door import DirectoryUnsafe, ServiceDoor, make_service_directory
    from plg.tunnel.service_protocol import service_port_file, service_socket
    from plg.tunnel.service_runner import ServiceRunner

    directory = run.environ.get("PLG_SERVICE_DIR")
    if user.user_id is not None:
        path = service_socket(user.user_id, directory)
    else:
        path = service_port_file(directory, run.environ.get("LOCALAPPDATA"))
    command = plg_command()
    if not getattr(sys, "frozen", False) and "-I" not in command:
        command.insert(1, "-I")  # nothing of the user's is searched for code
    runner = ServiceRunner(user, command, __version__)
    door = ServiceDoor(path, user.user_id, runner)
    try:
        if user.user_id is not None:
            make_service_directory(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        lock = RunLock(path.with_name("service.lock"))
        if not lock.try_acquire():
            raise CliError(
                _("a service for {user} is running already").format(user=user.name),
                code="service_running",
                exit_code=ExitCode.BUSY,
                next_step=_("see: plg service status"),
            )
        await door.open()
    except (OSError, DirectoryUnsafe) as error:
        raise CliError(
            _("cannot listen at {path}: {why}").format(path=path, why=error),
            code="service_socket",
            exit_code=ExitCode.FAILURE,
        ) from error
    run.talk.say(_("Service for {user} at {path}").format(user=user.name, path=path))
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if sys.platform == "win32":
            break  # Ctrl-C ends the loop there, and the task's end the process
        loop.add_signal_handler(getattr(signal, name), over.set)
    try:
        await over.wait()
    finally:
        await runner.close()
        await door.close()
        lock.release()
    return ExitCode.OK

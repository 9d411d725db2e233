"""Installing and removing the tunnel service: the unit or task, its record in the change journal, and what the system is told."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.service import check_installation, check_rights
from plg.contract.cli_output_service import ServiceDocument
from plg.machine.change_journal import ChangeJournal, JournalUnusable, journal_directory
from plg.machine.service_files import TASK_NAME, UNIT_DIRECTORY, task_xml, unit_name, unit_text
from plg.machine.service_install import ForeignFile, install_file, uninstall_file
from plg.tunnel.service_client import NoService, NotForYou, ServiceSilent, ask_service
from plg.tunnel.service_protocol import ServiceRequest, service_socket
from plg.tunnel.service_runner import ServedUser

SYSTEMCTL_TIMEOUT_S: Final = 90.0
"""Implementation. Stopping waits for the tunnel to put everything back."""


def planned_text(user: ServedUser) -> str:
    """The unit, or the task of Windows, as install writes it."""
    command = _service_command(user)
    if user.user_id is None:
        return task_xml(command, user=user.name)
    return unit_text(command, user=user.name, instance=str(user.user_id))


def change_installation(run: Invocation, user: ServedUser, unit_dir: Path | None, *, remove: bool) -> ServiceDocument:
    """Install or remove, tell the system, and say how it is then. Raises CliError."""
    action = "uninstall" if remove else "install"
    command = f"plg service {action} --user {user.name}"
    check_rights(command)
    path = _file(run, user, unit_dir)
    journal = ChangeJournal(journal_directory(run.environ))
    tells_system = unit_dir is None
    try:
        if remove:
            left = _stop(path, tells_system=tells_system) if path.exists() else None
            uninstall_file(path, journal)
            left = _reload(tells_system=tells_system) or left
        else:
            check_installation()
            if unit_dir is None and user.user_id is not None and not path.parent.is_dir():
                raise _no_systemd()
            install_file(path, planned_text(user), journal)
            left = _start(path, tells_system=tells_system)
    except ForeignFile as error:
        raise CliError(
            _("{path} was not written by plg, or was changed since: it is left alone").format(path=error.path),
            code="foreign_file",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("look at it and move it away, then give the command again"),
        ) from error
    except (OSError, JournalUnusable) as error:
        raise CliError(
            _("cannot change {path}: {why}").format(path=path, why=error),
            code="cannot_install",
            exit_code=ExitCode.NEEDS_PRIVILEGES if isinstance(error, PermissionError) else ExitCode.FAILURE,
        ) from error
    return look(run, user, unit_dir, action, next_step=left)


def look(
    run: Invocation, user: ServedUser, unit_dir: Path | None, action: str, *, next_step: str | None = None
) -> ServiceDocument:
    """What is installed, and what the running service says of itself. Raises CliError when it may not be asked."""
    path = _file(run, user, unit_dir)
    about = None
    try:
        with ask_service(ServiceRequest(ask="about"), run.environ, user_id=user.user_id) as answer:
            about = answer.about
    except NoService:
        pass
    except NotForYou as error:
        raise for_another(user.name) from error
    except ServiceSilent as error:
        run.talk.warn(_("the tunnel service does not answer: {why}").format(why=error), event="service_silent")
    socket = None if user.user_id is None else service_socket(user.user_id, run.environ.get("PLG_SERVICE_DIR"))
    return ServiceDocument(
        action=action,
        user=user.name,
        user_id=user.user_id,
        is_installed=path.exists(),
        is_running=about is not None,
        file=str(path),
        socket=str(socket) if socket is not None else None,
        version=about.version if about is not None else None,
        pid=about.pid if about is not None else None,
        next_step=next_step,
    )


def for_another(name: str) -> CliError:
    """The refusal that everybody but the owner gets."""
    return CliError(
        _("the tunnel service here is for {user} only").format(user=name),
        code="service_for_another_user",
        exit_code=ExitCode.NEEDS_PRIVILEGES,
        next_step=_("an administrator can give you one of your own: sudo plg service install --user YOU"),
    )


def _service_command(user: ServedUser) -> list[str]:
    from plg.cli.detaching import plg_command

    command = plg_command()
    if not getattr(sys, "frozen", False) and "-I" not in command:
        command.insert(1, "-I")
    number = [] if user.user_id is None else ["--user", str(user.user_id)]
    return [*command, "service", "run", *number]


def _file(run: Invocation, user: ServedUser, unit_dir: Path | None) -> Path:
    if user.user_id is None:
        return (unit_dir or run.settings.directory) / "service-task.xml"
    return (unit_dir or Path(UNIT_DIRECTORY)) / unit_name(user.user_id)


def _no_systemd() -> CliError:
    return CliError(
        _("there is no systemd here: {path} does not exist").format(path=UNIT_DIRECTORY),
        code="no_systemd",
        exit_code=ExitCode.FAILURE,
        next_step=_("let your init system run: plg service run --user USER"),
    )


def _start(path: Path, *, tells_system: bool) -> str | None:
    """What is left to be done by hand, None when it runs."""
    if sys.platform == "win32":
        return _tell(
            [["schtasks", "/Create", "/TN", TASK_NAME, "/XML", str(path), "/F"], ["schtasks", "/Run", "/TN", TASK_NAME]]
        )
    steps = [["systemctl", "daemon-reload"], ["systemctl", "enable", path.name], ["systemctl", "restart", path.name]]
    return _tell(steps) if tells_system and _systemd_runs() else _by_hand(steps)


def _stop(path: Path, *, tells_system: bool) -> str | None:
    if sys.platform == "win32":
        return _tell([["schtasks", "/End", "/TN", TASK_NAME], ["schtasks", "/Delete", "/TN", TASK_NAME, "/F"]])
    steps = [["systemctl", "disable", "--now", path.name]]
    return _tell(steps) if tells_system and _systemd_runs() else None


def _reload(*, tells_system: bool) -> str | None:
    return _tell([["systemctl", "daemon-reload"]]) if tells_system and _systemd_runs() else None


def _systemd_runs() -> bool:
    """As sd_booted(3) finds out."""
    return Path("/run/systemd/system").is_dir()


def _by_hand(steps: Sequence[Sequence[str]]) -> str:
    return " && ".join(" ".join(step) for step in steps)


def _tell(steps: Sequence[Sequence[str]]) -> str | None:
    """Run them; what is left from the first one that failed."""
    for number, step in enumerate(steps):
        try:
            done = subprocess.run(  # noqa: S603 - names and numbers of our own
                list(step), check=False, capture_output=True, timeout=SYSTEMCTL_TIMEOUT_S, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.SubprocessError):
            return _by_hand(steps[number:])
        if done.returncode != 0:
            return _by_hand(steps[number:])
    return None

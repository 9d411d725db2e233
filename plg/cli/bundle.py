"""`plg doctor --bundle`: an archive for a report about a fault. Shown before it is written, and nothing secret in it."""

import io
import json
import os
import platform
import socket
import stat
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plg import __version__
from plg.api.errors import TokenFileUnusable
from plg.api.private_file import MAX_BYTES, replace_private
from plg.api.token_store import token_directory
from plg.capture.leavings import JOURNAL_PREFIX
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.output import Column, encode_document
from plg.contract.cli_output_doctor import BundleMember, DoctorBundleDocument
from plg.doctor.redaction import Redactor
from plg.machine.calling_person import SECRET_NAMES, home_directory
from plg.machine.change_journal import PREFIX

if TYPE_CHECKING:
    from plg.contract.cli_output_doctor import DoctorDocument

LOG_BYTES: Final = 64 * 1024
"""Implementation. The end of a log tells the fault; all of it would tell a person's evenings."""
MAX_FILES: Final = 20
"""Implementation. Of each kind: a report is read by people."""
LIBRARIES: Final = (
    "aiohttp",
    "cryptography",
    "keyring",
    "msgspec",
    "psutil",
    "pydivert",
    "rich",
    "textual",
    "typer",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive as it would be written, and how much was masked in it."""

    name: str
    content: bytes
    masked: int


def collect(run: Invocation, document: "DoctorDocument", runtime: tuple[Path, ...], changes: Path) -> list[Member]:
    """Everything that would be written, already redacted."""
    redactor = Redactor(known_secrets(run), known_names(run))
    members = []
    for name, content in _originals(run, document, runtime, changes):
        redactor.masked = 0
        clean = redactor.json(content) if name.endswith(".json") else redactor.text(content)
        members.append(Member(redactor.text(name), clean.encode(), redactor.masked))
    return members


def known_secrets(run: Invocation) -> set[str]:
    """What is secret beyond doubt: every text of the token file, and the secrets among our variables."""
    found = {value for name, value in run.environ.items() if name.startswith("PLG_") and name.endswith(SECRET_NAMES)}
    try:
        content = (token_directory(run.settings.directory) / "tokens.json").read_bytes()[: MAX_BYTES + 1]
        stored = json.loads(content)
    except (OSError, ValueError, RecursionError):
        return found
    servers = stored.get("servers", {}) if isinstance(stored, dict) else {}
    entries = servers.values() if isinstance(servers, dict) else []
    found |= {text for entry in entries for text in _strings(entry) if text not in {"keyring", "file", "Bearer"}}
    return found


def known_names(run: Invocation) -> dict[str, str]:
    """The person's home and name, and the machine's name, with what takes their place."""
    names = {}
    home = str(home_directory(run.environ))
    if len(home) > 3:
        names[home] = "~"
    user = Path(home).name
    if len(user) > 2 and user != "root":
        names[user] = "<user>"
    host = socket.gethostname().partition(".")[0]
    if len(host) > 3 and host != "localhost":
        names[host] = "<host>"
    return names


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _originals(
    run: Invocation, document: "DoctorDocument", runtime: tuple[Path, ...], changes: Path
) -> Iterator[tuple[str, str]]:
    """Names and unredacted texts."""
    yield "doctor.json", encode_document(document)
    yield "versions.txt", "\n".join(_versions()) + "\n"
    config = _end_of(run.settings.file)
    if config is not None:
        yield "config.toml", config
    for number, directory in enumerate(runtime):
        for pattern, folder in (("*.log*", "logs"), (f"{JOURNAL_PREFIX}*.json", "capture")):
            for path in _newest(directory, pattern):
                text = _end_of(path)
                if text is not None:
                    yield f"{folder}/{number}-{path.name}", text
    for number, path in enumerate(_newest(changes, f"{PREFIX}*.json")):
        text = _end_of(path)
        if text is not None:
            yield f"changes/{number}.json", text


def _newest(directory: Path, pattern: str) -> list[Path]:
    try:
        found = [(path.lstat().st_mtime, path) for path in directory.glob(pattern) if not path.is_symlink()]
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)[:MAX_FILES]]


def _end_of(path: Path) -> str | None:
    """The last LOG_BYTES of a plain file of one name as text, from the beginning of a line; None when it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                return None  # a second name of a file from elsewhere, put there for us to read
            size = found.st_size
            stream.seek(max(0, size - LOG_BYTES))
            content = stream.read(LOG_BYTES)
    except OSError:
        return None
    if size > LOG_BYTES:
        content = content.partition(b"\n")[2]  # half a line may be half a token, which no pattern knows
    return content.decode(errors="replace")


def _versions() -> Iterator[str]:
    from importlib.metadata import PackageNotFoundError, version

    yield f"plg {__version__}"
    yield f"python {platform.python_version()} {'frozen' if getattr(sys, 'frozen', False) else ''}".strip()
    yield f"system {platform.platform()}"
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def show_members(run: Invocation, members: list[Member], path: Path) -> None:
    """Before anything is written. With --json it is said on standard error, where it is no result."""
    if run.output.as_json:
        return
    run.output.line()
    run.output.line(_("{path} would hold:").format(path=path))
    rows = [[member.name, str(len(member.content)), str(member.masked)] for member in members]
    run.output.table([Column(_("file")), Column(_("bytes"), right=True), Column(_("masked"), right=True)], rows)
    run.output.line(
        _("Masked: tokens, passwords, keys, e-mail addresses, public addresses, your name and the machine's.")
    )


def agree(run: Invocation, *, yes: bool) -> bool:
    """Whether the person wants it. Raises CliError where nobody can be asked and --yes was not given."""
    if yes:
        return True
    answer = run.talk.ask(_("Write it? [y/N] "), instead="--yes")
    return answer.casefold() in {"y", "yes", "д", "да"}


def refuse_unless_writable(run: Invocation, path: Path, *, yes: bool) -> None:
    """Before ten seconds of checks: nobody to ask, a file that is there already, a folder that is not. Raises CliError."""
    if not yes and (run.flags.no_input or not sys.stdin.isatty()):
        raise CliError(
            _("nobody can be asked whether to write {path}").format(path=path),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("give --yes"),
        )
    if path.exists() or path.is_symlink():
        raise CliError(
            _("{path} is there already").format(path=path),
            code="file_exists",
            exit_code=ExitCode.USAGE,
            next_step=_("give another name, or remove it first"),
        )
    if not path.absolute().parent.is_dir():
        raise _cannot_write(path, _("there is no such folder"))


def write_bundle(run: Invocation, members: list[Member], path: Path) -> None:
    """The archive, readable for its owner only, whole or not at all. Raises CliError."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member.name, member.content)
    try:
        replace_private(path.absolute(), target.getvalue())
    except TokenFileUnusable as error:
        raise _cannot_write(path, error.detail) from error
    if run.output.as_json:
        views = [BundleMember(name=one.name, bytes=len(one.content), masked=one.masked) for one in members]
        run.output.document(DoctorBundleDocument(path=str(path), members=views))
    else:
        run.output.line(_("Written: {path}").format(path=path))


def _cannot_write(path: Path, why: str) -> CliError:
    return CliError(
        _("cannot write {path}: {why}").format(path=path, why=why),
        code="cannot_write",
        exit_code=ExitCode.FAILURE,
        next_step=_("give another place: --bundle FILE"),
    )

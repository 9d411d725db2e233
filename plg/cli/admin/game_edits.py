"""What an operator writes of games: changes on the command line, and files."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _

if TYPE_CHECKING:
    from plg.contract.admin_games import EditGameRequest

SHORT_KEYS = {
    "cidr": "server_cidrs",
    "cidrs": "server_cidrs",
    "port": "udp",
    "ports": "udp",
    "note": "anti_cheat_note",
}
"""What people call the fields that are changed most."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")


def edit_request(
    set_: Sequence[str], add: Sequence[str], remove: Sequence[str], unset: Sequence[str], *, dry_run: bool
) -> "EditGameRequest":
    """The options of `edit` as the server takes them. Raises CliError (exit code 2)."""
    from plg.contract.admin_games import EditGameRequest

    if not (set_ or add or remove or unset):
        raise _usage(
            _("nothing to change is named"), _("one of: {names}").format(names="--set, --add, --remove, --unset")
        )
    lines = [f"{key} = {_toml(value)}" for key, value in (_pair(text, "--set") for text in set_)]
    return EditGameRequest(
        fields="\n".join(lines),
        unset=[_key(text) for text in unset],
        add=_items(add, "--add"),
        remove=_items(remove, "--remove"),
        dry_run=dry_run,
    )


def read_game_file(name: str) -> tuple[str, str]:
    """The name for messages and the text; `-` is standard input. Raises CliError."""
    from plg.contract.admin_games import MAX_TOML_CHARS

    shown = name[:200] if name.isprintable() and name else "file"
    try:
        if name == "-":
            import sys

            shown, raw = "stdin", sys.stdin.buffer.read(4 * MAX_TOML_CHARS + 1)
        else:
            with Path(name).open("rb") as stream:
                raw = stream.read(4 * MAX_TOML_CHARS + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise CliError(
            f"{name}: {error.strerror or error}",
            code="file_unreadable",
            exit_code=ExitCode.NOT_FOUND if missing else ExitCode.BAD_CONFIGURATION,
        ) from error
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _bad_file(shown, _("not UTF-8 text")) from error
    if len(text) > MAX_TOML_CHARS:
        raise _bad_file(
            shown, _("longer than {n} characters: import it in parts, shared lists first").format(n=MAX_TOML_CHARS)
        )
    if not text.strip():
        raise _bad_file(shown, _("empty"))
    return shown, text


def write_game_file(name: str, text: str) -> None:
    """A new file. Raises CliError where there is one already, or it cannot be written."""
    try:
        with Path(name).open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise CliError(
            f"{name}: {error.strerror or error}", code="file_unwritable", exit_code=ExitCode.FAILURE
        ) from error


def _items(texts: Sequence[str], option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        key, value = _pair(text, option)
        found.setdefault(key, []).append(value)
    return found


def _pair(text: str, option: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not value.strip():
        raise _usage(
            _("'{text}' is not KEY=VALUE").format(text=text),
            _("for example: {option} cidrs=203.0.113.0/24").format(option=option),
        )
    return _key(key), value.strip()


def _key(text: str) -> str:
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise _usage(_("'{text}' is no key of a game").format(text=key), _("see: plg admin games show GAME"))
    return SHORT_KEYS.get(key, key)


def _toml(value: str) -> str:
    """The value as TOML: as it is where it is TOML of one line, else as a text."""
    import json

    try:
        parsed = tomllib.loads(f"x = {value}")
        if "\n" not in value and list(parsed) == ["x"]:
            return value
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bad_file(name: str, why: str) -> CliError:
    return CliError(f"{name}: {why}", code="file_unusable", exit_code=ExitCode.BAD_CONFIGURATION)


def _usage(problem: str, next_step: str) -> CliError:
    return CliError(problem, code="usage", exit_code=ExitCode.USAGE, next_step=next_step)

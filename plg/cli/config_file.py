"""Changing config.toml: one setting at a time, with comments and order kept, whole or not at all.

`set_value` and `unset_value` are for every part of the program that lets a person change a setting.
"""

import re
import tomllib
from collections.abc import MutableMapping
from pathlib import Path

from plg.cli.cli_error import CliError
from plg.cli.config_keys import (
    KIND_WORDS,
    ConfigKey,
    Kind,
    Value,
    allowed_text,
    find_key,
    fits_kind,
    is_allowed,
    known_names,
    nearest_names,
    shown,
)
from plg.cli.config_reading import check_config, parse_config, read_config_text
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _, named_language
from plg.cli.settings import server_address

FILE_NAME = "config.toml"
LOCK_TIMEOUT_S = 5.0
"""Implementation. A change takes milliseconds; who waits longer waits for a process that hangs."""


def set_value(directory: Path, key: str, value: Value) -> bool:
    """Writes `key` ("mode", "launch.cs2") into `directory`/config.toml. False when it stood there already.

    The value and the file are checked first: an unknown key, a value that is not allowed or a damaged file raises CliError and changes
    nothing. A wrong value of this very key is no damage: it is what is being mended.
    """
    setting = known_key(key)
    check_new_value(setting, value)
    return _change(directory, setting, value)


def unset_value(directory: Path, key: str) -> bool:
    """Takes `key` out of config.toml, so that the built-in value holds again. False when it was not there. Raises CliError."""
    return _change(directory, known_key(key), None)


def known_key(name: str) -> ConfigKey:
    """The setting of that name. Raises CliError offering the nearest names."""
    found = find_key(name)
    if found is None:
        raise CliError(
            _("there is no setting called '{name}'").format(name=name),
            code="unknown_setting",
            exit_code=ExitCode.USAGE,
            next_step=_("known settings: {names}").format(names=", ".join(known_names())),
            nearest=nearest_names(name),
        )
    return found


def check_new_value(setting: ConfigKey, value: Value) -> None:
    """Raises CliError for a value that the setting does not take, before anything is read or written."""
    next_step = allowed_text(setting) or _(KIND_WORDS[setting.kind])
    if not fits_kind(setting.kind, value):
        message = _("'{key}' must be {kind}").format(key=setting.name, kind=_(KIND_WORDS[setting.kind]))
    elif not is_allowed(setting, value) or (setting.kind is Kind.LANGUAGE and named_language(str(value)) is None):
        message = _("'{value}' is no {key}").format(value=shown(value), key=setting.name)
    else:
        if setting.kind is Kind.ADDRESS:
            server_address(str(value), f"--{setting.name}")
        return
    raise CliError(
        message,
        code="bad_setting",
        exit_code=ExitCode.USAGE,
        next_step=_("allowed: {values}").format(values=next_step),
    )


def _change(directory: Path, setting: ConfigKey, value: Value | None) -> bool:
    """Whether the file is another one now."""
    from plg.api.errors import TokenFileUnusable
    from plg.api.file_lock import FileLock
    from plg.api.private_file import make_private_directory, replace_private

    file = _real_file(directory / FILE_NAME)
    try:
        make_private_directory(directory)
        with FileLock(directory / f".{FILE_NAME}.lock", timeout_s=LOCK_TIMEOUT_S):
            before = read_config_text(file)
            content = parse_config(file, before)
            if not isinstance(content.get(setting.path[0], {}), dict) and len(setting.path) == 2:
                check_config(file, before)  # says what is wrong with the table
            after = edited(before, setting.path, value)
            if after == before:
                return False
            check_config(file, after)
            replace_private(file, after.encode())
    except TokenFileUnusable as error:
        raise CliError(
            _("{path}: {why}").format(path=error.path, why=error.detail),
            code="config_not_written",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("nothing was changed; check the directory's rights and the disk"),
        ) from error
    return True


def edited(text: str, path: tuple[str, ...], value: Value | None) -> str:
    """`text` with the setting at `path` set, or taken out for None; everything else stays as it was written.

    `text` is TOML. The result is read back: an editor's fault must not cost a person's other settings, so it raises RuntimeError then.
    """
    wanted = tomllib.loads(text)
    if value is None and _look_up(wanted, path) is None:
        return text
    is_new_at_top = len(path) == 1 and path[0] not in wanted
    result = _with_new_line(text, wanted, path[0], value) if is_new_at_top else _with_item(text, path, value)
    _write(wanted, path, value)
    if tomllib.loads(result) != wanted:
        raise RuntimeError("the edited settings do not read back as they were meant")
    return result


def _with_item(text: str, path: tuple[str, ...], value: Value | None) -> str:
    """An entry changed or taken out where it stands, or a new one at the end of its table."""
    import tomlkit

    document = tomlkit.parse(text)
    if len(path) == 2 and path[0] not in document:
        document.append(path[0], tomlkit.table())
    holder = document[path[0]] if len(path) == 2 else document
    if not isinstance(holder, MutableMapping):
        raise TypeError(f"{path[0]} is no table")
    if value is None:
        del holder[path[-1]]
        if not holder and len(path) == 2:
            document.remove(path[0])
    else:
        holder[path[-1]] = value
    return tomlkit.dumps(document)


def _with_new_line(text: str, content: dict[str, object], key: str, value: Value | None) -> str:
    """A new top-level setting below the last one: it must stand before every table, and not part a table from its comment."""
    import tomlkit

    newline = "\r\n" if "\r\n" in text else "\n"
    line = tomlkit.dumps({key: value}).rstrip("\n") + newline
    plain = [name for name, found in content.items() if not isinstance(found, dict)]
    if not plain:
        return line + (newline if content else "") + text
    starts = re.finditer(rf"""^[ \t]*["']?{re.escape(plain[-1])}["']?[ \t]*=""", text, re.MULTILINE)
    for start in starts:
        end = start.end()
        while end < len(text):
            end = text.find("\n", end) + 1 or len(text)
            if _reads_with(text[:end], plain):
                gap = "" if text[:end].endswith("\n") else newline
                return text[:end] + gap + line + text[end:]
    return line + text


def _reads_with(text: str, names: list[str]) -> bool:
    try:
        return all(name in tomllib.loads(text) for name in names)
    except tomllib.TOMLDecodeError:
        return False


def _look_up(content: dict[str, object], path: tuple[str, ...]) -> object:
    found: object = content
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _write(content: dict[str, object], path: tuple[str, ...], value: Value | None) -> None:
    """The same change on plain dictionaries: what the edited text must read as."""
    if len(path) == 2:
        table = content.setdefault(path[0], {})
        if isinstance(table, dict):
            _write(table, path[1:], value)
            if value is None and not table:
                del content[path[0]]
    elif value is None:
        del content[path[0]]
    else:
        content[path[0]] = value


def _real_file(path: Path) -> Path:
    """Where a link leads (a person may keep settings elsewhere), so that the link itself stays. Root does not follow other people's links."""
    import os
    import sys

    if not path.is_symlink():
        return path
    if sys.platform != "win32" and os.geteuid() == 0 and path.lstat().st_uid != 0:
        raise CliError(
            _("{path}: is a link, and root does not write through another person's link").format(path=path),
            code="config_not_written",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("run it without sudo"),
        )
    return path.resolve()

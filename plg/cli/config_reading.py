"""Reading config.toml: what it sets, and with file, line and key what is wrong with it."""

import re
from dataclasses import dataclass
from pathlib import Path

from plg.cli.cli_error import CliError
from plg.cli.config_keys import (
    KIND_WORDS,
    SETTINGS,
    TABLES,
    ConfigKey,
    Kind,
    Value,
    allowed_text,
    find_key,
    find_table,
    fits_kind,
    is_allowed,
    nearest_names,
    shown,
)
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _, named_language

MAX_CONFIG_BYTES = 100_000
"""Implementation. A file that people write by hand has a few hundred."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from, in words that point a person to the place ("PLG_SERVER", "…/config.toml, line 3")."""

    value: Value
    source: str

    @property
    def text(self) -> str:
        """The value as a person writes it."""
        return shown(self.value)


def read_config(path: Path) -> dict[str, Setting]:
    """The settings of config.toml by name ("mode", "launch.cs2"); none when there is no such file. Raises CliError naming file, line and key."""
    text = read_config_text(path)
    return check_config(path, text) if text else {}


def read_config_text(path: Path) -> str:
    """The text of the file, empty when there is none. Raises CliError naming file and line."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _bad_file(str(path), error.strerror or str(error)) from error
    if len(content) > MAX_CONFIG_BYTES:
        raise _bad_file(str(path), _("larger than {limit} bytes").format(limit=MAX_CONFIG_BYTES))
    try:
        return content.decode("utf-8-sig")  # some editors put a byte order mark there, which TOML does not know
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _bad_file(_place(path, line), _("not UTF-8 text")) from error


def parse_config(path: Path, text: str) -> dict[str, object]:
    """`text`, the content of `path`, as TOML. Raises CliError naming file and line."""
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", str(error))
        line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
        raise _bad_file(_place(path, line), found["what"] if found else str(error)) from error


def check_config(path: Path, text: str) -> dict[str, Setting]:
    """What `text`, the content of `path`, sets. Raises CliError naming file, line and key."""
    settings: dict[str, Setting] = {}
    for name, value in parse_config(path, text).items():
        table = find_table(name)
        if table is None:
            place = _place(path, _line_of(text, name))
            key = next((setting for setting in SETTINGS if setting.name == name), None)
            settings[name] = Setting(check_value(_known(key, name, place), value, place), place)
            continue
        if not isinstance(value, dict):
            raise _bad_file(_place(path, _line_of(text, name)), _("'{key}' must be {kind}").format(key=name, kind=_("a table")))  # fmt: skip
        for entry, content_value in value.items():
            full = f"{name}.{entry}"
            place = _place(path, _line_of(text, name, entry))
            settings[full] = Setting(check_value(_known(find_key(full), full, place), content_value, place), place)
    return settings


def _known(key: ConfigKey | None, name: str, place: str) -> ConfigKey:
    if key is None:
        raise CliError(
            _("{place}: unknown setting '{key}'").format(place=place, key=name),
            code="bad_setting",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("known settings: {names}").format(
                names=", ".join([*(setting.name for setting in SETTINGS), *(f"[{table.name}]" for table in TABLES)])
            ),
            nearest=nearest_names(name),
        )
    return key


def check_value(key: ConfigKey, value: object, place: str) -> Value:
    """The value when it may stand there. Raises CliError. A server's address is looked at when it is used."""
    if not isinstance(value, str | int | float | list) or not fits_kind(key.kind, value):
        raise _bad_file(place, _("'{key}' must be {kind}").format(key=key.name, kind=_(KIND_WORDS[key.kind])))
    if (key.kind is Kind.LANGUAGE and named_language(str(value)) is None) or not is_allowed(key, value):
        # Looked at here: the language itself is chosen before any command, where a damaged file must not stop `plg --help`.
        raise bad_setting(key.name, Setting(value, place), allowed_text(key) or _(KIND_WORDS[key.kind]))
    return value


def _line_of(text: str, key: str, entry: str | None = None) -> int:
    """The line on which a top-level key or table, or a table's entry, stands; 1 when it is written in an unusual way."""
    name = rf"""["']?{re.escape(key)}["']?"""
    if entry is not None:
        inner = rf"""["']?{re.escape(entry)}["']?[ \t]*[=.\]]"""
        if dotted := re.search(rf"^[ \t]*\[?[ \t]*{name}[ \t]*\.[ \t]*{inner}", text, re.MULTILINE):
            return text[: dotted.start()].count("\n") + 1
        header = re.search(rf"^[ \t]*\[[ \t]*{name}[ \t]*\]", text, re.MULTILINE)
        found = re.compile(rf"^[ \t]*{inner}", re.MULTILINE).search(text, header.end()) if header else None
        if found is not None:
            return text[: found.start()].count("\n") + 1
    found = re.compile(rf"^[ \t]*\[?\[?[ \t]*{name}[ \t]*(?:=|\.|\])", re.MULTILINE).search(text)
    return text[: found.start()].count("\n") + 1 if found else 1


def _place(path: Path, line: int) -> str:
    return _("{path}, line {line}").format(path=path, line=line)


def _bad_file(place: str, what: str) -> CliError:
    return CliError(
        f"{place}: {what}",
        code="bad_config_file",
        exit_code=ExitCode.BAD_CONFIGURATION,
        next_step=_("mend that line or move the file away; plg help environment lists the settings"),
    )


def bad_setting(key: str, found: Setting, allowed: str) -> CliError:
    """A value that is not one of those allowed: usage when it came from a flag, configuration otherwise."""
    from_flag = found.source.startswith("--")
    return CliError(
        _("{source}: '{value}' is no {key}").format(source=found.source, value=found.text, key=key),
        code="bad_setting",
        exit_code=ExitCode.USAGE if from_flag else ExitCode.BAD_CONFIGURATION,
        next_step=_("allowed: {values}").format(values=allowed),
    )

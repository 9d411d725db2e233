"""Where a setting comes from: flag, then `PLG_*` environment variable, then `config.toml`, then the built-in value."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    from_text,
    is_allowed,
    nearest_names,
    shown,
)
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language, _, named_language

if TYPE_CHECKING:
    from plg.api.token_store import Keeping

DEFAULT_SERVER = "http://127.0.0.1:8080"
"""A server on this machine: `plg server run` listens there."""

KEYS = {setting.name: setting.environment for setting in SETTINGS if setting.environment is not None}
"""Every setting with an environment variable that goes before config.toml."""

MAX_CONFIG_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from, in words that point a person to the place ("PLG_SERVER", "…/config.toml, line 3")."""

    value: Value
    source: str

    @property
    def text(self) -> str:
        """The value as a person writes it."""
        return shown(self.value)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The server's base URL without a trailing slash: also the key under which its sign-in is stored."""

    url: str
    is_loopback: bool
    is_encrypted: bool


def config_directory(environ: Mapping[str, str]) -> Path:
    """PLG_CONFIG_DIR, or the platform's place for a program's configuration.

    Under sudo it is the calling person's own, so that `sudo plg connect` finds the login that was made without sudo.
    """
    if override := environ.get("PLG_CONFIG_DIR"):
        return Path(override).expanduser().absolute()
    if sys.platform != "win32" and os.geteuid() == 0 and environ.get("SUDO_UID", "").isdecimal():
        import pwd

        try:
            return Path(pwd.getpwuid(int(environ["SUDO_UID"])).pw_dir) / ".config" / "plg"
        except KeyError:
            pass  # an account that is gone: as if there was no sudo
    on_linux = sys.platform == "linux"
    if on_linux:
        # As platformdirs does it, without its five milliseconds in each command.
        base = environ.get("XDG_CONFIG_HOME", "").strip()
        return Path(base or Path("~/.config").expanduser()) / "plg"
    import platformdirs

    return Path(platformdirs.user_config_dir("plg", appauthor=False))


class Settings:
    """Settings of one command; `environ` is the process environment (or a test's own)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.directory = config_directory(environ)
        self.file = self.directory / "config.toml"
        self._from_file: dict[str, Setting] | None = None

    def server(self, flag: str | None) -> ServerAddress:
        """The server to talk to. Raises CliError naming the place of a wrong address."""
        found = self._find("server", flag, "--server")
        return server_address(found.text, found.source) if found else server_address(DEFAULT_SERVER, "")

    def keeping(self) -> "Keeping":
        """Where tokens are to be kept."""
        from plg.api.token_store import Keeping

        found = self._find("token_store", None, "")
        if found is None:
            return Keeping.AUTO
        if found.text not in set(Keeping):
            raise bad_setting("token_store", found, ", ".join(Keeping))
        return Keeping(found.text)

    def token(self) -> str | None:
        """PLG_TOKEN, when it is set. Raises CliError when it cannot be a token."""
        token = self._environ.get("PLG_TOKEN", "").strip()
        if token and not re.fullmatch(r"[\x21-\x7e]{1,4096}", token):
            raise CliError(
                _("PLG_TOKEN holds characters that no token has"),
                code="bad_setting",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("set it to the access token alone, or unset it and run: plg login"),
            )
        return token or None

    def language(self, flag: str | None) -> Language | None:
        """The language that a flag, PLG_LANG or config.toml asks for; None when nothing does."""
        found = self._find("lang", flag, "--lang")
        if found is None:
            return None
        language = named_language(found.text)
        if language is None:
            raise bad_setting("lang", found, ", ".join(Language))
        return language

    def found(self, name: str) -> Setting | None:
        """A setting of the table, from its variable or config.toml, checked; None leaves it to the built-in value.

        `name` is a key of `plg.cli.config_keys` ("mode", "launch.cs2"). Raises CliError.
        """
        key = find_key(name)
        if key is None:
            raise KeyError(name)
        if key.environment and (text := self._environ.get(key.environment)):
            value = from_text(key.kind, text)
            if value is None:
                raise bad_setting(
                    key.name, Setting(text, key.environment), allowed_text(key) or _(KIND_WORDS[key.kind])
                )
            return Setting(check_value(key, value, key.environment), key.environment)
        return self._file_settings().get(key.name)

    def text(self, name: str) -> str | None:
        """As `found`, the value alone as a text."""
        found = self.found(name)
        return None if found is None else found.text

    def number(self, name: str) -> float | None:
        """As `found`, for a setting that is a number."""
        found = self.found(name)
        return float(found.value) if found is not None and isinstance(found.value, int | float) else None

    def table(self, name: str) -> dict[str, Value]:
        """The entries of a table of config.toml ("hooks", "launch", "keys", "watch"), checked. Raises CliError."""
        if find_table(name) is None:
            raise KeyError(name)
        start = name + "."
        return {
            key.removeprefix(start): setting.value
            for key, setting in self._file_settings().items()
            if key.startswith(start)
        }

    def _file_settings(self) -> dict[str, Setting]:
        if self._from_file is None:
            self._from_file = read_config(self.file)
        return self._from_file

    def _find(self, key: str, flag: str | None, flag_name: str) -> Setting | None:
        if flag is not None:
            return Setting(flag, flag_name)
        if value := self._environ.get(KEYS[key]):
            return Setting(value, KEYS[key])
        return self._file_settings().get(key)


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
        return content.decode()
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


def server_address(text: str, source: str) -> ServerAddress:
    """Checks and normalises a base URL: http or https, a host, perhaps a port and a path. Raises CliError."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise _bad_address(text, source) from None
    unwanted = parts.query or parts.fragment or parts.username is not None or parts.password is not None
    if parts.scheme not in {"http", "https"} or not host or unwanted or re.search(r"[\s\x00-\x1f\x7f]", text.strip()):
        raise _bad_address(text, source)
    bracketed = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    suffix = "" if port in {None, usual} else f":{port}"
    url = f"{parts.scheme}://{bracketed}{suffix}{parts.path.rstrip('/')}"
    return ServerAddress(url, is_loopback=_is_loopback(host), is_encrypted=parts.scheme == "https")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bad_address(text: str, source: str) -> CliError:
    return CliError(
        _("{source}: '{value}' is no server address").format(source=source, value=text),
        code="bad_setting",
        exit_code=ExitCode.USAGE if source.startswith("--") else ExitCode.BAD_CONFIGURATION,
        next_step=_("write it as https://HOST or http://HOST:PORT"),
    )

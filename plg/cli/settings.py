"""Where a setting comes from: flag, then `PLG_*` environment variable, then `config.toml`, then the built-in value."""

import ipaddress
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language, _, named_language

if TYPE_CHECKING:
    from plg.api.token_store import Keeping

DEFAULT_SERVER = "http://127.0.0.1:8080"
"""A server on this machine: `plg server run` listens there."""

KEYS = {"server": "PLG_SERVER", "lang": "PLG_LANG", "token_store": "PLG_TOKEN_STORE"}
"""Every key of config.toml, with the environment variable that goes before it."""

MAX_CONFIG_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from, in words that point a person to the place ("PLG_SERVER", "…/config.toml, line 3")."""

    value: str
    source: str


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
        return server_address(found.value, found.source) if found else server_address(DEFAULT_SERVER, "")

    def keeping(self) -> "Keeping":
        """Where tokens are to be kept."""
        from plg.api.token_store import Keeping

        found = self._find("token_store", None, "")
        if found is None:
            return Keeping.AUTO
        if found.value not in set(Keeping):
            raise bad_setting("token_store", found, ", ".join(Keeping))
        return Keeping(found.value)

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
        language = named_language(found.value)
        if language is None:
            raise bad_setting("lang", found, ", ".join(Language))
        return language

    def _find(self, key: str, flag: str | None, flag_name: str) -> Setting | None:
        if flag is not None:
            return Setting(flag, flag_name)
        if value := self._environ.get(KEYS[key]):
            return Setting(value, KEYS[key])
        if self._from_file is None:
            self._from_file = read_config(self.file)
        return self._from_file.get(key)


def read_config(path: Path) -> dict[str, Setting]:
    """The settings of config.toml; none when there is no such file. Raises CliError naming file, line and key."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _bad_file(str(path), error.strerror or str(error)) from error
    if len(content) > MAX_CONFIG_BYTES:
        raise _bad_file(str(path), _("larger than {limit} bytes").format(limit=MAX_CONFIG_BYTES))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _bad_file(_place(path, line), _("not UTF-8 text")) from error
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", str(error))
        line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
        raise _bad_file(_place(path, line), found["what"] if found else str(error)) from error
    return {key: _checked(path, text, key, value) for key, value in table.items()}


def _checked(path: Path, text: str, key: str, value: object) -> Setting:
    place = _place(path, _line_of(text, key))
    if key not in KEYS:
        raise CliError(
            _("{place}: unknown setting '{key}'").format(place=place, key=key),
            code="bad_setting",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("known settings: {names}").format(names=", ".join(KEYS)),
            nearest=tuple(get_close_matches(key, KEYS)),
        )
    if not isinstance(value, str):
        raise _bad_file(place, _("'{key}' must be a text in quotes").format(key=key))
    found = Setting(value, place)
    if key == "lang" and named_language(value) is None:
        # Looked at here: the language itself is chosen before any command, where a damaged file must not stop `plg --help`.
        raise bad_setting(key, found, ", ".join(Language))
    return found


def _line_of(text: str, key: str) -> int:
    """The line on which a top-level key or table stands; 1 when it is written in an unusual way."""
    found = re.search(rf"""^[ \t]*\[?\[?[ \t]*["']?{re.escape(key)}["']?[ \t]*(?:=|\.|\])""", text, re.MULTILINE)
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
        _("{source}: '{value}' is no {key}").format(source=found.source, value=found.value, key=key),
        code="bad_setting",
        exit_code=ExitCode.USAGE if from_flag else ExitCode.BAD_CONFIGURATION,
        next_step=_("allowed: {values}").format(values=allowed),
    )


def server_address(text: str, source: str) -> ServerAddress:
    """Checks and normalises a base URL: http or https, a host, perhaps a port and a path. Raises CliError."""
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

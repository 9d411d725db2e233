"""Where a setting comes from: flag, then `PLG_*` environment variable, then `config.toml`, then the built-in value."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plg.cli.cli_error import CliError
from plg.cli.config_keys import KIND_WORDS, SETTINGS, Value, allowed_text, find_key, find_table, from_text
from plg.cli.config_reading import Setting, bad_setting, check_value, read_config
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language, _, named_language

if TYPE_CHECKING:
    from plg.api.token_store import Keeping

DEFAULT_SERVER = "http://127.0.0.1:8080"
"""A server on this machine: `plg server run` listens there."""

KEYS = {setting.name: setting.environment for setting in SETTINGS if setting.environment is not None}
"""Every setting with an environment variable that goes before config.toml."""


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

"""What an operator may set: one TOML file and `PLG_SERVER_*` in the environment, checked before anything starts.

Order: command line > environment > file > default. A value that does not hold is refused with one line that names the
key, the value, where it came from and what is allowed. A name we do not know is refused too: a typing error must not
silently leave a default in place.
"""

import difflib
import ipaddress
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

from plg_server.billing_config import BILLING_SETTINGS, BillingConfig, missing_setting
from plg_server.grafana_config import GRAFANA_SETTINGS, GrafanaConfig
from plg_server.mail_config import MAIL_SETTINGS, MailConfig, missing_mail_setting
from plg_server.services.toml_lines import TomlLines
from plg_server.site_config import SITE_SETTINGS, SiteConfig
from plg_server.telegram_config import TELEGRAM_SETTINGS, TelegramConfig, missing_telegram_setting

ENV_PREFIX = "PLG_SERVER_"
CONFIG_FILE_VARIABLE = "PLG_SERVER_CONFIG"


class ConfigError(Exception):
    """The configuration cannot be used; the text is one line for the operator."""


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How often one caller may use each class of route, in the notation of the `limits` library ("10/minute")."""

    sign_in: str
    refresh: str
    read: str
    write: str
    relay: str
    code: str
    notice: str


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The effective configuration. Units are in the names; None means "off" or "chosen at start"."""

    host: str
    port: int
    data_dir: Path
    database_url: str | None
    store_url: str | None
    public_url: str | None
    cors_origins: list[str]
    trusted_proxies: list[str]
    metrics_networks: list[str]
    log_level: str
    log_format: str
    token_secret: str | None
    access_token_minutes: int
    refresh_token_days: int
    registration_open: bool
    plan_name: str
    plan_max_sessions: int
    password_workers: int
    database_pool_size: int
    database_wait_s: float
    shutdown_grace_s: float
    games_file: Path | None
    allow_private_targets: bool
    max_paths: int
    standby_exits: bool
    rate_limits_on: bool
    rate_limits: RateLimits
    billing: BillingConfig
    mail: MailConfig
    telegram: TelegramConfig
    site: SiteConfig
    grafana: GrafanaConfig

    @property
    def effective_database_url(self) -> str:
        """The database to open: the one configured, else SQLite in the data directory."""
        return self.database_url or f"sqlite://{self.data_dir / 'server.sqlite3'}"


@dataclass(frozen=True)
class Setting:
    """One key: its type, default, test, and how the allowed values are told to a person."""

    kind: type
    default: object
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False
    optional: bool = False


def _whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and low <= value <= high


def _number(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and low <= value <= high


def _one_of(*names: str) -> Callable[[object], bool]:
    return lambda value: value in names


def _text(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and low <= len(value) <= high and value.isprintable()


def _url(*schemes: str, host_needed: bool = True) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        try:
            parts = urlsplit(str(value))
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            return False
        return parts.scheme in schemes and port_is_fine and (bool(parts.hostname) or not host_needed)

    return holds


def _database_url(value: object) -> bool:
    text = str(value)
    if text.startswith("sqlite://"):
        path = text.removeprefix("sqlite://")
        return path.startswith("/") and "?" not in path
    # A host may be missing: `postgres:///name?host=/run/postgresql` is a socket directory.
    return _url("postgres", "postgresql", host_needed=False)(value)


def _networks(value: object) -> bool:
    try:
        for item in value if isinstance(value, list) else [None]:
            ipaddress.ip_network(str(item), strict=False)
    except ValueError:
        return False
    return isinstance(value, list)


def _origins(value: object) -> bool:
    def is_origin(item: object) -> bool:
        if not _url("http", "https")(item):
            return False
        parts = urlsplit(str(item))
        return not (parts.path or parts.query or parts.fragment or parts.username)

    return isinstance(value, list) and all(is_origin(item) for item in value)


def _rate(value: object) -> bool:
    from limits import parse

    try:
        parse(str(value))
    except ValueError:
        return False
    return True


RATE_ALLOWED = 'COUNT/PERIOD, for example "10/minute" or "100/5 seconds"'

SETTINGS: dict[str, Setting] = {
    "host": Setting(str, "127.0.0.1", "an address to listen on", _text(1, 255)),
    "port": Setting(int, 8080, "a whole number from 0 to 65535 (0: the system chooses)", _whole(0, 65535)),
    "data_dir": Setting(str, None, "a directory that the server may write", _text(1, 4096), optional=True),
    "database_url": Setting(
        str,
        None,
        "sqlite:///ABSOLUTE/PATH or postgres://USER:PASSWORD@HOST:PORT/NAME",
        _database_url,
        secret=True,
        optional=True,
    ),
    "store_url": Setting(
        str,
        None,
        "redis://[:PASSWORD@]HOST:PORT[/DB] or rediss://...",
        _url("redis", "rediss"),
        secret=True,
        optional=True,
    ),
    "public_url": Setting(str, None, "http://HOST[:PORT] or https://HOST[:PORT]", _url("http", "https"), optional=True),
    "cors_origins": Setting(list, [], "a list of origins such as https://panel.example.org", _origins),
    "trusted_proxies": Setting(list, [], "a list of addresses or CIDR networks", _networks),
    "metrics_networks": Setting(list, ["127.0.0.0/8", "::1/128"], "a list of addresses or CIDR networks", _networks),
    "log_level": Setting(str, "info", "debug, info, warning or error", _one_of("debug", "info", "warning", "error")),
    "log_format": Setting(str, "auto", "auto, json or console", _one_of("auto", "json", "console")),
    "token_secret": Setting(str, None, "32 to 512 characters, kept secret", _text(32, 512), secret=True, optional=True),
    "access_token_minutes": Setting(int, 15, "a whole number from 1 to 60", _whole(1, 60)),
    "refresh_token_days": Setting(int, 30, "a whole number from 1 to 365", _whole(1, 365)),
    "registration_open": Setting(bool, True, "true or false", lambda value: isinstance(value, bool)),
    "plan_name": Setting(str, "self-hosted", "1 to 32 characters", _text(1, 32)),
    "plan_max_sessions": Setting(int, 2, "a whole number from 1 to 1000", _whole(1, 1000)),
    "password_workers": Setting(int, 2, "a whole number from 1 to 64", _whole(1, 64)),
    "database_pool_size": Setting(int, 10, "a whole number from 1 to 200", _whole(1, 200)),
    "database_wait_s": Setting(float, 3.0, "seconds from 0.1 to 60", _number(0.1, 60)),
    "shutdown_grace_s": Setting(float, 10.0, "seconds from 0 to 300", _number(0, 300)),
    "games_file": Setting(str, None, "a TOML file that adds games or overrides them", _text(1, 4096), optional=True),
    "allow_private_targets": Setting(bool, False, "true (a lab only) or false", lambda value: isinstance(value, bool)),
    "max_paths": Setting(int, 3, "a whole number from 1 (no redundancy) to 8", _whole(1, 8)),
    "standby_exits": Setting(bool, True, "true or false", lambda value: isinstance(value, bool)),
    "rate_limits_on": Setting(bool, True, "true or false", lambda value: isinstance(value, bool)),
    "rate_sign_in": Setting(str, "20/minute", RATE_ALLOWED, _rate),
    "rate_refresh": Setting(str, "60/minute", RATE_ALLOWED, _rate),
    "rate_read": Setting(str, "600/minute", RATE_ALLOWED, _rate),
    "rate_write": Setting(str, "120/minute", RATE_ALLOWED, _rate),
    "rate_relay": Setting(str, "600/minute", RATE_ALLOWED, _rate),
    "rate_code": Setting(str, "10/minute", RATE_ALLOWED, _rate),
    "rate_notice": Setting(str, "600/minute", RATE_ALLOWED, _rate),
    **{
        key: Setting(
            type(one.default) if isinstance(one.default, bool | list) else str,
            one.default,
            one.allowed,
            one.holds,
            secret=one.secret,
            optional=one.default is None,
        )
        for key, one in (
            BILLING_SETTINGS | MAIL_SETTINGS | TELEGRAM_SETTINGS | SITE_SETTINGS | GRAFANA_SETTINGS
        ).items()
    },
}


def load_config(
    file: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None
) -> ServerConfig:
    """Read, merge and check. `overrides` are what the command line says (None means "not said").

    Raises ConfigError with one line for the operator.
    """
    values: dict[str, object] = {key: setting.default for key, setting in SETTINGS.items()}
    if file is None and environ.get(CONFIG_FILE_VARIABLE):
        file = Path(environ[CONFIG_FILE_VARIABLE])
    if file is not None:
        text, table = _read_file(file)
        lines = TomlLines(str(file), text)
        for key, value in table.items():
            origin = f"{file}, line {lines.of_key(lines.whole, key)}"
            known = _known(key, origin)
            values[known] = _checked(known, value, origin)
    for variable, text in environ.items():
        if variable.startswith(ENV_PREFIX) and variable != CONFIG_FILE_VARIABLE:
            key = _known(variable.removeprefix(ENV_PREFIX).lower(), f"the environment ({variable})")
            values[key] = _checked(key, _from_text(key, text, variable), variable)
    for key, value in (overrides or {}).items():
        if value is not None:
            values[key] = _checked(key, value, "the command line")
    return _build(values)


def _build(values: dict[str, object]) -> ServerConfig:
    rates = {key.removeprefix("rate_"): values.pop(key) for key in [*values] if _is_rate(key)}
    values["data_dir"] = Path(str(values["data_dir"] or default_data_dir())).expanduser().absolute()
    if values["games_file"] is not None:
        values["games_file"] = Path(str(values["games_file"])).expanduser().absolute()
    if missing := missing_setting(values) or missing_mail_setting(values) or missing_telegram_setting(values):
        raise ConfigError(missing)
    billing = {key: values.pop(key) for key in BILLING_SETTINGS}
    mail = {key: values.pop(key) for key in MAIL_SETTINGS}
    telegram = {key: values.pop(key) for key in TELEGRAM_SETTINGS}
    site = {key: values.pop(key) for key in SITE_SETTINGS}
    grafana = {key: values.pop(key) for key in GRAFANA_SETTINGS}
    return msgspec.convert(
        {
            **values,
            "rate_limits": rates,
            "billing": billing,
            "mail": mail,
            "telegram": telegram,
            "site": site,
            "grafana": grafana,
        },
        ServerConfig,
    )


def _is_rate(key: str) -> bool:
    return key.startswith("rate_") and key != "rate_limits_on"


def default_data_dir() -> Path:
    """Where the server keeps its database and key when nothing else is said."""
    from platformdirs import user_data_path

    return user_data_path("plg-server", appauthor=False)


def _read_file(file: Path) -> tuple[str, dict[str, object]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}: line {line}: not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        # tomllib says "... (at line 3, column 8)"; at the end of the file it names no line.
        reason = str(error).replace("\n", " ")
        raise ConfigError(f"{file}: not valid TOML: {reason}") from error


def _known(key: str, origin: str) -> str:
    if key in SETTINGS:
        return key
    near = difflib.get_close_matches(key, SETTINGS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known keys: {', '.join(SETTINGS)}"
    raise ConfigError(f"unknown key {key!r} in {origin}{hint}")


def _from_text(key: str, text: str, origin: str) -> object:
    """Environment variables are text: the type of the key says how to read it. Lists are separated by commas."""
    setting = SETTINGS[key]
    if setting.kind is list:
        return [item.strip() for item in text.split(",") if item.strip()]
    if setting.kind is bool:
        words = {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }
        return words.get(text.strip().lower(), text)
    if setting.kind in (int, float):
        try:
            return setting.kind(text)
        except ValueError:
            raise _refusal(key, text, origin) from None
    return text


def _checked(key: str, value: object, origin: str) -> object:
    setting = SETTINGS[key]
    if setting.optional and value == "":
        return None
    kinds: tuple[type, ...] = (int, float) if setting.kind is float else (setting.kind,)
    # bool is an int for Python, not for an operator.
    wrong_kind = not isinstance(value, kinds) or (isinstance(value, bool) and setting.kind is not bool)
    if wrong_kind or not setting.holds(value):
        raise _refusal(key, value, origin)
    return value


def _refusal(key: str, value: object, origin: str) -> ConfigError:
    setting = SETTINGS[key]
    shown = "(hidden)" if setting.secret else json.dumps(value, ensure_ascii=False, default=str)
    return ConfigError(f"{key} = {shown} in {origin} is not allowed: it must be {setting.allowed}")


ShownValue = str | int | float | bool | list[str] | None


def redacted_url(url: str) -> str:
    """The URL without its password and query, fit to be shown or logged."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return urlunsplit(parts._replace(query=""))
    user_info, _, place = parts.netloc.rpartition("@")
    user, colon, _ = user_info.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{':***' if colon else ''}@{place}", query=""))


def shown_config(config: ServerConfig) -> dict[str, ShownValue]:
    """The effective values for a person to read: secrets replaced by `***`."""
    values: dict[str, ShownValue] = msgspec.to_builtins(config, enc_hook=str)
    values["database_url"] = redacted_url(config.effective_database_url)
    values["store_url"] = redacted_url(config.store_url) if config.store_url else "memory"
    values["token_secret"] = "***" if config.token_secret else f"(file {config.data_dir / 'token.key'})"
    del values["rate_limits"]
    for key, setting in BILLING_SETTINGS.items():
        value = getattr(config.billing, key)
        values[key] = "***" if setting.secret and value is not None else value
    del values["mail"]
    values |= msgspec.to_builtins(config.mail)
    values["mail_url"] = redacted_url(config.mail.mail_url) if config.mail.mail_url else None
    del values["site"]
    values |= msgspec.to_builtins(config.site)
    del values["grafana"]
    values |= msgspec.to_builtins(config.grafana)
    del values["telegram"]
    for key, one in TELEGRAM_SETTINGS.items():
        value = getattr(config.telegram, key)
        values[key] = "***" if one.secret and value is not None else value
    return values | {f"rate_{name}": getattr(config.rate_limits, name) for name in RateLimits.__struct_fields__}

"""The relay's settings: a TOML file, then PLG_RELAY_* of the environment, then the command line; checked at start.

Every refusal names the key, the value, where it stood, and what is allowed.
"""

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from plg.contract.web_ping import WEB_PING_URL, WEB_PING_URL_CHARS
from plg_relay.errors import ConfigError, FailureKind, RelayError

ENV_PREFIX = "PLG_RELAY_"
ENV_NOT_SETTINGS = frozenset({"PLG_RELAY_CONFIG"})
"""Names with our prefix that are read elsewhere (the path of the file itself)."""

MAX_CONFIG_BYTES = 256 * 1024
"""A settings file is a page of text; more is a wrong path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """One relay's settings, all valid. Addresses are literals; ports 0 let the system choose (tests, labs)."""

    data_dir: Path
    host: str = "0.0.0.0"  # noqa: S104  a relay exists to be reached from everywhere
    port: int = 443
    control_host: str = "127.0.0.1"
    control_port: int = 8443
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9090
    workers: int = 1
    max_sessions: int = 1000
    sessions_per_address: int = 8
    transit: bool = True
    max_transits: int = 1000
    game_ports_first: int = 40000
    game_ports_last: int = 59999
    game_bind_ipv4: str = "0.0.0.0"  # noqa: S104  the system picks the source address by route
    game_bind_ipv6: str = "::"
    allow_private: bool = False
    mask: bool = False
    drain_seconds: int = 30
    keeper: bool = True
    restarts_per_minute: int = 10
    spare: bool = True
    destination_packets_per_second: int = 5000
    flow_opens_per_second: int = 20
    flow_opens_burst: int = 60
    hellos_per_address_per_second: int = 20
    hellos_per_address_burst: int = 5
    hellos_per_second: int = 100
    session_idle_s: float = 60.0
    flow_idle_s: float = 180.0
    group_idle_s: float = 180.0
    receive_buffer_bytes: int = 4 * 1024 * 1024
    web_ping_listen: str = ""
    web_ping_url: str = ""
    web_ping_certificate: Path | None = None
    web_ping_key: Path | None = None
    log_level: str = "info"
    log_format: str = "console"

    @property
    def forwards(self) -> bool:
        """Whether this relay is a transit too. A masking one is not: other relays would have to mask."""
        return self.transit and not self.mask

    @property
    def web_ping_address(self) -> tuple[str, int] | None:
        """Where browsers' pings are answered; None: nowhere."""
        return _split_listen(self.web_ping_listen) if self.web_ping_listen else None


Check = Callable[[object], object]


def load_config(
    *,
    file: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
    default_data_dir: Path,
) -> RelayConfig:
    """Settings from `file` (TOML, may be None), `environ` and `overrides` (None = not given), later ones win.

    Raises ConfigError for a key or value that is not allowed, RelayError when the file cannot be read.
    """
    values: dict[str, object] = {"data_dir": default_data_dir}
    origins: dict[str, str] = {}
    if file is not None:
        text, table = _read_file(file)
        for key, value in table.items():
            _accept(values, origins, key, value, f"{file}, line {_line_of(key, text)}")
    for name, text in environ.items():
        if name.startswith(ENV_PREFIX) and name not in ENV_NOT_SETTINGS:
            key = name[len(ENV_PREFIX) :].lower()
            _accept(values, origins, key, _from_text(key, text), f"environment {name}")
    for key, value in overrides.items():
        if value is not None:
            _accept(values, origins, key, value, "command line --" + key.replace("_", "-"))
    config = RelayConfig(**values)  # type: ignore[arg-type]  # each value passed the check of its own key
    _check_together(config, origins)
    return config


def setting_names() -> list[str]:
    """Every key that a settings file may hold."""
    return [field.name for field in fields(RelayConfig)]


def _read_file(file: Path) -> tuple[str, dict[str, object]]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise RelayError(FailureKind.CONFIG, f"cannot read the settings file {file}: {error.strerror}") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise RelayError(FailureKind.CONFIG, f"{file} has more than {MAX_CONFIG_BYTES} bytes: not a settings file")
    try:
        text = raw.decode("utf-8")
        return text, tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RelayError(FailureKind.CONFIG, f"{file} is not valid TOML: {error}") from error


def _line_of(key: str, text: str) -> int:
    """Where a file sets the key, or begins a table of that name: tomllib forgets it. 1 when it is written in a rarer way."""
    name = rf"[\"']?{re.escape(key)}[\"']?"
    found = re.search(rf"^[ \t]*(?:\[+[ \t]*{name}[ \t]*[.\]]|{name}[ \t]*[.=])", text, re.MULTILINE)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1


def _accept(values: dict[str, object], origins: dict[str, str], key: str, value: object, origin: str) -> None:
    check = _CHECKS.get(key)
    if check is None:
        near = difflib.get_close_matches(key, setting_names(), n=1)
        hint = f"no such key; did you mean {near[0]}?" if near else "no such key; keys: " + ", ".join(setting_names())
        raise ConfigError(key, value, hint, origin)
    try:
        values[key] = check(value)
    except _NotAllowedError as error:
        raise ConfigError(key, value, error.allowed, origin) from None
    origins[key] = origin


def _check_together(config: RelayConfig, origins: Mapping[str, str]) -> None:
    if config.game_ports_last - config.game_ports_first < 1:
        raise ConfigError(
            "game_ports_last",
            config.game_ports_last,
            f"at least game_ports_first + 1 ({config.game_ports_first + 1}), both parities are needed",
            origins.get("game_ports_last", origins.get("game_ports_first", "default")),
        )
    if config.mask and config.workers > 1:
        raise ConfigError(
            "mask",
            config.mask,
            f"only workers = 1 (now {config.workers}): workers are chosen by the session id, which the mask hides",
            origins.get("mask", "default"),
        )
    if config.web_ping_listen and not config.web_ping_url:
        raise ConfigError(
            "web_ping_listen",
            config.web_ping_listen,
            "only with web_ping_url: browsers have to be told where to ask",
            origins["web_ping_listen"],
        )
    if (config.web_ping_certificate is None) != (config.web_ping_key is None):
        given = "web_ping_key" if config.web_ping_certificate is None else "web_ping_certificate"
        raise ConfigError(
            given, str(getattr(config, given)), "only web_ping_certificate and web_ping_key together", origins[given]
        )
    if config.mask and config.transit and "transit" in origins:
        raise ConfigError(
            "transit",
            config.transit,
            "only with mask = false: other relays send without a mask",
            origins["transit"],
        )


class _NotAllowedError(Exception):
    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _NotAllowedError(f"a whole number {low}..{high}")
        return value

    return check


def _seconds(low: float, high: float) -> Check:
    def check(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise _NotAllowedError(f"seconds, {low:g}..{high:g}")
        return float(value)

    return check


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _NotAllowedError("true or false")
    return value


def _address(version: int | None) -> Check:
    kind = "an IP address" if version is None else f"an IPv{version} address"

    def check(value: object) -> str:
        try:
            address = ipaddress.ip_address(value) if isinstance(value, str) else None
        except ValueError:
            address = None
        if address is None or (version is not None and address.version != version):
            raise _NotAllowedError(kind + " (a literal, not a name)")
        return str(address)

    return check


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise _NotAllowedError("the path of a directory")
    return Path(value).expanduser()


def _file(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise _NotAllowedError("the path of a PEM file")
    return Path(value).expanduser()


def _listen(value: object) -> str:
    if value == "":
        return ""
    try:
        host, port = _split_listen(value if isinstance(value, str) else "")
        ipaddress.ip_address(host)
    except ValueError:
        raise _NotAllowedError('ADDRESS:PORT such as "0.0.0.0:8444" or "[::]:8444" (a literal, not a name)') from None
    if not 0 <= port <= 65535:
        raise _NotAllowedError("a port 0..65535")
    return str(value)


def _split_listen(text: str) -> tuple[str, int]:
    """Raises ValueError."""
    host, separator, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not separator or not port.isascii() or not port.isdigit() or (":" in bare) != (bare != host):
        raise ValueError(text)
    return bare, int(port)


def _web_ping_url(value: object) -> str:
    if value == "" or (
        isinstance(value, str) and len(value) <= WEB_PING_URL_CHARS and re.search(WEB_PING_URL, value) is not None
    ):
        return str(value)
    raise _NotAllowedError(
        'as in "https://relay1.example:8444/ping": http or https, a name or IPv4 address in small letters, and /ping'
    )


def _level(value: object) -> str:
    if not isinstance(value, str) or value.lower() not in {"debug", "info", "warning", "error"}:
        raise _NotAllowedError("debug, info, warning or error")
    return value.lower()


def _format(value: object) -> str:
    if value not in ("console", "json"):
        raise _NotAllowedError("console or json")
    return str(value)


_PORT = _whole(0, 65535)
_CHECKS: dict[str, Check] = {
    "data_dir": _path,
    "host": _address(None),
    "port": _PORT,
    "control_host": _address(None),
    "control_port": _PORT,
    "metrics_host": _address(None),
    "metrics_port": _PORT,
    "workers": _whole(1, 64),
    "max_sessions": _whole(1, 1_000_000),
    "sessions_per_address": _whole(1, 1_000_000),
    "transit": _truth,
    "max_transits": _whole(1, 1_000_000),
    "game_ports_first": _whole(1024, 65535),
    "game_ports_last": _whole(1024, 65535),
    "game_bind_ipv4": _address(4),
    "game_bind_ipv6": _address(6),
    "allow_private": _truth,
    "mask": _truth,
    "drain_seconds": _whole(0, 86_400),
    "keeper": _truth,
    "restarts_per_minute": _whole(0, 1000),
    "spare": _truth,
    "destination_packets_per_second": _whole(1, 10_000_000),
    "flow_opens_per_second": _whole(1, 100_000),
    "flow_opens_burst": _whole(1, 100_000),
    "hellos_per_address_per_second": _whole(1, 1_000_000),
    "hellos_per_address_burst": _whole(1, 1_000_000),
    "hellos_per_second": _whole(1, 1_000_000),
    "session_idle_s": _seconds(0.1, 86_400),
    "flow_idle_s": _seconds(0.1, 86_400),
    "group_idle_s": _seconds(0.1, 86_400),
    "receive_buffer_bytes": _whole(64 * 1024, 1024 * 1024 * 1024),
    "web_ping_listen": _listen,
    "web_ping_url": _web_ping_url,
    "web_ping_certificate": _file,
    "web_ping_key": _file,
    "log_level": _level,
    "log_format": _format,
}


def _from_text(key: str, text: str) -> object:
    """The environment knows only text: turn it into the type that the key's check wants; leave the rest to the check."""
    default = {field.name: field.default for field in fields(RelayConfig)}.get(key)
    if isinstance(default, bool):
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(text.lower(), text)
    if isinstance(default, int | float):
        try:
            return int(text) if isinstance(default, int) else float(text)
        except ValueError:
            return text
    return text

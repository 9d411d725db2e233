"""Every setting that config.toml knows: name, kind, what is allowed, the built-in value, variable, flag, meaning.

The one place to add a setting: a line in SETTINGS, or a table in TABLES whose entries a person names (`launch.cs2`). `plg config`, the
reader of the file, the help topic and the dashboard follow it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from plg.cli.language import N_

Value = str | int | float | bool | list[str]
"""What a setting can hold; bool is asked for before int wherever the difference counts."""

MAX_TEXT_CHARS = 4096
"""Implementation. Longer than any command line or address that somebody writes by hand."""
MAX_LIST_ITEMS = 256
"""Implementation. As above."""
ENTRY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
"""Implementation. Names of games, events and actions: what TOML takes as a bare key."""


class Kind(StrEnum):
    """How a value looks."""

    TEXT = "text"
    ADDRESS = "address"
    LANGUAGE = "language"
    CHOICE = "choice"
    NUMBER = "number"
    SWITCH = "switch"
    ARGV = "argv"
    HOOK = "hook"
    NAMES = "names"
    ANY = "any"


KIND_WORDS = {
    Kind.TEXT: N_("a text in quotes"),
    Kind.ADDRESS: N_("a text in quotes"),
    Kind.LANGUAGE: N_("a text in quotes"),
    Kind.CHOICE: N_("a text in quotes"),
    Kind.NUMBER: N_("a number"),
    Kind.SWITCH: N_("true or false"),
    Kind.ARGV: N_("a list: the program and its arguments, each in quotes"),
    Kind.HOOK: N_("a list (the program and its arguments, each in quotes) or an http(s) address"),
    Kind.NAMES: N_("a list of texts in quotes"),
    Kind.ANY: N_("a text, a number, true, false or a list of texts"),
}
"""What a person has to write, for each kind."""


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One setting. `help` is marked with `N_`; `lowest` and `highest` bound a number; `pattern` a text."""

    name: str
    kind: Kind
    help: str
    default: Value | None = None
    environment: str | None = None
    flag: str | None = None
    allowed: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    pattern: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """Table and key, or the key alone."""
        return tuple(self.name.split(".", 1))


@dataclass(frozen=True, slots=True)
class ConfigTable:
    """A table of entries of one kind. `entries` are those known by name, with their help; `is_open` takes others too."""

    name: str
    kind: Kind
    help: str
    entries: dict[str, str] = field(default_factory=dict)
    is_open: bool = True


SETTINGS: tuple[ConfigKey, ...] = (
    ConfigKey(
        "server", Kind.ADDRESS, N_("The server's address."), "http://127.0.0.1:8080", "PLG_SERVER", "--server",
    ),
    ConfigKey(
        "lang", Kind.LANGUAGE, N_("The language of everything a person reads."), None, "PLG_LANG", "--lang", ("en", "ru"), aliases=("language",),
    ),
    ConfigKey(
        "token_store", Kind.CHOICE, N_("Where the login is kept."), "auto", "PLG_TOKEN_STORE", None, ("auto", "keyring", "file"),
    ),
    ConfigKey(
        "capture", Kind.CHOICE, N_("How to take the game's packets."), "auto", "PLG_CAPTURE", "--capture", ("auto", "divert", "tun", "proxy"),
    ),
    ConfigKey(
        "mode", Kind.CHOICE, N_("How to use several ways; without it the server says."), None, "PLG_MODE", "--mode", ("off", "redundant", "adaptive"), aliases=("redundancy",),
    ),
    ConfigKey(
        "max_overhead", Kind.NUMBER, N_("At most so many bytes for each byte of the game's."), 2.5, "PLG_MAX_OVERHEAD", "--max-overhead", lowest=1.0, highest=4.0,
    ),
    ConfigKey(
        "theme", Kind.TEXT, N_("The dashboard's colours."), None, "PLG_THEME", None, pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}",
    ),
    ConfigKey(
        "update_index", Kind.TEXT, N_("Where plg update finds the signed list of releases."), None, "PLG_UPDATE_INDEX", "--index", pattern=r"https?://[!-~]{1,2000}",
    ),
    ConfigKey(
        "update_keys", Kind.NAMES, N_("Whose signature plg update believes: ed25519 public keys in base64."), None, "PLG_UPDATE_KEYS", "--key",
    ),
    ConfigKey(
        "update_channel", Kind.TEXT, N_("Which releases plg update takes."), "stable", "PLG_UPDATE_CHANNEL", "--channel", pattern=r"[a-z][a-z0-9-]{0,31}",
    ),
    ConfigKey(
        "update_notice", Kind.SWITCH, N_("Whether a newer version is mentioned once a day."), False, "PLG_UPDATE_NOTICE", None,
    ),
)  # fmt: skip
"""In the order of `plg config list`."""

TABLES: tuple[ConfigTable, ...] = (
    ConfigTable(
        "hooks",
        Kind.HOOK,
        N_("What to run, or which address to call, when something happens to the tunnel."),
        {
            "on_connect": N_("The tunnel is up."),
            "on_degraded": N_("The tunnel has fewer ways than asked for, or lost its relay."),
            "on_route_switch": N_("Packets take another way from now on."),
            "on_disconnect": N_("The tunnel has ended."),
        },
        is_open=False,
    ),
    ConfigTable("launch", Kind.ARGV, N_("The command that starts a game, by the game's name.")),
    ConfigTable("keys", Kind.TEXT, N_("The dashboard's keys, by the action's name.")),
    ConfigTable("watch", Kind.ANY, N_("What plg watch does by itself.")),
)
"""After the settings, in this order."""


def find_key(name: str) -> ConfigKey | None:
    """The setting of that name or alias, also `table.entry`; None when config.toml knows no such one."""
    for setting in SETTINGS:
        if name == setting.name or name in setting.aliases:
            return setting
    table_name, dot, entry = name.partition(".")
    table = find_table(table_name)
    if table is None or not dot or not ENTRY_NAME.fullmatch(entry):
        return None
    if entry in table.entries:
        return ConfigKey(name, table.kind, table.entries[entry])
    return ConfigKey(name, table.kind, table.help) if table.is_open else None


def find_table(name: str) -> ConfigTable | None:
    """The table of that name."""
    return next((table for table in TABLES if table.name == name), None)


def known_names() -> list[str]:
    """Every name that can be listed: settings, the tables' known entries, and open tables as `launch.NAME`."""
    names = [setting.name for setting in SETTINGS]
    for table in TABLES:
        names += [f"{table.name}.{entry}" for entry in table.entries]
        if table.is_open:
            names.append(f"{table.name}.NAME")
    return names


def nearest_names(name: str) -> tuple[str, ...]:
    """What may have been meant by an unknown name."""
    names = {name: name for name in (*known_names(), *(table.name for table in TABLES))}
    names |= {alias: setting.name for setting in SETTINGS for alias in setting.aliases}
    return tuple(dict.fromkeys(names[found] for found in get_close_matches(name, names)))


def fits_kind(kind: Kind, value: object) -> bool:
    """Whether a value of config.toml is written as this kind is."""
    is_text = isinstance(value, str) and len(value) <= MAX_TEXT_CHARS and "\0" not in value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case Kind.NUMBER:
            return is_number
        case Kind.SWITCH:
            return isinstance(value, bool)
        case Kind.ARGV | Kind.NAMES:
            return _is_text_list(value, at_least=1 if kind is Kind.ARGV else 0)
        case Kind.HOOK:
            return is_text or _is_text_list(value, at_least=1)
        case Kind.ANY:
            return is_text or is_number or isinstance(value, bool) or _is_text_list(value, at_least=0)
    return is_text


def is_allowed(key: ConfigKey, value: Value) -> bool:
    """Whether a value of the right kind is one of those that the setting takes."""
    if key.kind is Kind.HOOK and isinstance(value, str):
        return re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]+", value) is not None
    if isinstance(value, str):
        if key.pattern is not None and not re.fullmatch(key.pattern, value):
            return False
        return key.kind is not Kind.CHOICE or value in key.allowed
    if key.kind is Kind.NUMBER and isinstance(value, int | float):
        # Written so that "not a number" fails too.
        return (key.lowest is None or value >= key.lowest) and (key.highest is None or value <= key.highest)
    return not isinstance(value, list) or key.kind not in {Kind.ARGV, Kind.HOOK} or bool(value[0])


def allowed_text(key: ConfigKey) -> str | None:
    """The values that may be written, for the next step of a refusal; None when only the kind says it."""
    if key.allowed:
        return ", ".join(key.allowed)
    if key.lowest is not None and key.highest is not None:
        return f"{key.lowest:g} ... {key.highest:g}"
    return "https://..., http://..." if key.kind in {Kind.HOOK, Kind.ADDRESS} else key.pattern


def from_text(kind: Kind, text: str) -> Value | None:
    """An environment variable's or a single word's text as a value of this kind; None when it cannot be one."""
    if kind is Kind.NUMBER:
        return _number(text)
    if kind is Kind.SWITCH:
        return {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}.get(text.lower())  # fmt: skip
    if kind is Kind.NAMES:
        return [name.strip() for name in text.split(",") if name.strip()]
    if kind is Kind.ARGV:
        return [text]
    return text


def from_words(kind: Kind, words: Sequence[str]) -> Value | None:
    """The words after `plg config set NAME` as a value; None when they cannot be one."""
    single = words[0] if len(words) == 1 else None
    if kind in {Kind.ARGV, Kind.NAMES} or (kind is Kind.HOOK and single is None):
        return from_text(kind, single) if single is not None and kind is Kind.NAMES else list(words)
    if kind is Kind.HOOK:
        return single if single is not None and re.match(r"https?://", single) else list(words)
    if kind is Kind.ANY:
        if single is None:
            return list(words)
        switch = {"true": True, "false": False}.get(single)
        if switch is not None:
            return switch
        number = _number(single)
        return single if number is None else number
    return None if single is None else from_text(kind, single)


def shown(value: Value | None) -> str:
    """A value as `plg config` prints it: the text itself, lists as TOML writes them."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            import json

            return json.dumps(value, ensure_ascii=False)
        case float():
            return f"{value:g}"
    return str(value)


def _number(text: str) -> int | float | None:
    if re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,15}\.[0-9]{1,15}", text) else None


def _is_text_list(value: object, *, at_least: int) -> bool:
    return (
        isinstance(value, list)
        and at_least <= len(value) <= MAX_LIST_ITEMS
        and all(isinstance(item, str) and len(item) <= MAX_TEXT_CHARS and "\0" not in item for item in value)
    )

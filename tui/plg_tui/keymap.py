"""Keys of the player's own: the table `[keys]` of config.toml, for example `freeze = "f"` or `leave = "ctrl+w,q"`. Pure."""

import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from plg.cli.language import _
from plg.cli.output import safe_text

EVERYWHERE: Final = {
    "help": "f1",
    "session": "f2",
    "games": "f3",
    "relays": "f4",
    "settings": "f5",
    "history": "f6",
    "subscription": "f7",
    "leave": "q",
    "commands": "ctrl+p",
}
"""What works on every screen, with its usual key."""

ON_A_SCREEN: Final = {
    "session": {"disconnect": "d", "freeze": "space", "closer": "plus,equals_sign", "wider": "minus"},
    "relays": {"sort": "s", "reverse": "r", "choose_game": "g", "log_in": "l", "measure": "m"},
    "games": {"favourite": "f", "options": "ctrl+o"},
    "history": {"other_tab": "b", "older": "o", "newer": "n", "ask_again": "r"},
    "subscription": {"ask_again": "r"},
}
"""What works on one screen only."""

MAX_KEYS: Final = 4
"""Implementation. For one act: more are a slip of the pen."""
_MODIFIERS: Final = ("ctrl+", "alt+", "shift+", "super+", "meta+", "hyper+")
_NAMED: Final = frozenset(key.value for key in Keys if not key.value.startswith("<"))


@dataclass(frozen=True, slots=True)
class CheckedKeys:
    """`keymap` as Textual takes it; `faults` are sentences for the person who wrote the rest."""

    keymap: dict[str, str]
    faults: tuple[str, ...]


def usual_keys() -> dict[str, str]:
    """Every act with its usual keys."""
    return {act: keys for scope in (EVERYWHERE, *ON_A_SCREEN.values()) for act, keys in scope.items()}


def checked_keys(wanted: Mapping[str, str]) -> CheckedKeys:
    """What can be used of a table of keys. What cannot is named, and that act keeps its usual keys."""
    usual = usual_keys()
    keymap: dict[str, str] = {}
    faults = []
    for act, text in wanted.items():
        fault = _fault(act, text, usual)
        if fault is None:
            keymap[act] = ",".join(part.strip() for part in text.split(","))
        else:
            faults.append(fault)
    for act in list(keymap):
        other = _rival(act, usual | keymap)
        if other is not None:
            text = _("keys: '{act}' and '{other}' would have the same key {key}")
            faults.append(text.format(act=act, other=other, key=safe_text(keymap.pop(act))))
    return CheckedKeys(keymap, tuple(faults))


def _fault(act: str, text: str, usual: Mapping[str, str]) -> str | None:
    if act not in usual:
        near = get_close_matches(act, usual, 1)
        known = near[0] if near else ", ".join(sorted(usual))
        return _("keys: nothing is called '{act}'; known: {known}").format(act=safe_text(act), known=known)
    keys = [part.strip() for part in text.split(",")]
    wrong = next((key for key in keys if not is_key(key)), None)
    if wrong is not None or len(keys) > MAX_KEYS:
        text = _("keys: '{key}' of '{act}' is no key; for example: f, f9, ctrl+x, space")
        return text.format(key=safe_text(wrong if wrong is not None else ",".join(keys)), act=act)
    return None


def is_key(name: str) -> bool:
    """Whether a terminal could send it: a character, a name of Textual's or of Unicode's, with modifiers."""
    while name.startswith(_MODIFIERS):
        name = name.partition("+")[2]
    if len(name) == 1:
        return name.isprintable() and not name.isspace()
    return name in _NAMED or len(_as_written(name)) == 1


def _rival(act: str, keys: Mapping[str, str]) -> str | None:
    """Another act that would hear the same key at the same time."""
    mine = {_as_written(key) for key in keys[act].split(",")}
    scopes = [EVERYWHERE] if act in EVERYWHERE else []
    scopes += [scope for scope in ON_A_SCREEN.values() if act in scope or act in EVERYWHERE]
    if act not in EVERYWHERE:
        scopes.append(EVERYWHERE)
    for scope in scopes:
        for other in scope:
            if other != act and mine & {_as_written(key) for key in keys[other].split(",")}:
                return other
    return None


def _as_written(key: str) -> str:
    """One name for a key that has two: "plus" and "+". What has no sign stays as it is."""
    name = next((long for long, short in KEY_NAME_REPLACEMENTS.items() if short == key), key)
    for spelled in (name.replace("_", " "), name.replace("_", "-")):
        with suppress(KeyError):
            return unicodedata.lookup(spelled)
    return key

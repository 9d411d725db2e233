"""What may stand next on a command line: commands, options, and values that this machine knows. No network, no heavy imports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from plg.cli.command_app import GLOBAL_OPTIONS, PlgGroup
from plg.cli.config_keys import SETTINGS, TABLES, find_key
from plg.cli.language import Language, _

if TYPE_CHECKING:
    from typer._click.core import Command, Parameter

    from plg.cli.settings import Settings


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Words with what they mean. `files`: the shell's own file names fit here."""

    words: Mapping[str, str]
    files: bool = False


NOTHING = Suggestions({})
FILES = Suggestions({}, files=True)
PLACE_NAMES = frozenset({"FILE", "DIR", "PATH"})


def suggest(words: Sequence[str], settings: "Settings") -> Suggestions:
    """What may stand for the last of `words`, which follow `plg`; it is what has been typed of it, perhaps nothing.

    Shells that part words at `=` may give `--mode`, `=`, `ad`; others `--mode=ad`, and get the whole word back.
    """
    *before, typed = list(words) or [""]
    if before[-1:] == ["="] and before[-2:-1]:
        before = before[:-1]
    elif typed == "=" and before:
        typed = ""
    elif typed.startswith("--") and "=" in typed:
        option, _sign, value = typed.partition("=")
        found = suggest([*before, option, value], settings)
        return Suggestions({f"{option}={word}": text for word, text in found.words.items()}, found.files)
    place = _walk(before)
    if place is None:
        return NOTHING
    found = _at(place, typed, settings)
    return Suggestions({word: text for word, text in found.words.items() if word.startswith(typed)}, found.files)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cursor stands: in which command, after which option that wants a value, how many arguments are there already."""

    command: "Command | None"
    commands: Mapping[str, str]
    option: "Parameter | str | None"
    arguments: tuple[str, ...]
    only_arguments: bool


def _walk(words: Sequence[str]) -> _Place | None:
    """Through groups and over options to the last word; None where there is no such command."""
    from plg.cli.root import COMMANDS

    command: Command | None = None
    commands: Mapping[str, str] = {name: entry.summary for name, entry in COMMANDS.items()}
    waiting: Parameter | str | None = None
    arguments: list[str] = []
    only_arguments = False
    for word in words:
        if waiting is not None:
            waiting = None
        elif word == "--" and not only_arguments:
            only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not only_arguments:
            waiting = None if "=" in word else _wants_value(command, word)
        elif commands:
            command = _enter(command, word)
            if command is None:
                return None
            commands = _commands_of(command)
        else:
            arguments.append(word)
    return _Place(command, commands, waiting, tuple(arguments), only_arguments)


def _enter(group: "Command | None", word: str) -> "Command | None":
    from plg.cli.root import COMMANDS, load_command

    if group is not None:
        return group.get_command(typer.Context(group), word) if isinstance(group, PlgGroup) else None
    entry = COMMANDS.get(word)
    if entry is None:
        return None
    try:
        return load_command(word, entry)
    except ModuleNotFoundError:
        return None  # a part that is not installed


def _commands_of(command: "Command") -> Mapping[str, str]:
    return dict(command.command_rows(typer.Context(command))) if isinstance(command, PlgGroup) else {}


def _options(command: "Command | None") -> "list[Parameter]":
    return [one for one in command.params if one.param_type_name == "option"] if command is not None else []


def _wants_value(command: "Command | None", word: str) -> "Parameter | str | None":
    if word == "--lang":
        return word
    for option in _options(command):
        if word in option.opts:
            return None if getattr(option, "is_flag", False) else option
    return None


def _at(place: _Place, typed: str, settings: "Settings") -> Suggestions:
    if place.option == "--lang":
        return Suggestions(dict.fromkeys(Language, ""))
    if place.option is not None and not isinstance(place.option, str):
        return _values(place.option, place, settings)
    if typed.startswith("-") and not place.only_arguments:
        return Suggestions(_option_words(place.command))
    if place.commands:
        return Suggestions({name: _(text).partition("\n")[0] for name, text in place.commands.items()})
    arguments = [one for one in place.command.params if one.param_type_name == "argument"] if place.command else []
    if not arguments:
        return NOTHING
    number = len(place.arguments)
    if number >= len(arguments) and arguments[-1].nargs != -1:
        return NOTHING
    return _values(arguments[min(number, len(arguments) - 1)], place, settings)


def _option_words(command: "Command | None") -> dict[str, str]:
    found = {
        max(option.opts, key=len): _(str(getattr(option, "help", None) or "")).partition("\n")[0]
        for option in _options(command)
        if not getattr(option, "hidden", False)
    }
    found |= {name.partition(" ")[0]: _(text) for name, text in GLOBAL_OPTIONS}
    found.setdefault("--help", _("Show this page."))
    return found


def _values(param: "Parameter", place: _Place, settings: "Settings") -> Suggestions:
    """By the word that stands for the value on the help page."""
    metavar = str(getattr(param, "metavar", None) or "").strip("[]").removesuffix("...")
    if metavar in PLACE_NAMES or getattr(param.type, "name", "") in {"path", "file", "filename", "directory"}:
        return FILES
    choices = getattr(param.type, "choices", None)
    if choices:
        return Suggestions(dict.fromkeys(map(str, choices), ""))
    top = place.command.name if place.command is not None else None
    give = _BY_PLACE.get((str(top), metavar)) or _BY_METAVAR.get(metavar)
    return Suggestions(give(settings, place)) if give is not None else NOTHING


def _games(settings: "Settings", _place: _Place) -> dict[str, str]:
    from plg.cli.completion_cache import names

    return names(settings.directory, "games")


def _nodes(settings: "Settings", _place: _Place) -> dict[str, str]:
    from plg.cli.completion_cache import names

    return names(settings.directory, "nodes")


def _setting_names(settings: "Settings", _place: _Place) -> dict[str, str]:
    found = {key.name: _(key.help) for key in SETTINGS}
    found |= {f"{table.name}.{name}": _(text) for table in TABLES for name, text in table.entries.items()}
    return found | {f"launch.{game}": title for game, title in _games(settings, _place).items()}


def _setting_values(_settings: "Settings", place: _Place) -> dict[str, str]:
    key = find_key(place.arguments[0]) if place.arguments else None
    return dict.fromkeys(key.allowed, "") if key is not None and len(place.arguments) == 1 else {}


def _allowed(name: str) -> "Callable[[Settings, _Place], dict[str, str]]":
    key = find_key(name)
    return lambda _settings, _place: dict.fromkeys(key.allowed if key is not None else (), "")


def _formats(_settings: "Settings", _place: _Place) -> dict[str, str]:
    return dict.fromkeys(("plain", "tmux", "waybar", "obs", "json"), "")


def _shells(_settings: "Settings", _place: _Place) -> dict[str, str]:
    return dict.fromkeys(("bash", "zsh", "fish", "powershell"), "")


def _topics(_settings: "Settings", _place: _Place) -> dict[str, str]:
    from plg.cli.help_topics import TOPICS

    return {name: _(title) for name, title in TOPICS.items()}


def _documents(_settings: "Settings", _place: _Place) -> dict[str, str]:
    from plg.contract.json_schema import document_classes

    return dict.fromkeys(document_classes(), "")


_BY_METAVAR: "dict[str, Callable[[Settings, _Place], dict[str, str]]]" = {
    "GAME": _games,
    "QUERY": _games,
    "RELAY": _nodes,
    "WAY": _allowed("capture"),
    "MODE": _allowed("mode"),
    "FORMAT": _formats,
    "SHELL": _shells,
    "TOPIC": _topics,
}
_BY_PLACE: "dict[tuple[str, str], Callable[[Settings, _Place], dict[str, str]]]" = {
    ("get", "NAME"): _setting_names,
    ("set", "NAME"): _setting_names,
    ("unset", "NAME"): _setting_names,
    ("set", "VALUE"): _setting_values,
    ("schema", "NAME"): _documents,
}

"""Whether a process is a game of the catalogue: by the names of its program, by what a launcher was told to run, by where it lies. Pure.

What the systems make of a program's name:
Linux keeps 15 characters of it (`/proc/PID/comm`, proc(5)), and the program itself may change it; Wine and Proton show the Windows
path as the first argument (`Z:\\games\\Game.exe`), or still run as their loader with the path behind it; a script that was not
replaced by `exec` is an argument of its shell.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

COMM_LENGTH: Final = 15
"""Characters of a program's name that Linux keeps."""

LOADERS: Final = re.compile(r"^(wine|wine64|wine-preloader|wine64-preloader|proton|box64|fex)$")
"""Programs whose arguments name the Windows program, among options of their own."""

INTERPRETERS: Final = re.compile(r"^(python[\d.]*|sh|bash|dash|zsh|env|perl|mono|java)$")
"""Programs whose first argument that is no option names the script."""

LOADER_ARGUMENTS: Final = 4
"""How many of a loader's arguments are looked at: enough for "proton waitforexitandrun GAME"."""

OPTIONS_WITH_CODE: Final = frozenset({"-c", "-e", "-m"})
"""What follows is no file: `sh -c "grep cs2"` runs no game."""

VAGUE_NAMES: Final = frozenset({"client", "daemon", "game", "java", "javaw", "launcher", "main", "server", "start"})
"""Implementation. Names that hundreds of programs have: only a path that speaks of the game makes such a one a game."""

MIN_WORD_LENGTH: Final = 3
"""Implementation. Shorter parts of a game's identifier ("of", "2") stand in every other path."""


@dataclass(frozen=True, slots=True)
class ProgramSeen:
    """What is known of a process. `path` is its program's file, `steam_app` the number that Steam started it under."""

    name: str
    arguments: tuple[str, ...] = ()
    path: str | None = None
    steam_app: int | None = None


def program_key(name: str) -> str:
    """A program's name as it is compared: no folders of either kind, no case, no `.exe`."""
    last = re.split(r"[/\\]", name.strip().strip('"'))[-1].casefold()
    return last.removesuffix(".exe")


class GameMatcher:
    """Profiles (game -> names of its programs) turned round for looking up.

    `steam_apps` is each game's number at Steam, `installed` where Steam keeps an app: they tell games apart that share a name.
    """

    def __init__(
        self,
        profiles: Mapping[str, Sequence[str]],
        steam_apps: Mapping[str, int] | None = None,
        installed: Mapping[int, PurePath] | None = None,
    ) -> None:
        self._games: dict[str, list[str]] = {}
        for game, names in profiles.items():
            for key in dict.fromkeys(program_key(name) for name in names):
                if key:
                    self._games.setdefault(key, []).append(game)
        self._cut = frozenset(
            cut for name in _flat(profiles.values()) for cut in (name[:COMM_LENGTH], program_key(name)[:COMM_LENGTH])
        )
        self._steam_apps = dict(steam_apps or {})
        self._folders = {
            game: _folder(str(installed[app]))
            for game, app in self._steam_apps.items()
            if installed and app in installed
        }

    def may_be_game(self, name: str) -> bool:
        """Whether a process of this (perhaps cut) name is worth a look at its arguments and its file."""
        key = program_key(name)
        return (
            key in self._games
            or (len(name) >= COMM_LENGTH and name.casefold()[:COMM_LENGTH] in self._cut)
            or LOADERS.match(key) is not None
            or INTERPRETERS.match(key) is not None
        )

    def games(self, program: ProgramSeen) -> list[str]:
        """The games that this process may be: none, usually one, several when nothing tells them apart."""
        key = next((key for key in self._keys(program) if key in self._games), None)
        if key is None:
            return []
        found = self._games[key]
        if program.steam_app is not None:
            # Steam says which one; a game of the same name that has another number is not it.
            named = [game for game in found if self._steam_apps.get(game) == program.steam_app]
            found = named or [game for game in found if game not in self._steam_apps]
        places = [place for place in (program.path, *program.arguments[:LOADER_ARGUMENTS]) if place]
        if len(found) > 1:
            inside = [game for game in found if game in self._folders and _lies_in(places, self._folders[game])]
            spoken = inside or [game for game in found if _speaks_of(places, game)]
            found = spoken or found
        if key in VAGUE_NAMES:
            found = [
                game
                for game in found
                if _speaks_of(places, game)
                or (game in self._folders and _lies_in(places, self._folders[game]))
                or (program.steam_app is not None and self._steam_apps.get(game) == program.steam_app)
            ]
        return list(found)

    def _keys(self, program: ProgramSeen) -> Iterable[str]:
        """The names that a process has, the surest first."""
        if program.path is not None and not _runs_others(program_key(program.path)):
            yield program_key(program.path)
        if len(program.name) < COMM_LENGTH or not program.arguments:
            yield program_key(program.name)
        if not program.arguments:
            return
        first = program_key(program.arguments[0])
        yield first
        comm = program.name.casefold()
        if len(comm) >= COMM_LENGTH and (first.startswith(comm) or comm == first[:COMM_LENGTH]):
            yield first
        if LOADERS.match(first) or LOADERS.match(program_key(program.name)):
            for argument in program.arguments[1 : 1 + LOADER_ARGUMENTS]:
                yield program_key(argument)
                if argument.casefold().endswith(".exe"):
                    return  # what follows are the game's own arguments
        elif INTERPRETERS.match(first):
            script = script_of(program.arguments[1:])
            if script is not None:
                yield program_key(script)
                if LOADERS.match(program_key(script)):
                    for argument in program.arguments[2 : 2 + LOADER_ARGUMENTS]:
                        yield program_key(argument)


def _flat(names: Iterable[Collection[str]]) -> Iterable[str]:
    for some in names:
        for name in some:
            yield name.casefold()


def _runs_others(key: str) -> bool:
    return LOADERS.match(key) is not None or INTERPRETERS.match(key) is not None


def script_of(arguments: Sequence[str]) -> str | None:
    """The first argument that is neither an option nor a setting of the environment; None where the code itself is given."""
    for argument in arguments:
        if argument in OPTIONS_WITH_CODE:
            return None
        if not argument.startswith("-") and not re.match(r"^[A-Za-z_][A-Za-z0-9_]*=", argument):
            return argument
    return None


def _folder(path: str) -> str:
    """A folder in the one form in which places are compared: forward slashes, no case, one at the end."""
    return path.replace("\\", "/").casefold().rstrip("/") + "/"


def _lies_in(places: Iterable[str], folder: str) -> bool:
    """Whether a place is in the folder, also by Wine's drive letter for the whole disk (`Z:`)."""
    for place in places:
        plain = place.replace("\\", "/").casefold()
        if plain.startswith(folder) or plain.removeprefix("z:").startswith(folder):
            return True
    return False


def _speaks_of(places: Iterable[str], game: str) -> bool:
    """Whether a path holds the game's identifier: written together, or all its longer parts one after the other."""
    words = [word for word in game.split("-") if word]
    together = "".join(words)
    long_words = [word for word in words if len(word) >= MIN_WORD_LENGTH or word.isdigit()]
    for place in places:
        letters = re.sub(r"[^a-z0-9]", "", place.casefold())
        if together in letters:
            return True
        if len(long_words) > 1 and re.search(".*".join(map(re.escape, long_words)), letters):
            return True
    return False

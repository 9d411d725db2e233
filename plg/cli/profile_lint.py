"""Checks a profile by the server's own rules for game files: every fault with its line, in one go."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _

if TYPE_CHECKING:
    from plg_server.services.game_entries import GameEntry

MAX_BYTES: Final = 100_000
MAX_FAULTS: Final = 50
PLACEHOLDERS: Final = {"slug": '"placeholder"', "name": '"placeholder"', "category": '"fps"'}
"""What a table cannot do without: a faulty one is replaced while the rest is looked at."""
SHARED_LISTS: Final = ("prefixes", "region_set", "hosting", "sources")
"""Keys that name lists of the server's own files: those are read along only when a profile needs them."""

_LOCAL: Final = re.compile(r"^[ \t]*\[local\][^\n]*\n(?:(?![ \t]*\[)[^\n]*\n?)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where; line 0 is the file as a whole."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class LocalProfile:
    """A profile that keeps the rules. `plays_as` is the server's game under which it is carried."""

    slug: str
    name: str
    executables: tuple[str, ...]
    prefixes: tuple[str, ...]
    ports: tuple[str, ...]
    steam_app: int | None
    plays_as: str | None
    text: str


def read_profile(path: Path) -> str:
    """The file's text. Raises CliError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), missing=isinstance(error, FileNotFoundError)) from error
    if len(content) > MAX_BYTES:
        raise _unreadable(path, _("larger than {limit} bytes").format(limit=MAX_BYTES))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, _("not UTF-8 text")) from error


def _unreadable(path: Path, why: str, *, missing: bool = False) -> CliError:
    return CliError(
        f"{path}: {why}",
        code="profile_unreadable",
        exit_code=ExitCode.NOT_FOUND if missing else ExitCode.BAD_CONFIGURATION,
        next_step=_("see: plg profile learn --help"),
    )


def lint_profile(text: str) -> tuple[LocalProfile | None, list[Fault]]:
    """The profile, when it keeps the rules, and every fault otherwise."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        return None, [Fault(line, f"is not valid TOML: {str(error).split(' (at ')[0]}")]
    except RecursionError:
        return None, [Fault(1, "is not valid TOML: nested too deeply")]
    faults = _faults_of_local(text, content)
    bare = _LOCAL.sub(lambda block: "\n" * block[0].count("\n"), text)
    entry, more = _faults_of_game(bare, uses_lists=any(key in text for key in SHARED_LISTS))
    faults += more
    games = content.get("game")
    if not isinstance(games, list) or len(games) != 1:
        faults.append(Fault(0, "a profile holds exactly one [[game]]"))
    elif entry is not None and not (entry.windows or entry.linux):
        faults.append(Fault(_line_of(text, "slug"), "no program is named: add windows = [...] or linux = [...]"))
    if faults or entry is None:
        return None, sorted(faults, key=lambda fault: fault.line)
    local = content.get("local", {})
    return LocalProfile(
        slug=entry.slug,
        name=entry.name,
        executables=tuple(dict.fromkeys([*entry.linux, *entry.windows])),
        prefixes=tuple(entry.server_cidrs),
        ports=tuple(entry.udp),
        steam_app=entry.steam_appid,
        plays_as=local.get("plays_as"),
        text=text,
    ), []


def _faults_of_local(text: str, content: dict[str, object]) -> list[Fault]:
    """The table [local] is ours: which of the server's games stands for this one."""
    local = content.get("local", {})
    if not isinstance(local, dict):
        return [Fault(_line_of(text, "local"), "'local' must be written as a [local] table")]
    faults = [
        Fault(_line_of(text, key), f"unknown key 'local.{key}'; allowed: plays_as")
        for key in local
        if key != "plays_as"
    ]
    value = local.get("plays_as")
    if value is not None and not (
        isinstance(value, str) and re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", value)
    ):
        faults.append(
            Fault(_line_of(text, "plays_as"), "plays_as: the identifier of a game of the server (see plg games)")
        )
    return faults


def _faults_of_game(text: str, *, uses_lists: bool) -> "tuple[GameEntry | None, list[Fault]]":
    """The server's rules stop at the first fault: it is taken out, and they are asked again. Raises CliError where they are missing."""
    try:
        from plg_server.services.game_files import GameFileError, parse_game_texts, seed_texts
    except ModuleNotFoundError as error:
        raise CliError(
            _("this build of plg lacks the rules for profiles"),
            code="rules_missing",
            exit_code=ExitCode.FAILURE,
            next_step=_("install plg as a Python package"),
        ) from error

    lines = text.split("\n")
    shared = [(name, content) for name, content in seed_texts() if "games.toml" not in name] if uses_lists else []
    faults: list[Fault] = []
    while len(faults) < MAX_FAULTS:
        try:
            games = parse_game_texts([*shared, ("profile", "\n".join(lines))]).games
        except GameFileError as error:
            fault = Fault(error.line or 0, error.problem)
            faults.append(fault)
            if not _take_out(lines, fault):
                return None, faults
            continue
        return (next(iter(games.values())) if len(games) == 1 and not faults else None), faults
    return None, faults


def _take_out(lines: list[str], fault: Fault) -> bool:
    """Remove what is wrong, as little of the line as possible; False when that is not possible."""
    if not 0 < fault.line <= len(lines):
        return False
    line = lines[fault.line - 1]
    for item in [*re.findall(r"'([^']+)'", fault.problem), *_bad_items(line)]:
        found = re.search(rf'"{re.escape(item)}"\s*,?', line)
        if found is not None and "[" in line[: found.start()]:
            lines[fault.line - 1] = line[: found.start()] + line[found.end() :]
            return True
    key = re.match(r"\s*[\"']?([A-Za-z_]+)[\"']?\s*=", line)
    if key is None and not re.match(r"\s*\"[^\"]*\"\s*,?\s*$", line):
        return False
    replaced = f"{key[1]} = {PLACEHOLDERS[key[1]]}" if key is not None and key[1] in PLACEHOLDERS else ""
    if replaced == line or (not replaced and line.count("[") != line.count("]")):
        return False
    lines[fault.line - 1] = replaced
    return True


def _bad_items(line: str) -> list[str]:
    """The items that a list on one line must not hold by their form; empty where the line is no such list."""
    import msgspec

    from plg_server.services.game_entries import GameEntry

    types = {field.name: field.type for field in msgspec.structs.fields(GameEntry)}
    try:
        items = [(key, item) for key, value in tomllib.loads(line).items() if isinstance(value, list) for item in value]
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    bad = []
    for key, item in items:
        try:
            msgspec.convert([item], types[key])
        except msgspec.ValidationError:
            bad.append(str(item))
        except KeyError:
            return []
    return bad


def _line_of(text: str, key: str) -> int:
    found = re.search(rf"^[ \t]*\[?[ \t]*{re.escape(key)}\b", text, re.MULTILINE)
    return text[: found.start()].count("\n") + 1 if found else 1

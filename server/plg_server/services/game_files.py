"""Reads the game files: TOML tables in, checked values out, or one line that names the file, the line and what is allowed.

tomllib gives no line numbers for values, so a bad value's line is found by looking for its text inside its own table.
A later file adds to or overrides an earlier one: games merge by slug (field by field; `unset` names fields that are taken
away again), lists by their name.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

import msgspec

from plg.protocol.destination import NEVER, PRIVATE
from plg_server.services.game_entries import (
    CloudEntry,
    GameEntry,
    PrefixesEntry,
    RegionSetEntry,
    SourceEntry,
    Table,
)
from plg_server.services.toml_lines import TomlLines

MAX_FILE_BYTES = 4 * 1024 * 1024
"""The seed is 0.3 MB; a file ten times that is a mistake (implementation)."""

SHORTEST_PREFIX = {4: 8, 6: 19}
"""Bits. A shorter prefix would open a relay to most of the internet; the widest cloud block in use is an IPv4 /11."""

MAX_FAULTS = 50
"""Of one document. Whoever has more looks at the first ones first."""

STAND_INS: dict[str, object] = {"slug": "x", "name": "x", "category": "fps", "cidrs": [], "region": []}
"""In place of faulty fields that a table cannot do without, while the rest of it is looked at."""

UNSET = "unset"
"""The key of a [[game]] that names fields to take away from what earlier files say."""

TABLES = ("game", "prefixes", "cloud", "region_set", "source")
SEED_FILES = ("sources.toml", "networks.toml", "games.toml")
"""In the order in which they refer to each other."""

Network = IPv4Network | IPv6Network
Entry = TypeVar("Entry", bound=Table)
RawTable = dict[str, object]


class GameFileError(ValueError):
    """A game file cannot be used. The message is one line: file, line, what is wrong, what is allowed."""

    def __init__(self, source: str, line: int | None, problem: str) -> None:
        super().__init__(f"{source}:{line}: {problem}" if line else f"{source}: {problem}")
        self.source = source
        self.line = line
        self.problem = problem


class _EnoughFaults(Exception):
    """Nobody reads more of them."""


@dataclass(slots=True)
class GameFiles:
    """Everything the files say, by name."""

    games: dict[str, GameEntry] = field(default_factory=dict)
    prefixes: dict[str, PrefixesEntry] = field(default_factory=dict)
    clouds: dict[str, CloudEntry] = field(default_factory=dict)
    region_sets: dict[str, RegionSetEntry] = field(default_factory=dict)
    sources: dict[str, SourceEntry] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    """Every prefix of the files by its text, parsed once: the same cloud regions stand behind dozens of games."""


def seed_texts() -> list[tuple[str, str]]:
    """The files that come with the server, as (name, text)."""
    folder = files("plg_server") / "seed"
    return [(f"seed/{name}", (folder / name).read_text(encoding="utf-8")) for name in SEED_FILES]


def load_game_files(overlay: Path | None = None, *, allow_private: bool = False) -> GameFiles:
    """The seed, and then the operator's own file, which adds to it or overrides it.

    `allow_private` permits private prefixes: for a lab only. Raises GameFileError for the first thing that is wrong.
    """
    return base_loader(overlay, allow_private=allow_private).result


def base_loader(overlay: Path | None = None, *, allow_private: bool = False) -> "GameFileLoader":
    """As load_game_files, for more to be added."""
    loader = GameFileLoader(allow_private=allow_private)
    for source, text in seed_texts():
        loader.add(source, text)
    if overlay is not None:
        loader.add(str(overlay), _read(overlay))
    return loader


def parse_game_texts(texts: Iterable[tuple[str, str]], *, allow_private: bool = False) -> GameFiles:
    """As load_game_files, from (name, text) pairs in order."""
    loader = GameFileLoader(allow_private=allow_private)
    for source, text in texts:
        loader.add(source, text)
    return loader.result


def parse_network(text: str, *, allow_private: bool) -> Network:
    """A prefix in its strict form ("192.0.2.0/24", no host bits). Raises ValueError with one line for a person."""
    if "/" not in text:
        raise ValueError(f"'{text}' is not a prefix: write ADDRESS/BITS, for example 9.9.9.0/24")
    try:
        network = ip_network(text, strict=True)
    except ValueError as error:
        raise ValueError(f"'{text}' is not a prefix: {error}") from None
    shortest = SHORTEST_PREFIX[network.version]
    if network.prefixlen < shortest:
        raise ValueError(f"'{text}' is too wide: an IPv{network.version} prefix has at least {shortest} bits")
    first, last = int(network.network_address), int(network.broadcast_address)
    for denied, private in _DENIED[network.version]:
        low, high = int(denied.network_address), int(denied.broadcast_address)
        if first > high or last < low:
            continue
        if not private:
            raise ValueError(f"'{text}' lies in {denied}, where no game server can be")
        if not allow_private:
            raise ValueError(
                f"'{text}' lies in {denied}: private prefixes need allow_private_targets (a lab's setting)"
            )
        if low <= first and last <= high:
            return network
    return network


_DENIED: dict[int, tuple[tuple[Network, bool], ...]] = {
    version: tuple(
        (net, private) for nets, private in ((PRIVATE, True), (NEVER, False)) for net in nets if net.version == version
    )
    for version in (4, 6)
}


def parse_port_range(text: str) -> tuple[int, int]:
    """ "a" or "a-b" to (a, b), inclusive. Raises ValueError with one line for a person."""
    low_text, _, high_text = text.partition("-")
    low, high = int(low_text), int(high_text or low_text)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"'{text}' is not a port range: ports go from 1 to 65535, the lower one first")
    return low, high


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise GameFileError(str(path), None, f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise GameFileError(str(path), None, f"has {len(raw)} bytes, at most {MAX_FILE_BYTES} are allowed")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GameFileError(str(path), raw[: error.start].count(b"\n") + 1, "is not UTF-8 text") from None


class GameFileLoader:
    """Adds documents to one result; `raw_games` keeps the tables before checking, so that a later file may add fields."""

    def __init__(self, *, allow_private: bool) -> None:
        self.result = GameFiles()
        self.raw_games: dict[str, RawTable] = {}
        self._allow_private = allow_private
        self._faults: list[GameFileError] | None = None

    def copy(self) -> "GameFileLoader":
        """One that goes on from here by itself: what is added to it does not change this one."""
        other = GameFileLoader(allow_private=self._allow_private)
        for item in fields(GameFiles):
            setattr(other.result, item.name, dict(getattr(self.result, item.name)))
        other.raw_games = dict(self.raw_games)
        return other

    def faults_of(self, source: str, text: str) -> list[GameFileError]:
        """Everything that is wrong with a further document, at most MAX_FAULTS; nothing is added."""
        trial = self.copy()
        trial._faults = []
        try:
            trial.add(source, text)
        except GameFileError as error:
            trial._faults.append(error)
        except _EnoughFaults:
            pass
        return sorted(trial._faults, key=lambda fault: fault.line or 0)

    def _refuse(self, source: str, line: int | None, problem: str) -> None:
        """Raises GameFileError; where all faults are looked for, remembers it and lets the check go on."""
        error = GameFileError(source, line, problem)
        if self._faults is None:
            raise error from None
        if len(self._faults) >= MAX_FAULTS:
            raise _EnoughFaults
        self._faults.append(error)

    def add(self, source: str, text: str) -> None:
        """Read one more document. Raises GameFileError for the first thing that is wrong; then throw this loader away."""
        lines = TomlLines(source, text)
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            reason = str(error).split(" (at ")[0]
            raise GameFileError(
                source, int(found[1]) if found else lines.last, f"is not valid TOML: {reason}"
            ) from None
        except RecursionError:
            raise GameFileError(source, None, "is not valid TOML: nested too deeply") from None
        for key in content:
            if key not in TABLES:
                allowed = ", ".join(f"[[{table}]]" for table in TABLES)
                self._refuse(source, lines.of_key(lines.whole, key), f"unknown table '{key}'; allowed: {allowed}")
        for prefixes, span in self._tables(lines, content, "prefixes", PrefixesEntry):
            self._check_cidrs(lines, span, prefixes.cidrs)
            self.result.prefixes[prefixes.name] = prefixes
        for cloud, span in self._tables(lines, content, "cloud", CloudEntry):
            self._check_cidrs(lines, span, cloud.cidrs)
            self.result.clouds[cloud.id] = cloud
        for region_set, span in self._tables(lines, content, "region_set", RegionSetEntry):
            for region in region_set.region:
                self._check_cidrs(lines, span, region.cidrs)
            self.result.region_sets[region_set.name] = region_set
        for entry, _ in self._tables(lines, content, "source", SourceEntry):
            self.result.sources[entry.id] = entry
        self._add_games(lines, content)

    def _tables(
        self, lines: TomlLines, content: dict[str, object], table: str, kind: type[Entry]
    ) -> Iterator[tuple[Entry, range]]:
        seen: set[str] = set()
        name_key = kind.__struct_fields__[0]
        for index, raw in enumerate(self._raw_tables(lines, content, table)):
            span = lines.span(table, index)
            entry = self._convert(lines, span, raw, kind)
            if entry is None:
                continue
            name = str(raw.get(name_key))
            if name in seen:
                self._refuse(lines.source, lines.of(span, f'"{name}"'), f"[[{table}]] '{name}' stands twice")
            seen.add(name)
            yield entry, span

    def _add_games(self, lines: TomlLines, content: dict[str, object]) -> None:
        seen: dict[str, int] = {}
        for index, raw in enumerate(self._raw_tables(lines, content, "game")):
            span = lines.span("game", index)
            slug = raw.get("slug")
            if not isinstance(slug, str):
                self._refuse(lines.source, span.start, "a [[game]] needs a slug (a-z, 0-9 and inner hyphens)")
                continue
            here = lines.of(span, f'"{slug}"')
            if slug in seen:
                self._refuse(lines.source, here, f"game '{slug}' stands twice (first in line {seen[slug]})")
            seen[slug] = here
            merged = {**self._without(lines, span, slug, raw), **raw}
            merged.pop(UNSET, None)
            game = self._convert(lines, span, merged, GameEntry)
            if game is None:
                continue
            self._check_game(lines, span, game)
            self.raw_games[slug] = merged
            self.result.games[slug] = game

    def _without(self, lines: TomlLines, span: range, slug: str, raw: RawTable) -> RawTable:
        """What earlier files say of a game, less the fields that this table's `unset` names."""
        gone = raw.get(UNSET, [])
        optional = [info.name for info in msgspec.structs.fields(GameEntry) if not info.required]
        if not isinstance(gone, list) or not all(name in optional for name in gone):
            allowed = ", ".join(optional)
            self._refuse(lines.source, lines.of_key(span, UNSET), f"{UNSET}: a list of fields; allowed: {allowed}")
            gone = []
        return {key: value for key, value in self.raw_games.get(slug, {}).items() if key not in gone}

    def _check_game(self, lines: TomlLines, span: range, game: GameEntry) -> None:
        self._check_cidrs(lines, span, game.server_cidrs)
        codes: set[str] = set()
        for region in game.region:
            self._check_cidrs(lines, span, region.cidrs)
            if region.code in codes:
                line = lines.of(span, f'"{region.code}"')
                self._refuse(lines.source, line, f"region '{region.code}' stands twice in game '{game.slug}'")
            codes.add(region.code)
        for ports in (*game.udp, *game.tcp, *game.target_ports):
            try:
                parse_port_range(ports)
            except ValueError as error:
                self._refuse(lines.source, lines.of(span, f'"{ports}"'), str(error))
        known = self.result
        for kind, names, defined in (
            ("prefixes", game.prefixes, set(known.prefixes)),
            ("region_set", [game.region_set] if game.region_set else [], set(known.region_sets)),
            ("hosting", [name for name in game.hosting if ":" in name], set(known.clouds)),
            ("sources", [name for ids in game.sources.values() for name in ids], set(known.sources)),
        ):
            for name in names:
                if name not in defined:
                    problem = f"{kind}: '{name}' is not defined; known: {_some(defined)}"
                    self._refuse(lines.source, lines.of(span, f'"{name}"'), problem)

    def _check_cidrs(self, lines: TomlLines, span: range, cidrs: Iterable[str]) -> None:
        for cidr in cidrs:
            if cidr in self.result.networks:
                continue
            try:
                self.result.networks[cidr] = parse_network(cidr, allow_private=self._allow_private)
            except ValueError as error:
                self._refuse(lines.source, lines.of(span, f'"{cidr}"', cidr), str(error))

    def _raw_tables(self, lines: TomlLines, content: dict[str, object], table: str) -> list[RawTable]:
        value = content.get(table, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            line = lines.of_key(lines.whole, table)
            self._refuse(lines.source, line, f"'{table}' must be written as [[{table}]] tables")
            return []
        return value

    def _convert(self, lines: TomlLines, span: range, raw: RawTable, kind: type[Entry]) -> Entry | None:
        """The table as its type. None where faults are collected and it cannot be had without the faulty fields."""
        while True:
            try:
                return msgspec.convert(raw, kind, strict=True)
            except msgspec.ValidationError as error:
                text = str(error)
            path = re.search(r"at `(?:key in )?\$\.?([^`]*)`", text)
            keys = re.findall(r"[a-z_][a-z0-9_]*", path[1]) if path else []
            unknown = re.search(r"unknown field `([^`]+)`", text)
            if unknown:
                allowed = f"; allowed: {', '.join(kind.__struct_fields__)}" if not keys else ""
                problem = f"unknown key '{'.'.join([*keys, unknown[1]])}'{allowed}"
                self._refuse(lines.source, lines.of_key(span, unknown[1]), problem)
            else:
                problem = f"{'.'.join(keys) or 'table'}: {text.split(' - at ', maxsplit=1)[0]}{_allowed(kind, keys)}"
                self._refuse(lines.source, _line_of_bad(lines, span, raw, kind, keys, text), problem)
            missing = re.search(r"missing required field `([^`]+)`", text)
            faulty = keys[0] if keys else unknown[1] if unknown else missing[1] if missing else ""
            rest = _less(raw, faulty, path[1] if path else "")
            if rest == raw:
                return None
            raw = rest


def _less(raw: RawTable, key: str, path: str) -> RawTable:
    """The table without the faulty item of a list, or without the whole field; with a stand-in where it cannot be without one."""
    value, at = raw.get(key), re.match(rf"{re.escape(key)}\[(\d+)\]$", path)
    if at is not None and isinstance(value, list):
        number = int(at[1])
        return {**raw, key: [*value[:number], *value[number + 1 :]]}
    return {name: item for name, item in raw.items() if name != key} | {
        name: item for name, item in STAND_INS.items() if name == key
    }


def _line_of_bad(lines: TomlLines, span: range, raw: RawTable, kind: type[Table], keys: list[str], message: str) -> int:
    if not keys:
        return span.start
    line = lines.of_key(span, keys[-1])
    rest = range(line, span.stop)
    wrong_choice = re.search(r"Invalid enum value '([^']+)'", message)
    if wrong_choice:
        return lines.of(rest, f'"{wrong_choice[1]}"', wrong_choice[1])
    items = raw.get(keys[0])
    if isinstance(items, list):
        types = {info.name: info.type for info in msgspec.structs.fields(kind)}
        for item in items:
            try:
                msgspec.convert([item], types[keys[0]])
            except msgspec.ValidationError:
                return lines.of(rest, f'"{item}"', str(item))
    return line


def _allowed(kind: type[Table], keys: list[str]) -> str:
    """The choices of a field that has few of them, or its form, for the message."""
    types = {info.name: info.type for info in msgspec.structs.fields(kind)}
    if not keys or keys[0] not in types:
        return ""
    schema = msgspec.json.schema(types[keys[0]])
    for part in (schema, schema.get("items", {}), *schema.get("anyOf", []), *schema.get("$defs", {}).values()):
        if "enum" in part:
            return "; allowed: " + ", ".join(str(choice) for choice in part["enum"] if choice is not None)
        if "description" in part and "properties" not in part:
            return f"; allowed: {str(part['description']).splitlines()[0]}"
    return ""


def _some(names: Iterable[str], limit: int = 12) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:limit]) + (f" and {len(ordered) - limit} more" if len(ordered) > limit else "")

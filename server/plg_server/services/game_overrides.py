"""What operators changed of the games, laid over the files that the server comes with, on every replica and without a restart.

Each changed table (a game, or a list that games share) is one row: a piece of a game file that is read after all files, by the
same rules. A number in the database counts the changes; every replica looks at it each few seconds, and a change is written
only over the number that it was checked against. A row that does not fit any more (the files changed with a new version of the
server) is left out and told, it never stops a start.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server.ids import utc_now
from plg_server.models.game_overrides import GameOverride, GameOverridesVersion
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.game_catalog import GameCatalog, build_catalog
from plg_server.services.game_entries import GameEntry
from plg_server.services.game_files import GameFileError, GameFileLoader, base_loader
from plg_server.services.game_search import GameSearch

LOOK_INTERVAL_S = 3.0
"""One small query for each replica; an operator's change is everywhere before they have looked."""

KINDS = ("source", "prefixes", "cloud", "region_set", "game")
"""In the order in which tables refer to each other."""

MAX_ROWS = 2000
"""Far above what anybody changes by hand; whoever has more games of their own keeps them in a file (`games_file`)."""

TRIES = 5
"""A change is worked out anew when another operator was quicker; losing five times in a row means a script gone wild."""

ROW = "games"


def override_id(kind: str, name: str) -> str:
    """The id of a row: `kind` is one of KINDS, `name` the table's own name or slug."""
    return f"{kind} {name}"


@dataclass(frozen=True, slots=True)
class Override:
    """One row. An empty `toml` is what is left of a change that was taken back: its time keeps revisions rising."""

    kind: str
    name: str
    toml: str
    changed_at: datetime
    changed_by: str

    @property
    def id(self) -> str:
        return override_id(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Games:
    """Every table as it counts at one version. `base` is without operators' changes; `faults` are rows that were left out."""

    version: int
    base: GameFileLoader
    loader: GameFileLoader
    catalog: GameCatalog
    rows: Mapping[str, Override] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


Tables = Mapping[tuple[str, str], str]
"""New contents of rows by (kind, name); an empty text takes the change back."""


class GameOverrides:
    """Keeps one replica's games as the database has them. Every method needs an active database."""

    def __init__(
        self, catalog: GameCatalog, search: GameSearch, games_file: Path | None, *, allow_private: bool
    ) -> None:
        """`catalog` and `search` are those that the whole server holds, made from the files alone."""
        self._catalog = catalog
        self._search = search
        self._games_file = games_file
        self._allow_private = allow_private
        self._base_catalog = GameCatalog(catalog.profiles)
        self._base: GameFileLoader | None = None
        self._games: Games | None = None
        self._turn = asyncio.Lock()

    @property
    def version(self) -> int:
        """The changes that this replica has taken in; 0 before the first."""
        return 0 if self._games is None else self._games.version

    async def look(self) -> bool:
        """Take in what was changed since the last look; True when there was something. For the periodic job."""
        if await _stored_version() == self.version:
            return False
        async with self._turn:
            return await self._take_in()

    async def games(self) -> Games:
        """Everything as the database has it now."""
        async with self._turn:
            if self._games is None or await _stored_version() != self._games.version:
                await self._take_in()
            games = self._games
            if games is None:
                games = self._games = await asyncio.to_thread(self._laid, 0, {})
            return games

    async def change(
        self,
        plan: Callable[[Games], Tables],
        actor: Actor,
        act: str,
        details: Callable[[Games, Games], Mapping[str, JsonValue]],
        *,
        dry_run: bool,
    ) -> tuple[Games, Games]:
        """The games before and after what `plan` makes of them; stored, recorded and taken in unless it is a dry run.

        `plan` may be asked again, when somebody else was quicker. Raises ApiError `invalid_body` when the result breaks a rule,
        and what `plan` raises.
        """
        for _ in range(TRIES):
            before = await self.games()
            tables = plan(before)
            now = utc_now().replace(microsecond=0)
            rows = {**before.rows, **{row.id: row for row in _rows(before, tables, now, actor)}}
            if len(rows) > MAX_ROWS:
                raise ApiError(ErrorCode.INVALID_BODY, f"at most {MAX_ROWS} changed tables are kept: use games_file")
            try:
                after = await asyncio.to_thread(self._laid, before.version + 1, rows)
            except GameFileError as error:
                raise ApiError(ErrorCode.INVALID_BODY, str(error)) from None
            new_faults = [text for key, text in after.faults.items() if key not in before.faults]
            if new_faults:
                raise ApiError(ErrorCode.INVALID_BODY, new_faults[0])
            if dry_run or not tables:
                return before, after
            written = [rows[override_id(*key)] for key in tables]
            if await _stored(before.version, written, actor, act, details(before, after)):
                async with self._turn:
                    if self.version < after.version:
                        self._adopt(after)
                return before, after
        raise ApiError(ErrorCode.RATE_LIMITED, "others change games at the same time; try again", retry_after_s=1.0)

    async def _take_in(self) -> bool:
        """Read the rows and let every holder of the catalogue see them. The version first: rows may only be newer than it."""
        version = await _stored_version()
        if version == self.version and self._games is not None:
            return False
        rows = {
            row.id: Override(row.kind, row.name, row.toml, row.changed_at.astimezone(UTC), row.changed_by)
            for row in await GameOverride.all()
        }
        try:
            games = await asyncio.to_thread(self._laid, version, rows)
        except GameFileError as error:
            structlog.get_logger().error("game_changes_refused", reason=str(error))
            return False
        for key, fault in games.faults.items():
            structlog.get_logger().warning("game_change_left_out", table=key, reason=fault)
        self._adopt(games)
        return True

    def _adopt(self, games: Games) -> None:
        """In one turn of the loop, so that no request sees half of it."""
        self._games = games
        self._catalog.adopt(games.catalog)
        self._search.adopt(GameSearch(games.catalog))
        structlog.get_logger().info("games_changed", version=games.version, tables=len(games.rows))

    def _laid(self, version: int, rows: Mapping[str, Override]) -> Games:
        """The files with these rows on top. Takes up to a second: for a thread. Raises GameFileError."""
        if self._base is None:
            self._base = base_loader(self._games_file, allow_private=self._allow_private)
        loader, faults = self._base, {}
        for row in sorted(rows.values(), key=lambda row: (KINDS.index(row.kind), row.name)):
            if not row.toml:
                continue
            trial = loader.copy()
            try:
                trial.add(row.id, row.toml)
            except GameFileError as error:
                faults[row.id] = str(error)
            else:
                loader = trial
        changed_s = {
            game.slug: max(int(row.changed_at.timestamp()) for row in touching)
            for game in loader.result.games.values()
            if (touching := [rows[key] for key in _tables_of(game) if key in rows])
        }
        catalog = build_catalog(loader.result, base=self._base_catalog, changed_s=changed_s)
        return Games(version, self._base, loader, catalog, dict(rows), faults)


def _tables_of(game: GameEntry) -> Iterable[str]:
    """The ids of every table that says where the game's packets may go."""
    yield override_id("game", game.slug)
    for kind, names in (
        ("prefixes", game.prefixes),
        ("cloud", game.hosting),
        ("region_set", [game.region_set] if game.region_set else []),
    ):
        yield from (override_id(kind, name) for name in names)


def _rows(before: Games, tables: Tables, now: datetime, actor: Actor) -> Iterable[Override]:
    newest = max((row.changed_at for row in before.rows.values()), default=now)
    # A clock that was set back, or two changes in one second: revisions rise all the same.
    at = max(now, datetime.fromtimestamp(int(newest.timestamp()) + 1, UTC)) if before.rows else now
    for (kind, name), toml in tables.items():
        yield Override(kind, name, toml, at, actor.account_id)


async def _stored_version() -> int:
    row = await GameOverridesVersion.get_or_none(id=ROW)
    return 0 if row is None else row.version


async def _stored(
    version: int, rows: Iterable[Override], actor: Actor, act: str, details: Mapping[str, JsonValue]
) -> bool:
    """Write the rows as the change after `version`; False when there was another one already."""
    try:
        async with in_transaction():
            # First statement is the write: of several operators one moves the number on, the others find it moved.
            if version == 0 and not await GameOverridesVersion.exists(id=ROW):
                await GameOverridesVersion.create(id=ROW, version=1)
            elif not await GameOverridesVersion.filter(id=ROW, version=version).update(version=version + 1):
                return False
            for row in rows:
                there = GameOverride.filter(id=row.id)
                if not await there.update(toml=row.toml, changed_at=row.changed_at, changed_by=row.changed_by):
                    await GameOverride.create(
                        id=row.id,
                        kind=row.kind,
                        name=row.name,
                        toml=row.toml,
                        changed_at=row.changed_at,
                        changed_by=row.changed_by,
                    )
                await record(actor, act, f"{row.kind}:{row.name}", details)
    except IntegrityError:
        return False
    return True

"""Games as operators look after them: show, edit, import, export, validate, reset. What they write is TOML in the form of game files.

A change keeps only what differs from the server's files, so that an edited game follows new versions in everything else.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from plg.contract import admin_games as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp, utc_now
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services.asked_game import game_not_found
from plg_server.services.audit import Actor, JsonValue
from plg_server.services.game_catalog import GameProfile
from plg_server.services.game_entries import GameEntry, Table
from plg_server.services.game_files import UNSET, GameFileError, GameFileLoader, GameFiles
from plg_server.services.game_overrides import KINDS, GameOverrides, Games, Tables, override_id
from plg_server.services.game_search import GameSearch
from plg_server.services.game_toml import difference, plain_table, table_text

EDITED_LISTS = (
    "aliases", "tags", "windows", "linux", "android", "unverified", "udp", "tcp", "target_ports", "prefixes",
    "server_cidrs", "hosting",
)  # fmt: skip
"""Fields that are lists of texts."""

TableId = tuple[str, str]


class AdminGames:
    """Every method needs an active database."""

    def __init__(self, overrides: GameOverrides) -> None:
        self._overrides = overrides

    async def page(self, query: contract.AdminGamesQuery) -> contract.AdminGamePage:
        """Games by slug, or as players find them."""
        games = await self._overrides.games()
        found = GameSearch(games.catalog).search(query.query) if query.query.strip() else list(games.catalog.profiles)
        rows = [_row(games, profile) for profile in found]
        rows = [row for row in rows if query.origin is None or row.origin == query.origin]
        return contract.AdminGamePage(
            games=rows[query.offset : query.offset + query.limit],
            lists=[_changed(games, row_id) for row_id in sorted(games.rows) if _is_list_change(games, row_id)],
            version=games.version,
            total=len(rows),
            limit=query.limit,
            offset=query.offset,
        )

    async def show(self, name: str) -> contract.AdminGameDetail:
        """One game, by slug or alias. Raises ApiError `game_not_found`."""
        games = await self._overrides.games()
        profile = games.catalog.find(name)
        if profile is None:
            raise game_not_found(name, GameSearch(games.catalog))
        row = games.rows.get(override_id("game", profile.slug))
        return contract.AdminGameDetail(
            game=_row(games, profile),
            toml=_text_of(games.loader.result, ("game", profile.slug)),
            changes_toml=None if row is None or not row.toml else row.toml,
            detail=profile.detail,
        )

    async def export(self, query: contract.ExportQuery) -> contract.GamesToml:
        """Tables as one file that `import` takes. Raises ApiError `game_not_found`."""
        games = await self._overrides.games()
        if query.slug is not None:
            if query.slug not in games.loader.result.games:
                raise game_not_found(query.slug, GameSearch(games.catalog))
            texts = [_text_of(games.loader.result, ("game", query.slug))]
        elif query.all:
            texts = [_text_of(games.loader.result, table) for table in _all_tables(games.loader.result)]
        else:
            rows = sorted(games.rows.values(), key=lambda row: (KINDS.index(row.kind), row.name))
            texts = [row.toml for row in rows if row.toml]
        return contract.GamesToml(toml="\n".join(texts), tables=len(texts), version=games.version)

    async def validate(self, request: contract.GameTextRequest) -> contract.GameFaults:
        """Every fault of a file, as it would be imported now."""
        games = await self._overrides.games()
        faults = games.loader.faults_of(request.source, request.toml)
        return contract.GameFaults(
            faults=[
                contract.GameFault(source=fault.source, line=fault.line or 0, problem=fault.problem) for fault in faults
            ],
            tables=0 if faults else len(_tables_in(request.toml)),
        )

    async def import_file(self, actor: Actor, request: contract.ImportGamesRequest) -> contract.GamesChange:
        """Take over what a file says. Raises ApiError `invalid_body` with the first fault."""

        def plan(games: Games) -> Tables:
            return _imported(games, request.source, request.toml, replace=request.replace)

        return await self._change(plan, actor, "games.import", {"source": request.source}, dry_run=request.dry_run)

    async def edit(self, actor: Actor, slug: str, request: contract.EditGameRequest) -> contract.GamesChange:
        """Change some fields of a game. Raises ApiError `game_not_found`, `invalid_body`."""

        def plan(games: Games) -> Tables:
            entry = games.loader.result.games.get(slug)
            if entry is None:
                raise game_not_found(slug, GameSearch(games.catalog))
            return _imported(games, slug, _edit_text(entry, request), replace=False)

        return await self._change(plan, actor, "games.edit", {}, dry_run=request.dry_run)

    async def reset(self, actor: Actor, request: contract.ResetGameRequest) -> contract.GamesChange:
        """Take operators' change of a table back. Raises ApiError `not_found` where there is none, `invalid_body` where others need it."""
        key = (request.kind, request.name)

        def plan(games: Games) -> Tables:
            row = games.rows.get(override_id(*key))
            if row is None or not row.toml:
                raise ApiError(ErrorCode.NOT_FOUND, f"nobody changed the {request.kind} '{request.name}'")
            return {key: ""}

        return await self._change(plan, actor, "games.reset", {}, dry_run=request.dry_run)

    async def delete(self, actor: Actor, slug: str, *, dry_run: bool) -> contract.GamesChange:
        """Delete a game of the operators' own. Raises ApiError `game_not_found`, `invalid_body` for one of the server's files."""

        def plan(games: Games) -> Tables:
            if slug in games.base.result.games:
                raise ApiError(
                    ErrorCode.INVALID_BODY, f"'{slug}' comes with the server's files: it can be reset, not deleted"
                )
            if override_id("game", slug) not in games.rows or slug not in games.loader.result.games:
                raise game_not_found(slug, GameSearch(games.catalog))
            return {("game", slug): ""}

        return await self._change(plan, actor, "games.delete", {}, dry_run=dry_run)

    async def _change(
        self,
        plan: Callable[[Games], Tables],
        actor: Actor,
        act: str,
        details: Mapping[str, JsonValue],
        *,
        dry_run: bool,
    ) -> contract.GamesChange:
        def told(before: Games, after: Games) -> Mapping[str, JsonValue]:
            changes = _differences(before, after)
            return {**details, "version": after.version, "diff": "".join(change.diff for change in changes)}

        before, after = await self._overrides.change(plan, actor, act, told, dry_run=dry_run)
        changes = _differences(before, after)
        gone = [change.name for change in changes if change.kind == "game" and change.change == "removed"]
        running = 0
        if gone:
            running = await Session.filter(game__in=gone, ended_at=None, expires_at__gt=utc_now()).count()
        return contract.GamesChange(
            changes=changes,
            dry_run=dry_run,
            version=after.version if changes else before.version,
            running_sessions=running,
        )


def _imported(games: Games, source: str, text: str, *, replace: bool) -> Tables:
    """The rows that make a file's tables count; only those that change."""
    trial = games.loader.copy()
    names = _tables_in(text)
    if replace:
        for kind, name in names:
            if kind == "game":
                trial.raw_games.pop(name, None)
    try:
        trial.add(source, text)
    except GameFileError as error:
        raise ApiError(ErrorCode.INVALID_BODY, str(error)) from None
    tables = {}
    for key in names:
        wanted = _override_text(games.base, trial, key)
        row = games.rows.get(override_id(*key))
        if wanted != (row.toml if row is not None else ""):
            tables[key] = wanted
    return tables


def _override_text(base: GameFileLoader, wanted: GameFileLoader, key: TableId) -> str:
    """What must stand in a row so that the files with it give the wanted table; empty when the files say it already."""
    kind, _ = key
    table, before = _table(wanted.result, key), _table(base.result, key)
    if table is None or (before is not None and plain_table(before) == plain_table(table)):
        return ""
    then = plain_table(table)
    if kind != "game" or before is None:
        return table_text(kind, then)
    now = plain_table(before)
    fields = {name: value for name, value in then.items() if name == "slug" or now.get(name) != value}
    gone = [name for name in now if name not in then]
    return table_text(kind, {**fields, **({UNSET: gone} if gone else {})})


def _edit_text(entry: GameEntry, request: contract.EditGameRequest) -> str:
    """The edit as a file of one table. Raises ApiError `invalid_body`."""
    try:
        fields: dict[str, object] = tomllib.loads(request.fields)
    except tomllib.TOMLDecodeError as error:
        raise ApiError(ErrorCode.INVALID_BODY, f"fields: not valid TOML: {error}") from None
    except RecursionError:
        raise ApiError(ErrorCode.INVALID_BODY, "fields: nested too deeply") from None
    if "slug" in fields:
        raise ApiError(ErrorCode.INVALID_BODY, "a slug cannot be changed: export the game, and import it under another")
    for name in (*request.add, *request.remove):
        if name not in EDITED_LISTS:
            raise ApiError(ErrorCode.INVALID_BODY, f"'{name}' is no list; allowed: {', '.join(EDITED_LISTS)}")
        value = fields.get(name, getattr(entry, name))
        if not isinstance(value, list):
            raise ApiError(ErrorCode.INVALID_BODY, f"{name}: a list is needed")
        known = [item for item in value if item not in request.remove.get(name, [])]
        fields[name] = [*known, *(item for item in request.add.get(name, []) if item not in known)]
    unset = [name for name in request.unset if name not in fields]
    if not fields and not unset:
        raise ApiError(ErrorCode.INVALID_BODY, "nothing to change is named")
    return table_text("game", {"slug": entry.slug, **fields, **({UNSET: unset} if unset else {})})


def _tables_in(text: str) -> list[TableId]:
    """Kind and name of every table of a file that keeps the rules; what does not is left to the loader to refuse."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    found = []
    for kind in KINDS:
        rows = content.get(kind)
        for row in rows if isinstance(rows, list) else ():
            name = row.get(_NAME_KEYS[kind]) if isinstance(row, dict) else None
            if isinstance(name, str):
                found.append((kind, name))
    return found


_NAME_KEYS = {"source": "id", "prefixes": "name", "cloud": "id", "region_set": "name", "game": "slug"}


def _table(files: GameFiles, key: TableId) -> Table | None:
    kind, name = key
    tables: dict[str, Mapping[str, Table]] = {
        "source": files.sources,
        "prefixes": files.prefixes,
        "cloud": files.clouds,
        "region_set": files.region_sets,
        "game": files.games,
    }
    return tables[kind].get(name)


def _all_tables(files: GameFiles) -> list[TableId]:
    groups: tuple[Iterable[str], ...] = (
        files.sources,
        files.prefixes,
        files.clouds,
        files.region_sets,
        files.games,
    )
    return [(kind, name) for kind, group in zip(KINDS, groups, strict=True) for name in group]


def _text_of(files: GameFiles, key: TableId) -> str:
    table = _table(files, key)
    return "" if table is None else table_text(key[0], plain_table(table))


def _differences(before: Games, after: Games) -> list[contract.TableChange]:
    """What differs in the tables of which a row changed, as they count."""
    touched = [row for row_id, row in after.rows.items() if before.rows.get(row_id) != row]
    changes = []
    for row in sorted(touched, key=lambda row: (KINDS.index(row.kind), row.name)):
        key = (row.kind, row.name)
        then, now = _text_of(after.loader.result, key), _text_of(before.loader.result, key)
        if then == now:
            continue
        changes.append(
            contract.TableChange(
                kind=msgspec.convert(row.kind, contract.TableKind),
                name=row.name,
                change="added" if not now else "removed" if not then else "changed",
                diff=difference(now, then, f"{row.kind} {row.name}"),
            )
        )
    return changes


def _is_list_change(games: Games, row_id: str) -> bool:
    row = games.rows[row_id]
    # A game of one's own that does not fit any more is in no catalogue: it is told here.
    lost = row.kind == "game" and row.name not in games.catalog.by_slug
    return bool(row.toml) and (row.kind != "game" or lost)


def _changed(games: Games, row_id: str) -> contract.ChangedTable:
    row = games.rows[row_id]
    return contract.ChangedTable(
        kind=msgspec.convert(row.kind, contract.TableKind),
        name=row.name,
        origin="own" if _table(games.base.result, (row.kind, row.name)) is None else "edited",
        changed_at=timestamp(row.changed_at),
        changed_by=row.changed_by,
        fault=games.faults.get(row_id),
    )


def _row(games: Games, profile: GameProfile) -> contract.AdminGame:
    row = games.rows.get(override_id("game", profile.slug))
    changed = row if row is not None and row.toml else None
    own = profile.slug not in games.base.result.games
    return contract.AdminGame(
        slug=profile.slug,
        name=profile.detail.name,
        category=profile.detail.category,
        transport=profile.detail.transport.value,
        origin="own" if own else "files" if changed is None else "edited",
        cidrs=sum(len(rule.cidrs) for rule in profile.acl.rules),
        ports=[ports for rule in profile.acl.rules for ports in rule.ports] or list(profile.detail.udp_ports),
        icon=profile.detail.icon,
        revision=profile.detail.revision,
        changed_at=None if changed is None else timestamp(changed.changed_at),
        changed_by=None if changed is None else changed.changed_by,
        fault=None if changed is None else games.faults.get(changed.id),
    )

"""Games as the admin API and `plg admin games` show and change them: in the form of game files (TOML)."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.cli_output import Document
from plg.contract.games import GameDetail
from plg.contract.schema import Answer, Count, Request, Slug, Timestamp

MAX_TOML_CHARS = 40_000
"""One import. A body holds 64 KiB, and a letter may take more than a byte; a longer file is imported in parts."""

Toml = Annotated[str, Meta(min_length=1, max_length=MAX_TOML_CHARS)]
SourceName = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FieldName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
TableName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9:-]*$")]
TableKind = Literal["game", "prefixes", "cloud", "region_set", "source"]
Items = dict[FieldName, Annotated[list[Annotated[str, Meta(min_length=1, max_length=128)]], Meta(max_length=500)]]
Origin = Literal["files", "edited", "own"]


class AdminGamesQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/games. `query` is searched as players do; `origin` "edited" and "own" are operators' changes."""

    query: Annotated[str, Meta(max_length=64)] = ""
    origin: Origin | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class ExportQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/games/export: one game whole, or operators' changes, or (`all`) every table."""

    slug: Slug | None = None
    all: bool = False


class GameTextRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/games/validate. `source` is the file's name, for messages."""

    toml: Toml
    source: SourceName = "import"


class ImportGamesRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/games/import. A known slug changes the fields that it names (with `replace`: the whole game), a new one adds a game.

    A shared list ([[prefixes]], [[cloud]], [[region_set]], [[source]]) is always replaced whole.
    """

    toml: Toml
    source: SourceName = "import"
    replace: bool = False
    dry_run: bool = False


class EditGameRequest(Request, frozen=True, kw_only=True):
    """PATCH /v1/admin/games/{slug}. `fields` are TOML lines `key = value`; `add` and `remove` change lists of texts."""

    fields: Annotated[str, Meta(max_length=20_000)] = ""
    unset: Annotated[list[FieldName], Meta(max_length=64)] = []
    add: Items = {}
    remove: Items = {}
    dry_run: bool = False


class ResetGameRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/games/reset: a changed table is again as the server's files have it; one of the operators' own goes."""

    kind: TableKind = "game"
    name: TableName
    dry_run: bool = False


class AdminGame(Answer, frozen=True, kw_only=True):
    """One game. `origin` says whether operators changed it; `fault` why their change is left out (then the files count).

    `cidrs` and `ports` count what its packets may reach.
    """

    slug: str
    name: str
    category: str
    transport: str
    origin: Origin
    cidrs: Count
    ports: list[str]
    icon: str | None
    revision: int
    changed_at: Timestamp | None
    changed_by: str | None
    fault: str | None


class ChangedTable(Answer, frozen=True, kw_only=True):
    """A table that operators changed, of any kind."""

    kind: TableKind
    name: str
    origin: Origin
    changed_at: Timestamp
    changed_by: str
    fault: str | None


class AdminGamePage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/games. `version` counts operators' changes; `lists` are those of them that are no games."""

    games: list[AdminGame]
    lists: list[ChangedTable]
    version: Count
    total: Count
    limit: int
    offset: int


class AdminGameDetail(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/games/{slug}: the whole table as it counts, what operators changed in it, and what players see."""

    game: AdminGame
    toml: str
    changes_toml: str | None
    detail: GameDetail


class GamesToml(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/games/export"""

    toml: str
    tables: Count
    version: Count


class GameFault(Answer, frozen=True, kw_only=True):
    """What is wrong in a file; line 0 is the file as a whole."""

    source: str
    line: Count
    problem: str


class GameFaults(Answer, frozen=True, kw_only=True):
    """POST /v1/admin/games/validate. No faults: it could be imported, and `tables` of it are read."""

    faults: list[GameFault]
    tables: Count


class TableChange(Answer, frozen=True, kw_only=True):
    """One table that changes. `diff` is a unified diff of its TOML, as it counts before and after."""

    kind: TableKind
    name: str
    change: Literal["added", "changed", "removed"]
    diff: str


class GamesChange(Answer, frozen=True, kw_only=True):
    """What was changed, or with `dry_run` would be. `version` is the number of the change, the present one when nothing changes.

    `running_sessions` counts those of games that go.
    """

    changes: list[TableChange]
    dry_run: bool
    version: Count
    running_sessions: Count = 0


class AdminGamesDocument(Document, frozen=True, kw_only=True):
    """`plg admin games list --json`."""

    games: list[AdminGame]
    lists: list[ChangedTable]
    version: Count
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_games/1"


class AdminGameDocument(Document, frozen=True, kw_only=True):
    """`plg admin games show --json`."""

    game: AdminGame
    toml: str
    changes_toml: str | None
    detail: GameDetail
    schema: str = "plg.admin_game/1"


class AdminGamesChangeDocument(Document, frozen=True, kw_only=True):
    """`plg admin games edit|import|diff|reset|delete --json`."""

    changes: list[TableChange]
    dry_run: bool
    version: Count
    running_sessions: Count
    schema: str = "plg.admin_games_change/1"


class AdminGameFaultsDocument(Document, frozen=True, kw_only=True):
    """`plg admin games validate --json`."""

    ok: bool
    faults: list[GameFault]
    tables: Count
    schema: str = "plg.admin_game_faults/1"


class AdminGamesTomlDocument(Document, frozen=True, kw_only=True):
    """`plg admin games export --json`."""

    toml: str
    tables: Count
    version: Count
    schema: str = "plg.admin_games_toml/1"

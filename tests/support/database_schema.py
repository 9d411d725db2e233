"""A database as its own catalogue tells it, in one form for both engines, and rows for every table of it."""

from datetime import UTC, datetime
from typing import Any

from plg_server.database import Database

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

KEYS = {"id", "token_hash"}
"""Primary keys of our tables get values that references can name."""

Rows = list[dict[str, Any]]


def sample_value(column: str, kind: str, number: int) -> object:
    """Something that fits a column of this type."""
    kind = kind.upper()
    if "TIMESTAMP" in kind:
        return MOMENT
    if kind.startswith("BOOL"):
        return True
    if "INT" in kind:
        return number
    if any(word in kind for word in ("REAL", "DOUBLE", "NUMERIC", "DECIMAL")):
        return 1.5
    if "JSON" in kind:
        return "{}"
    if "BLOB" in kind or "BYTEA" in kind:
        return b"x" * 32
    return f"{column[:6]}ж{number}"


class Schema:
    """Reads and fills one active database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def query(self, query: str, values: list[object] | None = None) -> Rows:
        """The rows of a statement."""
        _, rows = await self._database.connection().execute_query(query, values)
        return [dict(row) for row in rows]

    async def tables(self) -> list[str]:
        """Our tables, without the list of applied migrations."""
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            if self._database.is_sqlite
            else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        )
        return sorted(row["name"] for row in await self.query(query) if row["name"] != "tortoise_migrations")

    async def columns(self, table: str) -> Rows:
        """Name, type, whether it must have a value, and its default."""
        if self._database.is_sqlite:
            rows = await self.query(f"PRAGMA table_info('{table}')")
            return [{"name": row["name"], "kind": row["type"], "notnull": bool(row["notnull"]), "default": row["dflt_value"]} for row in rows]  # fmt: skip
        rows = await self.query(
            "SELECT column_name AS name, data_type AS kind, is_nullable = 'NO' AS notnull, column_default AS default, "
            "character_maximum_length AS length FROM information_schema.columns WHERE table_name = $1",
            [table],
        )
        return sorted(rows, key=lambda row: str(row["name"]))

    async def indexes(self, table: str) -> list[tuple[Any, ...]]:
        """Every index; those that a constraint made have no name of ours on SQLite."""
        if self._database.is_sqlite:
            found = []
            for row in await self.query(f"PRAGMA index_list('{table}')"):
                columns = await self.query(f"PRAGMA index_info('{row['name']}')")
                name = row["name"] if row["origin"] == "c" else row["origin"]
                found.append((name, bool(row["unique"]), tuple(column["name"] for column in columns)))
            return sorted(found)
        rows = await self.query("SELECT indexdef FROM pg_indexes WHERE tablename = $1", [table])
        return sorted((row["indexdef"],) for row in rows)

    async def references(self, table: str) -> dict[str, tuple[str, str]]:
        """By column: the table that it refers to, and the rule in the engine's words."""
        if self._database.is_sqlite:
            rows = await self.query(f"PRAGMA foreign_key_list('{table}')")
            return {row["from"]: (row["table"], row["on_delete"]) for row in rows}
        texts = [text for text in await self.constraints(table) if text.startswith("FOREIGN KEY")]
        return {text.split("(")[1].split(")")[0]: (text.split("REFERENCES ")[1].split("(")[0], text) for text in texts}

    async def constraints(self, table: str) -> list[str]:
        """Primary, unique, foreign and other constraints, where the engine has names for them (PostgreSQL)."""
        if self._database.is_sqlite:
            return []
        rows = await self.query(
            "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::regclass", [table]
        )
        return sorted(row["text"] for row in rows)

    async def triggers(self, table: str) -> list[str]:
        """What the database does by itself when rows change."""
        query = (
            "SELECT sql AS text FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            if self._database.is_sqlite
            else "SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal"
        )
        return sorted(row["text"] for row in await self.query(query, [table]))

    async def whole(self) -> dict[str, Any]:
        """Everything that a fresh database must have in common with a migrated one."""
        return {
            table: {
                "columns": sorted(
                    (tuple(sorted(column.items(), key=str)) for column in await self.columns(table)), key=str
                ),
                "indexes": await self.indexes(table),
                "references": await self.references(table),
                "constraints": await self.constraints(table),
                "triggers": await self.triggers(table),
            }
            for table in await self.tables()
        }

    async def known(self) -> dict[str, list[str]]:
        """The columns of every table: what a server of this version writes and reads."""
        return {table: [str(c["name"]) for c in await self.columns(table)] for table in await self.tables()}

    async def fill(self, number: int, only: dict[str, list[str]] | None = None, *, sparse: bool = False) -> None:
        """A row in every table, told from others by `number`, references kept.

        `only` names tables and columns that an earlier version knows: the rest is left to the database. `sparse` leaves out what
        need not have a value.
        """
        left = await self.tables() if only is None else sorted(only)
        parents = {table: {target for target, _ in (await self.references(table)).values()} for table in left}
        while left:
            table = next(table for table in left if not (parents[table] - {table}) & set(left))
            left.remove(table)
            await self._insert(table, number, None if only is None else only[table], sparse=sparse)

    async def _insert(self, table: str, number: int, only: list[str] | None, *, sparse: bool) -> None:
        # A column that refers to another table takes the key that fill() gave that table's row of the same number.
        refers = await self.references(table)
        values = {}
        for column in await self.columns(table):
            name = column["name"]
            if only is not None and name not in only:
                continue
            if sparse and not column["notnull"] and name not in KEYS:
                continue
            value = sample_value("key" if name in refers or name in KEYS else name, str(column["kind"]), number)
            longest = column.get("length")  # PostgreSQL holds a text to it
            values[name] = value[-longest:] if longest and isinstance(value, str) else value
        quoted = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" if self._database.is_sqlite else f"${n}" for n in range(1, len(values) + 1))
        await self.query(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', list(values.values()))

    async def contents(self, only: dict[str, list[str]] | None = None) -> dict[str, list[tuple[str, ...]]]:
        """Every row of every table, as text and in order; `only` as in `fill`."""
        known = await self.known() if only is None else only
        found = {}
        for table, names in known.items():
            quoted = ", ".join(f'"{name}"' for name in names)
            rows = await self.query(f'SELECT {quoted} FROM "{table}"')
            found[table] = sorted(tuple(str(row[name]) for name in names) for row in rows)
        return found

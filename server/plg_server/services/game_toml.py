"""Tables of game files as TOML text in one fixed form, so that equal tables are equal texts and a difference shows as lines."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping

import msgspec

from plg_server.services.game_entries import Table

LINE_CHARS = 120
"""A list that would be longer stands with one item a line."""

RawTable = Mapping[str, object]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def plain_table(entry: Table) -> dict[str, object]:
    """What an entry says, in the order of its fields, without what is the default anyway."""
    built: dict[str, object] = {}
    for info in msgspec.structs.fields(entry):
        value = getattr(entry, info.name)
        if info.required or value != (info.default_factory() if callable(info.default_factory) else info.default):
            built[info.name] = _plain(value)
    return built


def _plain(value: object) -> object:
    if isinstance(value, Table):
        return plain_table(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return msgspec.to_builtins(value)


def table_text(kind: str, table: RawTable) -> str:
    """One `[[kind]]` table, with a line end after each line."""
    lines = [f"[[{kind}]]"]
    for key, value in table.items():
        text = f"{_key(key)} = {_value(value)}"
        if isinstance(value, list) and (len(text) > LINE_CHARS or any(isinstance(item, Mapping) for item in value)):
            lines += [f"{_key(key)} = [", *(f"  {_value(item)}," for item in value), "]"]
        else:
            lines.append(text)
    return "\n".join(lines) + "\n"


def difference(before: str, after: str, name: str) -> str:
    """What changes from one text to another, as `diff -u` writes it, with three lines around; empty when nothing does."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} (now)", f"{name} (then)", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's; only DEL is allowed in one and not in the other.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""A game's fields between a form and a game file: one item a line in the form, and each fault told at its field and line."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from plg.contract.admin_games import EditGameRequest, GameFault
from plg_server.pages.admin.acts import ActForm

LIST_FIELDS = ("server_cidrs", "udp", "tcp", "target_ports", "windows", "linux")
TEXT_FIELDS = ("icon", "anti_cheat_note", "notes")

Lines = Annotated[str, Meta(max_length=20_000)]


class GameForm(ActForm, frozen=True, kw_only=True):
    """What is edited field by field; an empty field is taken away from the game."""

    server_cidrs: Lines = ""
    udp: Lines = ""
    tcp: Lines = ""
    target_ports: Lines = ""
    windows: Lines = ""
    linux: Lines = ""
    icon: Annotated[str, Meta(max_length=64)] = ""
    anti_cheat_note: Annotated[str, Meta(max_length=400)] = ""
    notes: Annotated[str, Meta(max_length=2000)] = ""


@dataclass(frozen=True)
class GameText:
    """A table as TOML, and where in the form each of its lines stands: field, and line in that field (0: the field as a whole)."""

    toml: str
    places: Mapping[int, tuple[str, int]]


def items(text: str) -> list[str]:
    """What stands in an area, one a line; empty lines do not count."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def form_values(toml: str) -> dict[str, str]:
    """The fields of a game's table as the form shows them."""
    tables = tomllib.loads(toml).get("game", [{}])
    table: dict[str, object] = tables[0] if isinstance(tables, list) and tables else {}
    values = {}
    for name in LIST_FIELDS:
        value = table.get(name, [])
        values[name] = "\n".join(str(item) for item in value) if isinstance(value, list) else ""
    return values | {name: str(table.get(name, "")) for name in TEXT_FIELDS}


def changed_fields(before: Mapping[str, str], form: GameForm) -> dict[str, list[str] | str]:
    """What differs from the game as it is; an empty value is taken away."""
    changed: dict[str, list[str] | str] = {}
    for name in LIST_FIELDS:
        wanted = items(getattr(form, name))
        if wanted != items(before[name]):
            changed[name] = wanted
    for name in TEXT_FIELDS:
        if getattr(form, name) != before[name]:
            changed[name] = getattr(form, name)
    return changed


def edit_request(changed: Mapping[str, list[str] | str], *, dry_run: bool) -> EditGameRequest:
    """The same as the API takes it."""
    lines = [f"{name} = {quoted(value)}" for name, value in changed.items() if value]
    return EditGameRequest(
        fields="\n".join(lines), unset=[name for name, value in changed.items() if not value], dry_run=dry_run
    )


def game_text(slug: str, changed: Mapping[str, list[str] | str]) -> GameText:
    """The change as a game file with one item a line, to be looked through."""
    lines, places = ["[[game]]", f"slug = {quoted(slug)}"], {}
    for name, value in changed.items():
        if not value:
            continue
        if isinstance(value, str):
            lines.append(f"{name} = {quoted(value)}")
            places[len(lines)] = (name, 0)
            continue
        lines.append(f"{name} = [")
        places[len(lines)] = (name, 0)
        for number, item in enumerate(value, start=1):
            lines.append(f"  {quoted(item)},")
            places[len(lines)] = (name, number)
        lines.append("]")
    return GameText("\n".join(lines) + "\n", places)


def faults_by_field(text: GameText, faults: list[GameFault], line_word: str) -> dict[str, str]:
    """What is wrong, by field; what belongs to none stands under "". `line_word` holds `{number}`."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        name, number = text.places.get(fault.line, ("", 0))
        said = f"{line_word.format(number=number)}: {fault.problem}" if number else fault.problem
        found.setdefault(name, []).append(said)
    return {name: "; ".join(said) for name, said in found.items()}


def quoted(value: list[str] | str) -> str:
    """As TOML: its basic strings are those of JSON, but for DEL, which no field may have anyway."""
    return json.dumps(value, ensure_ascii=False)

"""One JSON Schema (2020-12) of every document that `--json` prints, made from the classes of this room."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from plg.contract.cli_output import Document

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""Specification: the `$schema` of JSON Schema 2020-12."""
IDENTIFIER: Final = "urn:plg:cli-output:1"
"""Ours. A second number would mean a file that is read in another way, not a new document."""
SCHEMA_NAME = re.compile(r"plg\.[a-z][a-z0-9_]*/[1-9][0-9]*")

JsonObject = dict[str, Any]


def document_classes() -> dict[str, type[Document]]:
    """Every document by its schema name ("plg.status/1"), in the order of the names. Imports all of plg.contract."""
    import plg.contract

    for module in pkgutil.iter_modules(plg.contract.__path__):
        importlib.import_module(f"plg.contract.{module.name}")
    found: dict[str, type[Document]] = {}
    waiting = list(Document.__subclasses__())
    while waiting:
        document = waiting.pop()
        waiting += document.__subclasses__()
        name = schema_name(document)
        if found.setdefault(name, document) is not document:
            raise ValueError(f"two documents are called {name}: {found[name].__name__} and {document.__name__}")
    return dict(sorted(found.items()))


def schema_name(document: type[Document]) -> str:
    """The value of the document's `schema`. Raises ValueError when it has none of the usual form."""
    name = next((field.default for field in msgspec.structs.fields(document) if field.name == "schema"), None)
    if not isinstance(name, str) or not SCHEMA_NAME.fullmatch(name):
        raise ValueError(f"{document.__name__} has no schema name of the form plg.NAME/NUMBER")
    return name


def json_schema(documents: Mapping[str, type[Document]]) -> JsonObject:
    """The schema of these documents: `$defs` holds each by its schema name, and their parts by the class's name.

    A document that fits the whole fits the entry that its own `schema` names.
    """
    _, components = msgspec.json.schema_components(
        documents.values(), schema_hook=_anything, ref_template="#/$defs/{name}"
    )
    classes = {document.__name__: name for name, document in documents.items()}
    definitions: JsonObject = {}
    for class_name, definition in components.items():
        name = classes.get(class_name)
        if name is not None:
            definition["properties"]["schema"] = {"const": name}
            definition["required"] = ["schema", *definition.get("required", [])]
            definition["title"] = name
        if isinstance(definition.get("description"), str):
            definition["description"] = " ".join(definition["description"].split())
        definitions[name or class_name] = _renamed(definition, classes)
    references = [{"$ref": _reference(name)} for name in documents]
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        "title": "What plg prints with --json",
        "oneOf": references,
        "$defs": dict(sorted(definitions.items())),
    }


def _anything(kind: type) -> JsonObject:
    """`object` stands for any JSON value; other types of Python's own have no place in a document."""
    if kind is object:
        return {"description": "any JSON value"}  # empty would be taken for no answer
    raise NotImplementedError(kind)


def _reference(name: str) -> str:
    """RFC 6901: a slash inside a name is written as `~1`."""
    return "#/$defs/" + name.replace("/", "~1")


def _renamed(node: Any, classes: Mapping[str, str]) -> Any:
    """The node with references to documents by their schema name."""
    if isinstance(node, list):
        return [_renamed(item, classes) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {key: _renamed(value, classes) for key, value in node.items()}
    if isinstance(reference := renamed.get("$ref"), str):
        target = reference.removeprefix("#/$defs/")
        renamed["$ref"] = _reference(classes.get(target, target))
    return renamed


def breaking_changes(before: JsonObject, after: JsonObject) -> list[str]:
    """What a reader of `before` cannot rely on any more with `after`; empty when there are only additions.

    Both as `json_schema` makes them. A document may go when a higher version of it is there. Keys may be added, texts may be reworded;
    a key that goes, another type, a key that is no longer always there: those need a new number.
    """
    old, new = before["$defs"], after["$defs"]
    still_used = msgspec.json.encode(new).decode()
    found: list[str] = []
    for name, definition in old.items():
        if name in new:
            found += _changes(name, definition, new[name])
            continue
        missed = not _has_newer(name, new) if "/" in name else f'"{_reference(name)}"' in still_used
        found += [f"{name}: is gone"] if missed else []
    return found


def _has_newer(name: str, definitions: Mapping[str, object]) -> bool:
    stem, _, number = name.partition("/")
    return any(other.startswith(f"{stem}/") and int(other.partition("/")[2]) > int(number) for other in definitions)


def _changes(where: str, before: Any, after: Any) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[str] = []
        for key, value in before.items():
            if key in {"description", "title"}:
                continue
            if key == "properties":
                found += _changed_properties(where, value, after.get(key, {}))
            elif key == "required":
                found += [
                    f"{where}.{name}: is no longer always there" for name in value if name not in after.get(key, [])
                ]
            elif key not in after:
                found.append(f"{where}: {key} is gone")
            else:
                found += _changes(where, value, after[key])
        if "properties" not in before:
            found += [
                f"{where}: has {key} now" for key in after if key not in before and key not in {"description", "title"}
            ]
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [change for old, new in zip(before, after, strict=True) for change in _changes(where, old, new)]
    return [] if before == after else [f"{where}: is another one now"]


def _changed_properties(where: str, before: JsonObject, after: JsonObject) -> list[str]:
    found: list[str] = []
    for name, definition in before.items():
        if name not in after:
            found.append(f"{where}.{name}: is gone")
        else:
            found += _changes(f"{where}.{name}", definition, after[name])
    return found

"""The schema of what `--json` prints: complete, correct, and stable inside a major version."""

import copy
import json
from typing import Any

import msgspec
import pytest
from jsonschema_rs import Draft202012Validator, meta

from plg.contract.cli_output import (
    Document,
    ErrorDetail,
    ErrorDocument,
    PathView,
    StatusDocument,
    VersionDocument,
)
from plg.contract.json_schema import breaking_changes, document_classes, json_schema, schema_name
from support.json_documents import published

STATUS = StatusDocument(state="off", at="2026-01-01T00:00:00Z")


def whole() -> dict[str, Any]:
    return json_schema(document_classes())


def plain(document: Document) -> dict[str, Any]:
    found = msgspec.to_builtins(document)
    assert isinstance(found, dict)
    return found


def test_it_is_a_schema_of_the_dialect_that_it_names() -> None:
    schema = whole()
    assert meta.is_valid(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert json.loads(json.dumps(schema)) == schema


def test_every_document_is_in_it_by_its_schema_name() -> None:
    schema = whole()
    assert {"plg.status/1", "plg.error/1", "plg.bench/1", "plg.relay_check/1", "plg.config/1"} <= set(schema["$defs"])
    assert len(schema["oneOf"]) == len(document_classes())
    assert all(definition["properties"]["schema"] == {"const": name} for name, definition in schema["$defs"].items() if "/" in name)  # fmt: skip


def test_a_document_fits_the_whole_and_the_entry_of_its_name() -> None:
    error = ErrorDocument(error=ErrorDetail(code="x", message="y", exit_code=2))
    for document in (STATUS, error, VersionDocument(version="1", python="3", platform="x")):
        classes = {document.schema: type(document)}
        assert Draft202012Validator(whole()).is_valid(plain(document))
        assert Draft202012Validator(json_schema(classes)).is_valid(plain(document))


@pytest.mark.parametrize("wrong", [{"state": 1}, {"schema": "plg.status/2"}, {"paths": [{}]}, {"pid": "7"}])
def test_what_does_not_fit_is_seen(wrong: dict[str, object]) -> None:
    assert not Draft202012Validator(whole()).is_valid({**plain(STATUS), **wrong})


def test_an_older_schema_takes_a_newer_document() -> None:
    assert Draft202012Validator(whole()).is_valid({**plain(STATUS), "brand_new": 1})


def test_two_documents_cannot_share_a_name() -> None:
    assert schema_name(StatusDocument) == "plg.status/1"
    with pytest.raises(ValueError, match="no schema name"):
        schema_name(Document)


def test_nothing_that_a_script_relies_on_has_changed_since_it_was_published() -> None:
    assert breaking_changes(published(), whole()) == []


def changed(**properties: Any) -> dict[str, Any]:
    schema = copy.deepcopy(whole())
    for name, definition in properties.items():
        if definition is None:
            del schema["$defs"]["plg.status/1"]["properties"][name]
        else:
            schema["$defs"]["plg.status/1"]["properties"][name] = definition
    return schema


def test_an_addition_is_no_change() -> None:
    after = changed(brand_new={"type": "string"})
    after["$defs"]["plg.new/1"] = {"type": "object", "properties": {"schema": {"const": "plg.new/1"}}}
    after["$defs"]["plg.status/1"]["description"] = "said better"
    assert breaking_changes(whole(), after) == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (changed(state=None), "plg.status/1.state: is gone"),
        (changed(state={"type": "integer"}), "plg.status/1.state: is another one now"),
        (changed(pid={"anyOf": [{"type": "integer"}]}), "plg.status/1.pid: is another one now"),
        (changed(state={"type": "string", "maxLength": 3}), "plg.status/1.state: has maxLength now"),
    ],
)
def test_what_a_script_would_stumble_over_is_named(after: dict[str, Any], said: str) -> None:
    assert said in "\n".join(breaking_changes(whole(), after))


def test_a_document_or_a_part_may_not_go_without_a_newer_one() -> None:
    before, after = whole(), whole()
    moved = after["$defs"].pop("plg.status/1")
    assert breaking_changes(before, after) == ["plg.status/1: is gone"]
    after["$defs"]["plg.status/2"] = moved
    assert breaking_changes(before, after) == []
    del after["$defs"][PathView.__name__]
    assert breaking_changes(before, after) == ["PathView: is gone"]


def test_a_key_that_is_no_longer_always_there_is_named() -> None:
    after = whole()
    after["$defs"]["plg.status/1"]["required"].remove("at")
    assert breaking_changes(whole(), after) == ["plg.status/1.at: is no longer always there"]

"""The OpenAPI document. The server held against it: test_documented_answers.py."""

import json
from collections import Counter

from plg_server.app import all_routes
from plg_server.openapi import openapi_document


def test_every_documented_route_is_in_the_document_with_its_errors() -> None:
    document = openapi_document(all_routes(), "https://plg.example.org")
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://plg.example.org"}]
    for route in all_routes():
        if route.documented:
            operation = document["paths"][route.url][route.method.lower()]
            assert operation["summary"]
            assert str(route.status) in operation["responses"]
            assert {str(status) for status in route.other_statuses} <= set(operation["responses"])
            assert ("requestBody" in operation) == (route.body is not None)


def test_operations_have_names_of_their_own() -> None:
    paths = openapi_document(all_routes())["paths"]
    names = Counter(operation["operationId"] for methods in paths.values() for operation in methods.values())
    assert {name: count for name, count in names.items() if count > 1} == {}


def test_every_reference_leads_somewhere() -> None:
    document = openapi_document(all_routes())
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(document["components"]["schemas"])
    assert {"Account", "TokenPair", "Problem"} <= names

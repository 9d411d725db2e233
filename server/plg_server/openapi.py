"""The OpenAPI 3.1 document, made from the routes and from msgspec's JSON Schema (2020-12, which is OpenAPI 3.1's own)."""

from collections import defaultdict
from typing import Any

import msgspec

from plg import __version__
from plg.contract.problem import ErrorCode, Problem
from plg.contract.relay_control import RELAY_AUTH_HEADER
from plg_server.problems import CONTENT_TYPE, STATUS_OF
from plg_server.routes import Auth, Route

REF_TEMPLATE = "#/components/schemas/{name}"

_SECURITY: dict[Auth, list[dict[str, list[str]]]] = {
    Auth.NONE: [],
    Auth.OPTIONAL: [{}, {"account": []}],
    Auth.ACCOUNT: [{"account": []}],
    Auth.SUPPORT: [{"account": []}],
    Auth.ADMIN: [{"account": []}],
    Auth.RELAY: [{"relay": []}],
}

JsonObject = dict[str, Any]


def openapi_document(routes: tuple[Route, ...], server_url: str | None = None) -> JsonObject:
    """The whole document as plain JSON values."""
    routes = tuple(route for route in routes if route.documented)
    kinds: list[type[msgspec.Struct]] = [Problem]
    for route in routes:
        kinds += [kind for kind in (route.body, route.query, route.path, route.answer) if kind is not None]
        kinds += route.other_statuses.values()
    unique = list(dict.fromkeys(kinds))
    references, components = msgspec.json.schema_components(unique, ref_template=REF_TEMPLATE)
    by_kind = dict(zip(unique, references, strict=True))
    paths: dict[str, JsonObject] = defaultdict(dict)
    for route in routes:
        paths[route.url][route.method.lower()] = _operation(route, by_kind, components)
    inputs = {kind.__name__ for route in routes for kind in (route.query, route.path) if kind is not None}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PLGames Booster server",
            "version": __version__,
            "description": "Accounts, games, relays and sessions. Errors are application/problem+json with a stable code.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        **({"servers": [{"url": server_url}]} if server_url else {}),
        "paths": dict(paths),
        "components": {
            "schemas": {name: schema for name, schema in sorted(components.items()) if name not in inputs},
            "securitySchemes": {
                "account": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "relay": {"type": "apiKey", "in": "header", "name": RELAY_AUTH_HEADER},
            },
        },
    }


def _operation(route: Route, by_kind: dict[type[msgspec.Struct], JsonObject], components: JsonObject) -> JsonObject:
    operation: JsonObject = {
        "operationId": f"{route.tag}_{route.name}",
        "summary": route.summary,
        "tags": [route.tag],
        "security": _SECURITY[route.auth],
        "responses": _responses(route, by_kind),
    }
    parameters = [
        *_parameters(route.path, "path", components),
        *_parameters(route.query, "query", components),
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_kind[route.body]}},
        }
    return operation


def _parameters(kind: type[msgspec.Struct] | None, place: str, components: JsonObject) -> list[JsonObject]:
    if kind is None:
        return []
    schema = components[kind.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": place, "required": place == "path" or name in required, "schema": _not_null(field)}
        for name, field in schema["properties"].items()
    ]


def _not_null(field: JsonObject) -> JsonObject:
    """A query parameter is left out or has text: null cannot be written in a URL."""
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    if len(choices) == 1:
        return {**choices[0], **rest}
    return {**field, "anyOf": choices} if choices else field


def _responses(route: Route, by_kind: dict[type[msgspec.Struct], JsonObject]) -> JsonObject:
    responses: JsonObject = {str(route.status): _success(route, by_kind)}
    for status, kind in route.other_statuses.items():
        responses[str(status)] = {
            "description": kind.__name__,
            "content": {"application/json": {"schema": by_kind[kind]}},
        }
    codes_by_status: dict[int, list[ErrorCode]] = defaultdict(list)
    for code in route.all_errors:
        codes_by_status[STATUS_OF[code]].append(code)
    for status, codes in sorted(codes_by_status.items()):
        content = responses.get(str(status), {}).get("content", {})
        responses[str(status)] = {
            "description": ", ".join(code.value for code in codes),
            "content": {**content, CONTENT_TYPE: {"schema": by_kind[Problem]}},
        }
    return responses


def _success(route: Route, by_kind: dict[type[msgspec.Struct], JsonObject]) -> JsonObject:
    if route.answer is not None:
        return {
            "description": route.answer.__name__,
            "content": {"application/json": {"schema": by_kind[route.answer]}},
        }
    if route.status == 204:
        return {"description": "Done"}
    return {"description": route.summary, "content": {route.media_type: {}}}

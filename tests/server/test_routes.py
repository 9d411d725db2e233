"""Declarations of routes: what does not fit is refused when the program starts, not when a player calls."""

import pytest
from aiohttp import web

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server.app import all_routes, authenticators
from plg_server.problems import STATUS_OF
from plg_server.routes import Auth, Limit, route


class ThingPath(Request, frozen=True, kw_only=True):
    slug: str


class ThingBody(Request, frozen=True, kw_only=True):
    size: int


def test_a_declaration_knows_its_name_summary_and_status() -> None:
    @route("POST", "/v1/things/{slug}", auth=Auth.ACCOUNT, limit=Limit.WRITE, path=ThingPath, body=ThingBody)
    async def make_thing(_request: web.Request, path: ThingPath, body: ThingBody) -> None:
        """Make a thing
        of some size.

        More.
        """

    assert (make_thing.name, make_thing.status) == ("make_thing", 204)
    assert make_thing.summary == "Make a thing of some size."
    assert {ErrorCode.TOKEN_MISSING, ErrorCode.INVALID_BODY, ErrorCode.RATE_LIMITED} <= set(make_thing.all_errors)


def test_a_handler_that_does_not_take_its_body_is_refused() -> None:
    with pytest.raises(TypeError, match="'body'"):

        @route("POST", "/v1/things", auth=Auth.NONE, limit=Limit.NONE, body=ThingBody)
        async def make_thing(_request: web.Request) -> None:
            """Make a thing."""


def test_a_path_struct_that_does_not_match_the_address_is_refused() -> None:
    with pytest.raises(TypeError, match="path struct"):

        @route("GET", "/v1/things/{name}", auth=Auth.NONE, limit=Limit.NONE, path=ThingPath)
        async def thing(_request: web.Request, path: ThingPath) -> None:
            """A thing."""


def test_every_route_of_the_server_can_be_checked_and_is_there_once() -> None:
    routes = all_routes()
    places = [(route.method, route.url) for route in routes]
    assert len(set(places)) == len(places)
    assert {route.auth for route in routes} <= set(authenticators())
    assert all(route.summary for route in routes)


def test_only_health_and_documents_have_no_rate_limit() -> None:
    assert not [route.url for route in all_routes() if route.limit is Limit.NONE and route.url.startswith("/v1/")]


def test_every_code_that_a_route_may_answer_has_a_status() -> None:
    assert all(code in STATUS_OF for route in all_routes() for code in route.all_errors)

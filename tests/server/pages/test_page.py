"""Pages are checked when they are declared."""

import pytest
from aiohttp import web

from plg.contract.schema import Request
from plg_server.pages.page import Access, NoFields, Page, page
from plg_server.routes import Limit


class Place(Request, frozen=True, kw_only=True):
    """Of an address."""

    slug: str


class Look(Request, frozen=True, kw_only=True):
    """Of a query."""

    at: int = 0


async def nothing_read(request: web.Request) -> web.Response:
    raise NotImplementedError


async def place_read(request: web.Request, path: Place) -> web.Response:
    raise NotImplementedError


async def look_read(request: web.Request, query: Look) -> web.Response:
    raise NotImplementedError


async def form_read(request: web.Request, form: NoFields) -> web.Response:
    raise NotImplementedError


def declared(method: str, url: str, handler: object, **more: object) -> Page:
    return page(method, url, access=Access.ANYBODY, limit=Limit.NONE, **more)(handler)  # type: ignore[arg-type]  # handlers of all kinds


def test_a_page_knows_what_it_reads() -> None:
    shown = declared("GET", "/games/{slug}", place_read, path=Place)
    assert (shown.name, shown.inputs, shown.kept_s) == ("place_read", {"path": Place}, 0.0)
    sent = declared(
        "POST", "/widgets", form_read, form=NoFields, shown_again=declared("GET", "/widgets", look_read, query=Look)
    )
    assert sent.inputs == {"form": NoFields}


@pytest.mark.parametrize(
    ("method", "url", "handler", "more"),
    [
        ("GET", "/", look_read, {}),
        ("GET", "/", nothing_read, {"query": Look}),
        ("GET", "/{slug}", place_read, {"path": Look}),
        ("GET", "/{other}", place_read, {"path": Place}),
        ("GET", "/{slug}", nothing_read, {}),
        ("GET", "/", form_read, {"form": NoFields}),
        ("POST", "/", nothing_read, {}),
        ("POST", "/", form_read, {"form": NoFields, "shown_again": declared("GET", "/{slug}", place_read, path=Place)}),
    ],
)
def test_what_does_not_fit_is_a_fault_at_the_start(
    method: str, url: str, handler: object, more: dict[str, object]
) -> None:
    with pytest.raises(TypeError):
        declared(method, url, handler, **more)

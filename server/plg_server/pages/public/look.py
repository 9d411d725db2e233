"""/look: language and theme, remembered in the browser. Links, so that they work without scripts; there is nothing to gain by forging one."""

from typing import Literal

from aiohttp import web

from plg.contract.schema import Request
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import address, path_without_language, safe_next
from plg_server.pages.visitor import LANGUAGE_COOKIE, LOOK_KEPT_S, THEME_COOKIE, visitor_of
from plg_server.routes import Limit


class LookQuery(Request, frozen=True, kw_only=True):
    """What to change, and the page to come back to."""

    theme: Literal["auto", "light", "dark"] | None = None
    language: Literal["en", "ru"] | None = None
    next: str = "/"


@page("GET", "/look", access=Access.ANYBODY, limit=Limit.READ, query=LookQuery)
async def look(request: web.Request, query: LookQuery) -> web.StreamResponse:
    """Remember it and go back."""
    language = query.language or visitor_of(request).language
    back = safe_next(query.next) or f"/{language}/"
    path, _, rest = back.partition("?")
    response = web.Response(status=303)
    response.headers["Location"] = address(language, path_without_language(path)) + (f"?{rest}" if rest else "")
    chosen = {THEME_COOKIE: query.theme, LANGUAGE_COOKIE: query.language}
    for name, value in chosen.items():
        if value is not None:
            response.set_cookie(name, value, path="/", max_age=LOOK_KEPT_S, samesite="Lax", httponly=True)
    return response


PAGES = (look,)

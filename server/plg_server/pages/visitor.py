"""Who looks at a page: language, theme, and the account when the browser is signed in; and the cookies that say so."""

import secrets
from dataclasses import dataclass
from typing import Literal

from aiohttp import hdrs, web

from plg_server import app_keys
from plg_server.handlers.accounts import preferred_language
from plg_server.models.accounts import Account
from plg_server.pages.language import LANGUAGES

# The prefix makes browsers take them only over https (or from this machine), for this host alone (RFC 6265bis, 4.1.3.2).
SESSION_COOKIE = "__Host-plg"
FORM_COOKIE = "__Host-plg-form"
LANGUAGE_COOKIE = "plg-language"
THEME_COOKIE = "plg-theme"

LONGEST_COOKIE_CHARS = 128

LOOK_KEPT_S = 365 * 24 * 3600

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")

LANGUAGE = web.RequestKey("page_language", str)
FORM_BINDING = web.RequestKey("form_binding", str)
"""What this browser's form tokens are bound to; empty until it has a cookie."""


@dataclass(frozen=True)
class Visitor:
    """Whoever looks."""

    language: str
    theme: Theme
    account: Account | None

    @property
    def is_operator(self) -> bool:
        """May see operators' pages."""
        return self.account is not None and self.account.role in ("support", "admin")

    @property
    def is_admin(self) -> bool:
        """May change what operators look after."""
        return self.account is not None and self.account.role == "admin"


def visitor_of(request: web.Request) -> Visitor:
    """What is known of the visitor by now: the account once `identify` has looked."""
    identity = request.get(app_keys.IDENTITY)
    theme = request.cookies.get(THEME_COOKIE, "")
    return Visitor(
        language=request.get(LANGUAGE) or wanted_language(request),
        theme=next((known for known in THEMES if known == theme), "auto"),
        account=None if identity is None else identity.account,
    )


def wanted_language(request: web.Request) -> str:
    """By the address, else as chosen before, else as the browser asks."""
    in_address = request.path.split("/")[1]
    if in_address in LANGUAGES:
        return in_address
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else preferred_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


async def identify(request: web.Request) -> None:
    """Leaves `IDENTITY` on the request when the browser is signed in. Raises ApiError `account_banned`."""
    token = request.cookies.get(SESSION_COOKIE, "")
    request[FORM_BINDING] = request.cookies.get(FORM_COOKIE, "")[:LONGEST_COOKIE_CHARS]
    if not token or len(token) > LONGEST_COOKIE_CHARS or not token.isascii():
        return
    identity = await request.app[app_keys.BROWSER_SESSIONS].identify(token, request[app_keys.CLIENT_ADDRESS])
    if identity is not None:
        request[app_keys.IDENTITY] = identity
        # A signed-in browser's forms end with its session.
        request[FORM_BINDING] = token


def form_binding(request: web.Request) -> str:
    """What form tokens are bound to; made now for a browser that has nothing yet (`keep_form_binding` gives it the cookie)."""
    if not request.get(FORM_BINDING):
        request[FORM_BINDING] = secrets.token_urlsafe(24)
    return request[FORM_BINDING]


def keep_form_binding(request: web.Request, response: web.StreamResponse) -> None:
    """Gives the browser the cookie that a form on this page was bound to, if it has not got it."""
    binding = request.get(FORM_BINDING, "")
    if binding and app_keys.IDENTITY not in request and request.cookies.get(FORM_COOKIE) != binding:
        response.set_cookie(FORM_COOKIE, binding, path="/", secure=True, httponly=True, samesite="Strict")


def keep_session(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Signs this browser in. The form cookie of before goes with what was bound to it."""
    lifetime = request.app[app_keys.BROWSER_SESSIONS].lifetime
    response.set_cookie(
        SESSION_COOKIE,
        token,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
        max_age=int(lifetime.total_seconds()),
    )
    response.del_cookie(FORM_COOKIE, path="/", secure=True, httponly=True, samesite="Strict")


def forget_session(response: web.StreamResponse) -> None:
    """Signs this browser out."""
    response.del_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")

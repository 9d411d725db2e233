"""/sign-in."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.accounts import LoginRequest
from plg.contract.problem import ErrorCode
from plg.contract.schema import Email, Request
from plg_server import app_keys
from plg_server.pages.browser_names import browser_name
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import NEXT_LIMIT_CHARS, REFUSAL, go, render, safe_next
from plg_server.pages.visitor import keep_session
from plg_server.routes import Limit

Next = Annotated[str, Meta(max_length=NEXT_LIMIT_CHARS)]


class SignInQuery(Request, frozen=True, kw_only=True):
    """Where to go afterwards."""

    next: Next = ""


class SignInForm(Request, frozen=True, kw_only=True):
    """E-mail address and password, and a code where the second factor is on."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    totp: Annotated[str, Meta(max_length=32)] | None = None
    next: Next = ""


@page("GET", "/sign-in", access=Access.ANYBODY, limit=Limit.READ, query=SignInQuery)
async def sign_in_page(request: web.Request, query: SignInQuery) -> web.Response:
    """Ask who it is; whoever is signed in already goes on."""
    if app_keys.IDENTITY in request:
        return go(request, "/account")
    refusal = request.get(REFUSAL)
    needs_code = refusal is not None and refusal.code in (ErrorCode.TOTP_NEEDED, ErrorCode.TOTP_WRONG)
    return render(request, "account/sign_in.html", next=safe_next(query.next), needs_code=needs_code)


@page("POST", "/sign-in", access=Access.ANYBODY, limit=Limit.SIGN_IN, form=SignInForm, shown_again=sign_in_page)
async def sign_in(request: web.Request, form: SignInForm) -> web.StreamResponse:
    """Sign this browser in, with a token that it has never had before."""
    token = await request.app[app_keys.BROWSER_SESSIONS].sign_in(
        LoginRequest(email=form.email, password=form.password, totp=form.totp, device=browser_name(request)),
        request[app_keys.CLIENT_ADDRESS],
    )
    next_page = safe_next(form.next)
    response = go(request, "/account")
    if next_page:
        response.headers["Location"] = next_page
    keep_session(request, response, token)
    return response


PAGES = (sign_in_page, sign_in)

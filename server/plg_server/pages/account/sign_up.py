"""/sign-up: a new account, signed in at once."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.accounts import RegisterRequest
from plg.contract.billing import CodeText
from plg.contract.problem import ErrorCode
from plg.contract.schema import DisplayName, Email, Password, Request
from plg_server import app_keys
from plg_server.pages.account.sign_in import Next
from plg_server.pages.browser_names import browser_name
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render, safe_next
from plg_server.pages.visitor import keep_session, visitor_of
from plg_server.problems import ApiError
from plg_server.routes import Limit


class SignUpQuery(Request, frozen=True, kw_only=True):
    """A friend's or a promo code, and where to go afterwards."""

    ref: Annotated[str, Meta(max_length=64)] = ""
    next: Next = ""


class SignUpForm(Request, frozen=True, kw_only=True):
    """Address and password; the rest may be left out."""

    email: Email
    password: Password
    display_name: DisplayName | None = None
    ref: CodeText | None = None
    next: Next = ""


@page("GET", "/sign-up", access=Access.ANYBODY, limit=Limit.READ, query=SignUpQuery)
async def sign_up_page(request: web.Request, query: SignUpQuery) -> web.Response:
    """Ask for address and password; whoever is signed in already goes on."""
    if app_keys.IDENTITY in request:
        return go(request, "/account")
    return render(request, "account/sign_up.html", ref=query.ref, next=safe_next(query.next))


@page("POST", "/sign-up", access=Access.ANYBODY, limit=Limit.SIGN_IN, form=SignUpForm, shown_again=sign_up_page)
async def sign_up(request: web.Request, form: SignUpForm) -> web.StreamResponse:
    """Make the account and sign this browser in, with a token that it has never had before."""
    language = visitor_of(request).language
    wanted = RegisterRequest(
        email=form.email,
        password=form.password,
        display_name=form.display_name,
        language="ru" if language == "ru" else "en",
    )
    token, account_id = await request.app[app_keys.BROWSER_SESSIONS].sign_up(
        wanted, browser_name(request), request[app_keys.CLIENT_ADDRESS]
    )
    response = go(request, "/account", note=await _after_code(request, account_id, form.ref))
    next_page = safe_next(form.next)
    if next_page:
        response.headers["Location"] = next_page
    keep_session(request, response, token)
    return response


async def _after_code(request: web.Request, account_id: str, code: str | None) -> str:
    """Use the code that came with the form. The account is there whatever comes of it."""
    if code is None or not request.app[app_keys.CONFIG].billing.on:
        return "welcome"
    try:
        await request.app[app_keys.CODES].redeem(account_id, code)
    except ApiError as refusal:
        if refusal.code in (ErrorCode.CODE_REFUSED, ErrorCode.CODE_USED):
            return "welcome_without_code"
        if refusal.code is ErrorCode.STORE_UNAVAILABLE:
            return "welcome_code_later"
        raise
    return "welcome_with_code"


PAGES = (sign_up_page, sign_up)

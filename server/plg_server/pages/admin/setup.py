"""/setup: the first admin. It is there while the server has none, and only whoever has the token of the server's log gets through."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.accounts import RegisterRequest
from plg.contract.problem import ErrorCode
from plg.contract.schema import Email, Password, Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.models.accounts import Account
from plg_server.pages.browser_names import browser_name
from plg_server.pages.forms import FormRefused
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.pages.visitor import keep_session, visitor_of
from plg_server.problems import ApiError
from plg_server.routes import Limit
from plg_server.services.admin_claim import claim, has_admin, refuse_wrong_token
from plg_server.services.audit import Actor

FIRST_STEP = "/setup/server"


class SetupForm(Request, frozen=True, kw_only=True):
    """The token, and the account to make where nobody is signed in."""

    token: Annotated[str, Meta(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
    email: Email | None = None
    password: Password | None = None


@page("GET", "/setup", access=Access.ANYBODY, limit=Limit.READ)
async def setup_page(request: web.Request) -> web.StreamResponse:
    """Ask for the token. Where there is an admin this page is not there; admins go on with the steps."""
    if await has_admin():
        if visitor_of(request).is_admin:
            return go(request, FIRST_STEP)
        raise _not_there()
    return render(request, "admin/setup.html")


@page("POST", "/setup", access=Access.ANYBODY, limit=Limit.CODE, form=SetupForm, shown_again=setup_page)
async def set_up(request: web.Request, form: SetupForm) -> web.StreamResponse:
    """The signed-in account becomes the admin, or a new one does."""
    if await has_admin():
        raise _not_there()
    now = request.app[app_keys.CLOCK]()
    await refuse_wrong_token(form.token, now)
    if app_keys.IDENTITY in request:
        await claim(actor_of(request), form.token, now)
        return go(request, FIRST_STEP, note="claimed")
    for name in ("email", "password"):
        if getattr(form, name) is None:
            raise FormRefused(f"Object missing required field `{name}`")
    account = await _new_account(request, form)
    actor = Actor(
        account_id=account.id,
        role=account.role,
        via="sign_in",
        request_id=request[app_keys.REQUEST_ID],
        address=request[app_keys.CLIENT_ADDRESS],
    )
    await claim(actor, form.token, now)
    token = await request.app[app_keys.BROWSER_SESSIONS].begin(account, browser_name(request), actor.address)
    response = go(request, FIRST_STEP, note="claimed")
    keep_session(request, response, token)
    return response


async def _new_account(request: web.Request, form: SetupForm) -> Account:
    wanted = RegisterRequest(email=form.email or "", password=form.password or "")
    made = await request.app[app_keys.ACCOUNTS].register(wanted, visitor_of(request).language, is_invited=True)
    return await Account.get(id=made.id)


def _not_there() -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, "this server has been set up")


PAGES = (setup_page, set_up)

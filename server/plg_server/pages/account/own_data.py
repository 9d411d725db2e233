"""/account/data: take everything along, and go."""

from typing import Literal

from aiohttp import web

from plg.contract.account_safety import AccountDeletion, DeleteAccountRequest, GivenPassword, SecondFactorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.personal_data import export_response
from plg_server.pages.account.frame import show
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import REFUSAL, SHOWN_AT, go
from plg_server.pages.visitor import forget_session
from plg_server.routes import Limit

PREVIEW = web.RequestKey("deletion_preview", AccountDeletion)


class PreviewForm(Request, frozen=True, kw_only=True):
    """Who asks, once more."""

    password: GivenPassword
    totp: SecondFactorCode | None = None


class DeleteForm(PreviewForm, frozen=True, kw_only=True):
    """The same, and the tick that says that it is meant."""

    sure: Literal["true"]


@page("GET", "/account/data", access=Access.SIGNED_IN, limit=Limit.READ)
async def data_page(request: web.Request) -> web.Response:
    """Both ways out."""
    return show(request, "account/data.html")


@page("GET", "/account/data/export", access=Access.SIGNED_IN, limit=Limit.SIGN_IN)
async def export_file(request: web.Request) -> web.StreamResponse:
    """Everything that the server knows about the account, as a file."""
    return await export_response(request)


@page("GET", "/account/data/delete", access=Access.SIGNED_IN, limit=Limit.READ)
async def delete_page(request: web.Request) -> web.Response:
    """What is asked before an account goes, and what would go once that was looked at."""
    totp = await request.app[app_keys.SECOND_FACTORS].status(request[app_keys.IDENTITY].account_id)
    was_decided = request.path.endswith(delete_page.url) and REFUSAL in request
    return show(request, "account/delete.html", totp=totp, preview=request.get(PREVIEW), was_decided=was_decided)


@page(
    "POST",
    "/account/data/delete/preview",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=PreviewForm,
    shown_again=delete_page,
)
async def preview_deletion(request: web.Request, form: PreviewForm) -> web.StreamResponse:
    """Everything but the deed: the code of the second factor is not used up."""
    request[SHOWN_AT] = delete_page.url
    request[PREVIEW] = await _delete(request, form, dry_run=True)
    return await delete_page.handler(request)


@page(
    "POST",
    "/account/data/delete",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=DeleteForm,
    shown_again=delete_page,
)
async def delete_account(request: web.Request, form: DeleteForm) -> web.StreamResponse:
    """Delete the account for good."""
    await _delete(request, form, dry_run=False)
    response = go(request, "/", note="account_deleted")
    forget_session(response)
    return response


async def _delete(request: web.Request, form: PreviewForm, *, dry_run: bool) -> AccountDeletion:
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, form.password)
    wish = DeleteAccountRequest(password=form.password, totp=form.totp, dry_run=dry_run)
    return await request.app[app_keys.ACCOUNT_DELETION].delete(account, wish, actor_of(request))


PAGES = (data_page, export_file, delete_page, preview_deletion, delete_account)

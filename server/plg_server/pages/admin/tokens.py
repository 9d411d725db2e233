"""/admin/tokens: relays' enrolment tokens and everybody's API tokens."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_tokens import AdminTokensQuery, RevokeTokenRequest
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.tokens import AnyTokenPath
from plg_server.pages.admin.acts import ActForm, Fact, Trial, ask_once_more, said
from plg_server.pages.admin.lists import paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services.admin_tokens import revoke_token, show_token, token_page


class RevokeForm(ActForm, frozen=True, kw_only=True):
    """Why, for the audit log."""

    reason: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


@page("GET", "/admin/tokens", access=Access.SUPPORT, limit=Limit.READ, query=AdminTokensQuery)
async def tokens_page(request: web.Request, query: AdminTokensQuery) -> web.Response:
    """Relays' tokens, then API tokens. None shows the token itself."""
    found = await token_page(query, request.app[app_keys.CLOCK]())
    return render(request, "admin/tokens.html", tokens=found.tokens, query=query, paging=paging(query, found))


@page("GET", "/admin/tokens/{token_id}", access=Access.SUPPORT, limit=Limit.READ, path=AnyTokenPath)
async def one_token_page(request: web.Request, path: AnyTokenPath) -> web.Response:
    """One token, but for the token itself."""
    return render(request, "admin/token.html", token=await show_token(path.token_id, request.app[app_keys.CLOCK]()))


@page(
    "POST",
    "/admin/tokens/{token_id}/revoke",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=AnyTokenPath,
    form=RevokeForm,
    shown_again=one_token_page,
)
async def revoke_any_token(request: web.Request, path: AnyTokenPath, form: RevokeForm) -> web.StreamResponse:
    """End it at once, whoever's it is."""
    wanted = RevokeTokenRequest(reason=form.reason, dry_run=form.dry_run)
    done = await revoke_token(actor_of(request), path.token_id, wanted, request.app[app_keys.CLOCK]())
    back = f"/admin/tokens/{path.token_id}"
    if not done.dry_run:
        return go(request, back, note="any_token_revoked")
    facts = (Fact(said(request, N_("Token")), f"{done.token.name} ({done.token.kind})"),) if done.changed else ()
    title = said(request, N_("Revoke this token?"))
    return ask_once_more(request, Trial(title, said(request, N_("Revoke the token")), back, facts))


PAGES = (tokens_page, one_token_page, revoke_any_token)

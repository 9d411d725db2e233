"""/account/security/devices and /account/security/tokens: who may act for the account."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.api_tokens import CreateTokenRequest, Scope
from plg.contract.schema import DisplayName, Request
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.pages.account.frame import PAGE_ROWS, PageNumber, show
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.rendering import go
from plg_server.routes import Limit
from plg_server.services import api_tokens, devices


class DevicePath(Request, frozen=True):
    """A sign-in of the visitor's."""

    device_id: EntityId


class TokenPath(Request, frozen=True):
    """An API token of the visitor's."""

    token_id: EntityId


class TokenForm(Request, frozen=True, kw_only=True):
    """A new token. Without days it works until it is revoked."""

    name: DisplayName
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=5)]
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


@page("GET", "/account/security/devices", access=Access.SIGNED_IN, limit=Limit.READ, query=PageNumber)
async def devices_page(request: web.Request, query: PageNumber) -> web.Response:
    """Where the account is signed in."""
    identity = request[app_keys.IDENTITY]
    shown = await devices.devices(identity.account_id, identity.sign_in_id, PAGE_ROWS, query.offset)
    return show(request, "account/devices.html", shown=shown, query=query)


@page(
    "POST",
    "/account/security/devices/{device_id}/end",
    access=Access.SIGNED_IN,
    limit=Limit.WRITE,
    path=DevicePath,
    form=NoFields,
    shown_again=devices_page,
)
async def end_device(request: web.Request, path: DevicePath, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Sign one device out at once."""
    now = request.app[app_keys.CLOCK]()
    await devices.revoke(request[app_keys.IDENTITY].account_id, path.device_id, now)
    return go(request, "/account/security/devices", note="device_ended")


@page(
    "POST",
    "/account/security/devices/end-others",
    access=Access.SIGNED_IN,
    limit=Limit.WRITE,
    form=NoFields,
    shown_again=devices_page,
)
async def end_other_devices(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Sign all but this browser out."""
    identity = request[app_keys.IDENTITY]
    await devices.revoke_others(identity.account_id, identity.sign_in_id, request.app[app_keys.CLOCK]())
    return go(request, "/account/security/devices", note="devices_ended")


@page("GET", "/account/security/tokens", access=Access.SIGNED_IN, limit=Limit.READ, query=PageNumber)
async def tokens_page(request: web.Request, query: PageNumber) -> web.Response:
    """Tokens for scripts."""
    identity = request[app_keys.IDENTITY]
    shown = await api_tokens.tokens(identity.account_id, PAGE_ROWS, query.offset)
    may_operate = identity.account.role in api_tokens.OPERATOR_ROLES
    scopes = [scope for scope in Scope if may_operate or scope not in api_tokens.OPERATOR_SCOPES]
    return show(request, "account/tokens.html", shown=shown, query=query, scopes=scopes)


@page(
    "POST",
    "/account/security/tokens",
    access=Access.SIGNED_IN,
    limit=Limit.WRITE,
    form=TokenForm,
    shown_again=tokens_page,
)
async def create_token(request: web.Request, form: TokenForm) -> web.Response:
    """Make one; this answer is the only place that shows it."""
    wish = CreateTokenRequest(name=form.name, scopes=form.scopes, expires_in_days=form.expires_in_days)
    made = await api_tokens.create(request[app_keys.IDENTITY].account, wish, request.app[app_keys.CLOCK]())
    return show(request, "account/token_made.html", made=made)


@page(
    "POST",
    "/account/security/tokens/{token_id}/revoke",
    access=Access.SIGNED_IN,
    limit=Limit.WRITE,
    path=TokenPath,
    form=NoFields,
    shown_again=tokens_page,
)
async def revoke_token(request: web.Request, path: TokenPath, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """End one at once."""
    now = request.app[app_keys.CLOCK]()
    await api_tokens.revoke(request[app_keys.IDENTITY].account_id, path.token_id, now)
    return go(request, "/account/security/tokens", note="token_revoked")


PAGES = (devices_page, end_other_devices, end_device, tokens_page, create_token, revoke_token)

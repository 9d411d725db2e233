"""/v1/me/export and /v1/me/delete: take everything along, and go."""

from collections.abc import AsyncIterator

import structlog
from aiohttp import hdrs, web

from plg.contract.account_safety import AccountDeletion, AccountExport, DeleteAccountRequest
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.middlewares import OWN_HEADERS, REQUEST_ID_HEADER
from plg_server.routes import Auth, Limit, route
from plg_server.services.data_export import export_parts

FILE_NAME = "plg-account.json"
"""What a browser calls the file."""


@route("GET", "/v1/me/export", answer=AccountExport, auth=Auth.ACCOUNT, limit=Limit.SIGN_IN)
async def export_data(request: web.Request) -> web.StreamResponse:
    """Everything that the server knows about the account, without secrets."""
    return await export_response(request)


async def export_response(request: web.Request) -> web.StreamResponse:
    """The export of whoever is signed in, sent piece by piece."""
    identity = request[app_keys.IDENTITY]
    shown = request.app[app_keys.ACCOUNTS].describe(identity.account)
    totp = await request.app[app_keys.SECOND_FACTORS].status(identity.account_id)
    parts = export_parts(identity.account, shown, totp, identity.sign_in_id, request.app[app_keys.CLOCK]())
    # Until the first piece is there a failure can still be told by a status.
    first = await anext(parts)
    response = web.StreamResponse(
        headers={
            **OWN_HEADERS,
            REQUEST_ID_HEADER: request[app_keys.REQUEST_ID],
            hdrs.CONTENT_TYPE: "application/json",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{FILE_NAME}"',
        }
    )
    await response.prepare(request)
    await _write(request, response, first, parts)
    return response


async def _write(request: web.Request, response: web.StreamResponse, first: bytes, parts: AsyncIterator[bytes]) -> None:
    try:
        await response.write(first)
        async for part in parts:
            await response.write(part)
    except ConnectionError:
        return  # the caller went away
    except Exception as error:  # noqa: BLE001 - the answer has begun: it can only be broken off, so that nobody takes it for whole
        structlog.get_logger().error("export_broken_off", exc_info=error)
        if request.transport is not None:
            request.transport.abort()


@route(
    "POST",
    "/v1/me/delete",
    body=DeleteAccountRequest,
    answer=AccountDeletion,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(
        ErrorCode.WRONG_PASSWORD,
        ErrorCode.TOTP_NEEDED,
        ErrorCode.TOTP_WRONG,
        ErrorCode.LAST_ADMIN,
        ErrorCode.NOT_FOUND,
    ),
)
async def delete_account(request: web.Request, body: DeleteAccountRequest) -> AccountDeletion:
    """Delete the caller's account for good, or try it out."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, body.password)
    return await request.app[app_keys.ACCOUNT_DELETION].delete(account, body, actor_of(request))


ROUTES = (export_data, delete_account)

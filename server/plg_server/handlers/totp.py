"""/v1/me/totp: the second factor."""

from aiohttp import web

from plg.contract.account_safety import (
    RecoveryCodes,
    TotpBeginRequest,
    TotpConfirmRequest,
    TotpProofRequest,
    TotpSetup,
    TotpStatus,
)
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route


@route("GET", "/v1/me/totp", answer=TotpStatus, auth=Auth.ACCOUNT, limit=Limit.READ)
async def totp_status(request: web.Request) -> TotpStatus:
    """Whether sign-in asks for a code."""
    return await request.app[app_keys.SECOND_FACTORS].status(request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/me/totp",
    body=TotpBeginRequest,
    answer=TotpSetup,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.WRONG_PASSWORD, ErrorCode.TOTP_ON),
)
async def begin_totp(request: web.Request, body: TotpBeginRequest) -> TotpSetup:
    """Get a secret for an authenticator. It counts when a first code was confirmed."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, body.password)
    return await request.app[app_keys.SECOND_FACTORS].begin(account.id, account.email)


@route(
    "POST",
    "/v1/me/totp/confirm",
    body=TotpConfirmRequest,
    answer=RecoveryCodes,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.TOTP_OFF, ErrorCode.TOTP_ON, ErrorCode.TOTP_WRONG),
)
async def confirm_totp(request: web.Request, body: TotpConfirmRequest) -> RecoveryCodes:
    """Switch the second factor on with a first code; gives the recovery codes, once."""
    return await request.app[app_keys.SECOND_FACTORS].confirm(request[app_keys.IDENTITY].account_id, body.code)


@route(
    "POST",
    "/v1/me/totp/off",
    body=TotpProofRequest,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.WRONG_PASSWORD, ErrorCode.TOTP_OFF, ErrorCode.TOTP_WRONG),
)
async def turn_totp_off(request: web.Request, body: TotpProofRequest) -> None:
    """Switch the second factor off, with the password and a code."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, body.password)
    await request.app[app_keys.SECOND_FACTORS].turn_off(account.id, body.totp)


@route(
    "POST",
    "/v1/me/totp/recovery-codes",
    body=TotpProofRequest,
    answer=RecoveryCodes,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.WRONG_PASSWORD, ErrorCode.TOTP_OFF, ErrorCode.TOTP_WRONG),
)
async def renew_recovery_codes(request: web.Request, body: TotpProofRequest) -> RecoveryCodes:
    """Ten new recovery codes in place of the earlier ones."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, body.password)
    return await request.app[app_keys.SECOND_FACTORS].renew_codes(account.id, body.totp)


ROUTES = (totp_status, begin_totp, confirm_totp, turn_totp_off, renew_recovery_codes)

"""/v1/me/...: address, password and language of one's own account; /v1/auth/forgot and what e-mails bring back."""

from aiohttp import web

from plg.contract.account_changes import (
    AccountSettings,
    Asked,
    ChangeEmailRequest,
    ChangePasswordRequest,
    ForgotRequest,
    LanguageRequest,
    MailCodeRequest,
    MailSent,
    ResetRequest,
)
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.handlers.accounts import preferred_language
from plg_server.routes import Auth, Limit, route


@route("GET", "/v1/me/settings", answer=AccountSettings, auth=Auth.ACCOUNT, limit=Limit.READ)
async def account_settings(request: web.Request) -> AccountSettings:
    """The caller's address, whether it is confirmed, and the language of e-mails."""
    return await request.app[app_keys.ACCOUNT_CHANGES].describe(request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/me/language",
    body=LanguageRequest,
    answer=AccountSettings,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
)
async def set_language(request: web.Request, body: LanguageRequest) -> AccountSettings:
    """Choose the language of e-mails."""
    account_id = request[app_keys.IDENTITY].account_id
    await request.app[app_keys.ACCOUNT_CHANGES].set_language(account_id, body.language)
    return await request.app[app_keys.ACCOUNT_CHANGES].describe(account_id)


@route(
    "POST",
    "/v1/me/email/verification",
    answer=MailSent,
    status=202,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.MAIL_OFF, ErrorCode.EMAIL_VERIFIED_ALREADY),
)
async def send_verification(request: web.Request) -> MailSent:
    """Send a code to the account's address."""
    return await request.app[app_keys.EMAIL_VERIFICATION].send(request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/me/email/verify",
    body=MailCodeRequest,
    answer=AccountSettings,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.CODE_REFUSED, ErrorCode.EMAIL_TAKEN),
)
async def verify_email(request: web.Request, body: MailCodeRequest) -> AccountSettings:
    """Confirm the account's address, or a new one, with the code that was sent there."""
    account_id = request[app_keys.IDENTITY].account_id
    await request.app[app_keys.ACCOUNT_CHANGES].verify(account_id, body.code)
    return await request.app[app_keys.ACCOUNT_CHANGES].describe(account_id)


@route(
    "POST",
    "/v1/me/email",
    body=ChangeEmailRequest,
    answer=MailSent,
    status=202,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.MAIL_OFF, ErrorCode.WRONG_PASSWORD),
)
async def change_email(request: web.Request, body: ChangeEmailRequest) -> MailSent:
    """Ask for another address: a code goes to it, and nothing changes before that code comes back."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.ACCOUNT_CHANGES].change_email(account, body.password, body.new_email)


@route(
    "POST",
    "/v1/me/password",
    body=ChangePasswordRequest,
    auth=Auth.ACCOUNT,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.WRONG_PASSWORD,),
)
async def change_password(request: web.Request, body: ChangePasswordRequest) -> None:
    """Change the password; every other sign-in of the account ends."""
    identity = request[app_keys.IDENTITY]
    await request.app[app_keys.ACCOUNT_CHANGES].change_password(
        identity.account, identity.sign_in_id, body.old_password, body.new_password
    )


@route(
    "POST",
    "/v1/auth/forgot",
    body=ForgotRequest,
    answer=Asked,
    status=202,
    auth=Auth.NONE,
    limit=Limit.CODE,
    errors=(ErrorCode.MAIL_OFF,),
)
async def forgot_password(request: web.Request, body: ForgotRequest) -> Asked:
    """Ask for a new password by e-mail. The answer is the same whether there is such an account or not."""
    language = preferred_language(request.headers.get("Accept-Language", ""))
    await request.app[app_keys.PASSWORD_RESET].ask(body.email, language)
    return Asked(detail="if there is an account with this address, an e-mail with a code is on its way")


@route("POST", "/v1/auth/reset", body=ResetRequest, auth=Auth.NONE, limit=Limit.CODE, errors=(ErrorCode.CODE_REFUSED,))
async def reset_password(request: web.Request, body: ResetRequest) -> None:
    """Set a new password with the code of an e-mail; every sign-in of the account ends."""
    await request.app[app_keys.PASSWORD_RESET].reset(body.code, body.new_password)


@route(
    "POST",
    "/v1/auth/verify-link",
    body=MailCodeRequest,
    auth=Auth.NONE,
    limit=Limit.CODE,
    errors=(ErrorCode.CODE_REFUSED, ErrorCode.EMAIL_TAKEN),
)
async def verify_by_link(request: web.Request, body: MailCodeRequest) -> None:
    """Confirm an address with the token of the link that was sent there."""
    await request.app[app_keys.ACCOUNT_CHANGES].verify_link(body.code)


@route(
    "POST",
    "/v1/auth/undo-email",
    body=MailCodeRequest,
    auth=Auth.NONE,
    limit=Limit.CODE,
    errors=(ErrorCode.CODE_REFUSED, ErrorCode.EMAIL_TAKEN),
)
async def undo_email(request: web.Request, body: MailCodeRequest) -> None:
    """Take a change of address back with the code that the old address got; every sign-in of the account ends."""
    await request.app[app_keys.ACCOUNT_CHANGES].undo_email(body.code)


ROUTES = (
    account_settings,
    set_language,
    send_verification,
    verify_email,
    change_email,
    change_password,
    forgot_password,
    reset_password,
    verify_by_link,
    undo_email,
)

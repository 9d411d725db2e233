"""/account/security: what guards the account; its password, address and language."""

from typing import Literal

from aiohttp import web

from plg.contract.account_changes import OldPassword
from plg.contract.schema import Email, Password, Request
from plg_server import app_keys
from plg_server.pages.account.frame import show
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go
from plg_server.pages.visitor import keep_session
from plg_server.routes import Limit
from plg_server.services import api_tokens, devices


class PasswordForm(Request, frozen=True, kw_only=True):
    """The old one, and a new one."""

    old_password: OldPassword
    new_password: Password


class EmailForm(Request, frozen=True, kw_only=True):
    """Another address, with the password."""

    new_email: Email
    password: OldPassword


class LanguageForm(Request, frozen=True, kw_only=True):
    """What e-mails are written in."""

    language: Literal["en", "ru"]


@page("GET", "/account/security", access=Access.SIGNED_IN, limit=Limit.READ)
async def security_page(request: web.Request) -> web.Response:
    """How well the account is guarded."""
    app, identity = request.app, request[app_keys.IDENTITY]
    return show(
        request,
        "account/security.html",
        settings=await app[app_keys.ACCOUNT_CHANGES].describe(identity.account_id),
        totp=await app[app_keys.SECOND_FACTORS].status(identity.account_id),
        device_count=(await devices.devices(identity.account_id, identity.sign_in_id, 1, 0)).total,
        token_count=(await api_tokens.tokens(identity.account_id, 1, 0)).total,
    )


@page("POST", "/account/security/language", access=Access.SIGNED_IN, limit=Limit.WRITE, form=LanguageForm)
async def set_language(request: web.Request, form: LanguageForm) -> web.Response:
    """Choose the language of e-mails."""
    await request.app[app_keys.ACCOUNT_CHANGES].set_language(request[app_keys.IDENTITY].account_id, form.language)
    return go(request, "/account/security", note="language_set")


@page("GET", "/account/security/password", access=Access.SIGNED_IN, limit=Limit.READ)
async def password_page(request: web.Request) -> web.Response:
    """Ask for both."""
    return show(request, "account/password.html")


@page(
    "POST",
    "/account/security/password",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=PasswordForm,
    shown_again=password_page,
)
async def change_password(request: web.Request, form: PasswordForm) -> web.Response:
    """Change it: every other sign-in ends, and this browser gets another token, in case somebody had copied the old one."""
    identity = request[app_keys.IDENTITY]
    await request.app[app_keys.ACCOUNT_CHANGES].change_password(
        identity.account, identity.sign_in_id, form.old_password, form.new_password
    )
    token = await request.app[app_keys.BROWSER_SESSIONS].renew(identity.sign_in_id)
    response = go(request, "/account/security", note="password_changed")
    keep_session(request, response, token)
    return response


@page("GET", "/account/security/email", access=Access.SIGNED_IN, limit=Limit.READ)
async def email_page(request: web.Request) -> web.Response:
    """Ask for another address."""
    settings = await request.app[app_keys.ACCOUNT_CHANGES].describe(request[app_keys.IDENTITY].account_id)
    return show(request, "account/email.html", settings=settings)


@page(
    "POST",
    "/account/security/email",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=EmailForm,
    shown_again=email_page,
)
async def change_email(request: web.Request, form: EmailForm) -> web.Response:
    """Send a code to the new address; nothing changes before it comes back."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNT_CHANGES].change_email(account, form.password, form.new_email)
    return go(request, "/account/verify", note="code_sent")


PAGES = (security_page, set_language, password_page, change_password, email_page, change_email)

"""/account/security/totp: a code beside the password. Secrets are shown in the answer that made them, and never again."""

from aiohttp import web

from plg.contract.account_safety import GivenPassword, SecondFactorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.pages.account.frame import show
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, page
from plg_server.pages.qr_codes import qr_code
from plg_server.pages.rendering import go
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit

FOR_AUTHENTICATOR = N_("The secret for your authenticator; it stands beside as text too")


class BeginForm(Request, frozen=True, kw_only=True):
    """The password, asked again."""

    password: GivenPassword


class ConfirmForm(Request, frozen=True, kw_only=True):
    """A first code."""

    totp: SecondFactorCode


class ProofForm(Request, frozen=True, kw_only=True):
    """Password and code."""

    password: GivenPassword
    totp: SecondFactorCode


@page("GET", "/account/security/totp", access=Access.SIGNED_IN, limit=Limit.READ)
async def totp_page(request: web.Request) -> web.Response:
    """Set it up, or what may be done with it."""
    factor = await request.app[app_keys.SECOND_FACTORS].status(request[app_keys.IDENTITY].account_id)
    return show(request, "account/totp.html", factor=factor)


@page(
    "POST",
    "/account/security/totp",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=BeginForm,
    shown_again=totp_page,
)
async def begin_totp(request: web.Request, form: BeginForm) -> web.Response:
    """A secret, shown this once. It counts when a first code came back."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, form.password)
    setup = await request.app[app_keys.SECOND_FACTORS].begin(account.id, account.email)
    label = translated(visitor_of(request).language, FOR_AUTHENTICATOR)
    return show(request, "account/totp_confirm.html", setup=setup, qr=qr_code(setup.uri, label))


@page("GET", "/account/security/totp/confirm", access=Access.SIGNED_IN, limit=Limit.READ)
async def confirm_page(request: web.Request) -> web.Response:
    """Ask for a first code once more; the secret is not shown again."""
    return show(request, "account/totp_confirm.html", setup=None, qr="")


@page(
    "POST",
    "/account/security/totp/confirm",
    access=Access.SIGNED_IN,
    limit=Limit.CODE,
    form=ConfirmForm,
    shown_again=confirm_page,
)
async def confirm_totp(request: web.Request, form: ConfirmForm) -> web.Response:
    """Switch it on; the recovery codes are shown this once."""
    codes = await request.app[app_keys.SECOND_FACTORS].confirm(request[app_keys.IDENTITY].account_id, form.totp)
    return show(request, "account/recovery_codes.html", codes=codes.codes, is_new=True)


@page("GET", "/account/security/totp/off", access=Access.SIGNED_IN, limit=Limit.READ)
async def off_page(request: web.Request) -> web.Response:
    """Ask for password and code."""
    return show(request, "account/totp_off.html")


@page(
    "POST",
    "/account/security/totp/off",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=ProofForm,
    shown_again=off_page,
)
async def turn_totp_off(request: web.Request, form: ProofForm) -> web.Response:
    """Switch it off."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, form.password)
    await request.app[app_keys.SECOND_FACTORS].turn_off(account.id, form.totp)
    return go(request, "/account/security", note="totp_off")


@page("GET", "/account/security/totp/codes", access=Access.SIGNED_IN, limit=Limit.READ)
async def codes_page(request: web.Request) -> web.Response:
    """Ask for password and code."""
    return show(request, "account/totp_codes.html")


@page(
    "POST",
    "/account/security/totp/codes",
    access=Access.SIGNED_IN,
    limit=Limit.SIGN_IN,
    form=ProofForm,
    shown_again=codes_page,
)
async def renew_codes(request: web.Request, form: ProofForm) -> web.Response:
    """Ten new recovery codes in place of the earlier ones, shown this once."""
    account = request[app_keys.IDENTITY].account
    await request.app[app_keys.ACCOUNTS].check_password(account, form.password)
    codes = await request.app[app_keys.SECOND_FACTORS].renew_codes(account.id, form.totp)
    return show(request, "account/recovery_codes.html", codes=codes.codes, is_new=False)


PAGES = (
    totp_page,
    begin_totp,
    confirm_page,
    confirm_totp,
    off_page,
    turn_totp_off,
    codes_page,
    renew_codes,
)

"""/account/verify, /account/reset and /account/undo: where the links of e-mails lead, from our own files only.

Opening a page uses nothing up: its script sends the link's token when the person presses the button.
"""

from importlib.resources import files

from aiohttp import web

from plg_server.routes import Auth, Limit, route

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=300",
}


def _file(name: str, content_type: str) -> web.Response:
    body = (files("plg_server") / "pages" / "mail_links" / name).read_bytes()
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=HEADERS)


@route("GET", "/account/verify", auth=Auth.NONE, limit=Limit.NONE, media_type="text/html", documented=False)
async def verify_page(_request: web.Request) -> web.Response:
    """Confirm an address."""
    return _file("account.html", "text/html")


@route("GET", "/account/reset", auth=Auth.NONE, limit=Limit.NONE, media_type="text/html", documented=False)
async def reset_page(_request: web.Request) -> web.Response:
    """Choose a new password."""
    return _file("account.html", "text/html")


@route("GET", "/account/undo", auth=Auth.NONE, limit=Limit.NONE, media_type="text/html", documented=False)
async def undo_page(_request: web.Request) -> web.Response:
    """Take a change of address back."""
    return _file("account.html", "text/html")


@route("GET", "/account/account.js", auth=Auth.NONE, limit=Limit.NONE, media_type="text/javascript", documented=False)
async def account_script(_request: web.Request) -> web.Response:
    """The pages' script."""
    return _file("account.js", "text/javascript")


@route("GET", "/account/account.css", auth=Auth.NONE, limit=Limit.NONE, media_type="text/css", documented=False)
async def account_style(_request: web.Request) -> web.Response:
    """The pages' style."""
    return _file("account.css", "text/css")


ROUTES = (verify_page, reset_page, undo_page, account_script, account_style)

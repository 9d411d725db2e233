"""Updates that Telegram brings: a small site of the bot's own, behind a TLS reverse proxy."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiogram.types import Update
from aiohttp import web
from pydantic import ValidationError

from plg_server.database import Database

MOST_BODY_BYTES = 1 << 20
"""An update holds one message: a few kilobytes."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name (core.telegram.org/bots/api#setwebhook)


def webhook_app(
    url: str, secret: str, database: Database, take: Callable[[Update], Awaitable[None]]
) -> web.Application:
    """The site: POST to the path of `url`, and GET /healthz. Several processes may serve it behind one address.

    Telegram brings an update again when the answer is not 200: so it is only given when the update was answered.
    """
    expected = secret.encode()

    async def update(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise web.HTTPForbidden(text="no")
        try:
            found = Update.model_validate_json(await request.read())
        except ValidationError:
            # A form that this version does not know: asking for it again and again helps nobody.
            return web.Response()
        await take(found)
        return web.Response()

    async def health(_request: web.Request) -> web.Response:
        try:
            await database.ping()
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            return web.Response(status=503, text="database_unavailable\n")
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=MOST_BODY_BYTES)
    app.router.add_post(urlsplit(url).path or "/", update)
    app.router.add_get("/healthz", health)
    return app

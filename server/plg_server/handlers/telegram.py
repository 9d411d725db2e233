"""/v1/me/telegram: the chat that speaks for the account."""

from aiohttp import web

from plg.contract.problem import ErrorCode
from plg.contract.telegram import TelegramInvitation, TelegramState
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route
from plg_server.services import telegram_links


@route("GET", "/v1/me/telegram", answer=TelegramState, auth=Auth.ACCOUNT, limit=Limit.READ)
async def telegram_state(request: web.Request) -> TelegramState:
    """Whether a chat is linked with the account."""
    config = request.app[app_keys.CONFIG].telegram
    return await telegram_links.state(config, request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/me/telegram",
    answer=TelegramInvitation,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.TELEGRAM_OFF,),
)
async def begin_telegram(request: web.Request) -> TelegramInvitation:
    """Get a link that joins a Telegram chat to the account. Earlier ones end."""
    config = request.app[app_keys.CONFIG].telegram
    return await telegram_links.invite(config, request[app_keys.IDENTITY].account_id, request.app[app_keys.CLOCK]())


@route("DELETE", "/v1/me/telegram", auth=Auth.ACCOUNT, limit=Limit.WRITE)
async def unlink_telegram(request: web.Request) -> None:
    """Part the chat from the account; nothing happens where none is linked."""
    await telegram_links.unlink(request[app_keys.IDENTITY].account_id)


ROUTES = (telegram_state, begin_telegram, unlink_telegram)

"""`plg bot check`: every part as `plg bot run` would use it, without changing anything."""

from plg_server.bot.running import check_bot
from plg_server.bot.troubles import TelegramTrouble
from plg_server.bot.world import open_world
from plg_server.config import ConfigError, ServerConfig
from plg_server.operator_tasks import CannotReach, Check
from plg_server.operator_tasks import check as check_server

PARTS = ("games", "database", "store")
"""Of the server's own parts those that the bot stands on; it signs nothing."""


async def bot_parts(config: ServerConfig) -> list[Check]:
    """Telegram first: it is what is set up here."""
    parts = [part for part in await check_server(config) if part.name in PARTS]
    return [await _check_telegram(config), *[await _as_the_bot_needs_it(config, part) for part in parts]]


async def _as_the_bot_needs_it(config: ServerConfig, part: Check) -> Check:
    """The server makes what is missing, the bot does not: without a server's tables it cannot run."""
    if part.name != "database" or part.problem is not None:
        return part
    try:
        async with open_world(config):
            return part
    except (CannotReach, ConfigError) as error:
        return Check(part.name, part.detail, str(error))


async def _check_telegram(config: ServerConfig) -> Check:
    place = config.telegram.telegram_api_url
    try:
        me = await check_bot(config)
    except ConfigError as error:
        return Check("telegram", place, str(error), is_setting=True)
    except TelegramTrouble as error:
        return Check("telegram", place, str(error))
    return Check("telegram", f"{place}, @{me.name}", None)

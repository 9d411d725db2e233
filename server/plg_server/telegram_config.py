"""What an operator may set about Telegram; `config` reads these keys beside its own. Without `telegram_bot_name` there is no bot.

The server needs only the bot's name, for the link that it shows; the token is for `plg bot run` and may be kept from the server.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

DEFAULT_API_URL = "https://api.telegram.org"
"""Where the Bot API is answered (core.telegram.org/bots/api, "Making requests")."""

NEAR_HOSTS = ("127.0.0.1", "::1", "localhost")

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{30,64}")
"""The bot's own number, a colon, and its secret."""

_BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
"""setWebhook takes 1 to 256 of these characters; fewer than 16 could be guessed."""


class TelegramConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The bot. `telegram_bot_name` of None means that there is none, and linking says so."""

    telegram_token: str | None
    telegram_bot_name: str | None
    telegram_api_url: str
    telegram_webhook_url: str | None
    telegram_webhook_secret: str | None

    @property
    def on(self) -> bool:
        """Whether accounts can be linked with a chat."""
        return self.telegram_bot_name is not None

    def link_to(self, start: str) -> str:
        """The address that opens the bot with this parameter (core.telegram.org/bots/features, "Deep linking")."""
        return f"https://t.me/{self.telegram_bot_name}?start={start}"


@dataclass(frozen=True)
class TelegramSetting:
    """One key; all are texts."""

    default: str | None
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False


def _matches(form: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


def _url(value: object) -> bool:
    """https, or http to this machine: the token stands in the address of every call."""
    try:
        parts = urlsplit(str(value))
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    fits = bool(parts.hostname) and port_is_fine and not (parts.query or parts.fragment or parts.username)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in NEAR_HOSTS)
    return isinstance(value, str) and len(value) <= 255 and value.isprintable() and fits and is_safe


TELEGRAM_SETTINGS: dict[str, TelegramSetting] = {
    "telegram_token": TelegramSetting(
        None, "the token that @BotFather gave, NUMBER:SECRET", _matches(TOKEN), secret=True
    ),
    "telegram_bot_name": TelegramSetting(None, "the bot's user name, without the @", _matches(_BOT_NAME)),
    "telegram_api_url": TelegramSetting(
        DEFAULT_API_URL, "https://HOST[:PORT], or http:// to a Bot API server on this machine", _url
    ),
    "telegram_webhook_url": TelegramSetting(
        None, "the https:// address under which Telegram reaches `plg bot run` (http:// for this machine only)", _url
    ),
    "telegram_webhook_secret": TelegramSetting(
        None, "16 to 256 of A-Z, a-z, 0-9, _ and -, kept secret", _matches(_SECRET), secret=True
    ),
}  # fmt: skip


def missing_telegram_setting(values: Mapping[str, object]) -> str | None:
    """One line about a bot that is set up by half, or None."""
    for needs, needed in (
        ("telegram_token", "telegram_bot_name"),
        ("telegram_webhook_url", "telegram_token"),
        ("telegram_webhook_url", "telegram_webhook_secret"),
        ("telegram_webhook_secret", "telegram_webhook_url"),
    ):
        if values[needs] is not None and values[needed] is None:
            return f"{needed} is missing: {needs} needs it"
    return None

"""Linking the account with a Telegram chat: /v1/me/telegram."""

from plg.contract.schema import Answer, Timestamp


class TelegramState(Answer, frozen=True, kw_only=True):
    """GET /v1/me/telegram. `bot` is the bot's user name, null where the server has none; `linked_at` is null without a chat."""

    bot: str | None
    linked_at: Timestamp | None
    language: str | None
    reminders: bool
    blocked: bool


class TelegramInvitation(Answer, frozen=True, kw_only=True):
    """POST /v1/me/telegram: open `link`, or send `/start CODE` to the bot. It works once, until `expires_at`."""

    bot: str
    code: str
    link: str
    expires_at: Timestamp

"""What may go wrong with Telegram, as the rest of the bot knows it. No text holds the token."""


class TelegramTrouble(Exception):
    """The base of them."""


class Unreachable(TelegramTrouble):
    """No answer, an answer that is none, or 5xx: another try may succeed."""


class TooMany(TelegramTrouble):
    """429. `wait_s`: how long to leave Telegram alone."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many requests: wait {wait_s:.0f} s")
        self.wait_s = wait_s


class Blocked(TelegramTrouble):
    """403: the person blocked the bot, never started it, or is gone."""


class Conflict(TelegramTrouble):
    """409: another process asks for this bot's updates, or a webhook is set."""


class BadToken(TelegramTrouble):
    """401 or 404 for everything: the token is not (any more) a bot's."""


class Refused(TelegramTrouble):
    """400: Telegram does not take this request, and never will."""

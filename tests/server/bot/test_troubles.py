"""What may go wrong with Telegram."""

from plg_server.bot.troubles import TelegramTrouble, TooMany


def test_a_wait_is_kept_and_said() -> None:
    trouble: TelegramTrouble = TooMany(9.0)
    assert (getattr(trouble, "wait_s", None), str(trouble)) == (9.0, "too many requests: wait 9 s")

"""Deleting what the bot needs no more."""

from datetime import datetime, timedelta

from plg_server.models.telegram import RelayAlert, TelegramLinkCode, TelegramMessage

KEEP_CODES = timedelta(days=1)
"""How long an ended code still counts for the limit on asking, and answers its own chat once more."""

KEEP_MESSAGES = timedelta(days=90)
"""A row is what keeps its message from being said again: far longer than anything stays true that a message tells."""

KEEP_ALERTS = timedelta(days=90)


async def forget_telegram(now: datetime) -> int:
    """Delete ended codes, messages that were said or dropped long ago, and alerts that are over; gives how many rows went."""
    codes = await TelegramLinkCode.filter(expires_at__lt=now - KEEP_CODES).delete()
    said = TelegramMessage.filter(created_at__lt=now - KEEP_MESSAGES).exclude(state="waiting")
    alerts = await RelayAlert.filter(ended_at__lt=now - KEEP_ALERTS).delete()
    return codes + await said.delete() + alerts

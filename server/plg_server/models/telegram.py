"""Telegram: which chat belongs to which account, the codes that link them, and what waits to be said there."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account
from plg_server.models.nodes import Node


class TelegramLink(Model):
    """A private chat that speaks for an account: one chat for an account, one account for a chat."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="telegram_links", on_delete=fields.CASCADE
    )
    # 52 significant bits, as the Bot API says: more than an integer column of 32 bits holds.
    chat_id = fields.BigIntField(unique=True)
    # "en" or "ru": what the bot answers in.
    language = fields.CharField(max_length=8, default="en", db_default="en")
    linked_at = fields.DatetimeField()
    # Whether the bot speaks there without being asked.
    reminders = fields.BooleanField(default=True, db_default=True)
    # When Telegram said that the person blocked the bot, null again once they write.
    blocked_at = fields.DatetimeField(null=True)

    account_id: str

    class Meta:
        table = "telegram_links"
        unique_together = (("account_id",),)


class TelegramLinkCode(Model):
    """A one-time code that links a chat, by its SHA-256. `used_at` is set by the one chat that wins."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="telegram_link_codes", on_delete=fields.CASCADE
    )
    code_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    # The chat that used it: the same update may come twice, and is no second use.
    used_by_chat_id = fields.BigIntField(null=True)

    account_id: str

    class Meta:
        table = "telegram_link_codes"
        indexes = (
            Index(fields=("account_id", "created_at"), name="idx_telegram_link_codes_account"),
            Index(fields=("expires_at",), name="idx_telegram_link_codes_expires"),
        )


class TelegramMessage(Model):
    """Something that the bot says without being asked, to an account's chat. `key` says what it is about: each is said once.

    `due_at` is when it may be tried next: moving it on is how one replica takes it.
    """

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="telegram_messages", on_delete=fields.CASCADE
    )
    key = fields.CharField(max_length=128, unique=True)
    kind = fields.CharField(max_length=32)
    # What the text is made with, as JSON.
    facts = fields.TextField()
    # "waiting", "sent", "given_up" or "stale" (of no use any more, or nobody to say it to).
    state = fields.CharField(max_length=32, default="waiting", db_default="waiting")
    tries = fields.IntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    useless_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, default="", db_default="")

    account_id: str

    class Meta:
        table = "telegram_messages"
        indexes = (
            Index(fields=("state", "due_at"), name="idx_telegram_messages_due"),
            Index(fields=("account_id",), name="idx_telegram_messages_account"),
            Index(fields=("created_at",), name="idx_telegram_messages_created"),
        )


class RelayAlert(Model):
    """A relay's silence that operators were told of. Its id is that of the silence, `ended_at` is when they heard that it is over."""

    id = fields.CharField(max_length=32, primary_key=True)
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="alerts", on_delete=fields.CASCADE
    )
    since = fields.DatetimeField()
    told_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    node_id: str

    class Meta:
        table = "relay_alerts"
        indexes = (
            Index(fields=("ended_at",), name="idx_relay_alerts_ended"),
            Index(fields=("node_id",), name="idx_relay_alerts_node"),
        )

"""E-mail that waits to be sent or was, and the one-time codes that it carries."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account


class OutboxMail(Model):
    """One e-mail. `due_at` is when it may be tried next: moving it on is how one replica takes it."""

    id = fields.CharField(max_length=32, primary_key=True)
    kind = fields.CharField(max_length=32)
    # Null for an address without an account; with the account its e-mails go too.
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="outbox", null=True, on_delete=fields.CASCADE
    )
    address = fields.CharField(max_length=320)
    language = fields.CharField(max_length=8)
    # What the text is made with, as JSON; emptied once it is sent or given up, because codes stand in it.
    facts = fields.TextField()
    # "waiting", "sent", "given_up" (tried too often, or refused for good) or "stale" (too old to be of use).
    state = fields.CharField(max_length=32, default="waiting", db_default="waiting")
    tries = fields.IntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    useless_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, default="", db_default="")

    account_id: str | None

    class Meta:
        table = "outbox"
        indexes = (
            Index(fields=("state", "due_at"), name="idx_outbox_due"),
            Index(fields=("account_id",), name="idx_outbox_account"),
            Index(fields=("address", "created_at"), name="idx_outbox_address"),
        )


class MailCode(Model):
    """A code that was e-mailed, by what is kept of it. One use: `used_at` is set by the one request that wins.

    `address` is what it is about: the address that is verified, changed to, or gone back to.
    """

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="mail_codes", on_delete=fields.CASCADE
    )
    # "verify", "reset", "change_email" or "undo_email".
    purpose = fields.CharField(max_length=32)
    address = fields.CharField(max_length=320)
    code_hash = fields.CharField(max_length=64, unique=True)
    link_hash = fields.CharField(max_length=64, unique=True)
    wrong_tries = fields.IntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    account_id: str

    class Meta:
        table = "mail_codes"
        indexes = (
            Index(fields=("account_id", "purpose"), name="idx_mail_codes_account"),
            Index(fields=("purpose", "address"), name="idx_mail_codes_address"),
            Index(fields=("expires_at",), name="idx_mail_codes_expires"),
        )

"""Money: what somebody set out to pay, what came, and where each provider's list was read to."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account
from plg_server.models.codes import CodeUse


class Checkout(Model):
    """One wish to pay. What it costs is kept here: a price that changes later does not touch it."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="checkouts", on_delete=fields.CASCADE
    )
    provider = fields.CharField(max_length=32)
    # Both name it towards providers: one takes texts, another whole numbers.
    code = fields.CharField(max_length=32, unique=True)
    number = fields.BigIntField(unique=True)
    plan_name = fields.CharField(max_length=32)
    days = fields.IntField()
    max_sessions = fields.IntField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    code_use: fields.ForeignKeyNullableRelation[CodeUse] = fields.ForeignKeyField(
        "plg.CodeUse", related_name="checkouts", on_delete=fields.SET_NULL, null=True
    )
    # "open" or "paid".
    state = fields.CharField(max_length=32, default="open", db_default="open")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    # Where to pay, as the provider told it: its page may be opened again. Empty for those that older servers began.
    link = fields.CharField(max_length=2048, default="", db_default="")

    account_id: str
    code_use_id: str | None

    class Meta:
        table = "checkouts"
        indexes = (Index(fields=("account_id", "created_at"), name="idx_checkouts_account"),)


class Payment(Model):
    """One payment as its provider tells of it. Provider and external id are unique: whoever inserts the row credits it."""

    id = fields.CharField(max_length=32, primary_key=True)
    provider = fields.CharField(max_length=32)
    external_id = fields.CharField(max_length=128)
    # An account may be deleted, money that came may not.
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="payments", on_delete=fields.SET_NULL, null=True
    )
    checkout: fields.ForeignKeyNullableRelation[Checkout] = fields.ForeignKeyField(
        "plg.Checkout", related_name="payments", on_delete=fields.SET_NULL, null=True
    )
    # "credited", "unmatched", "refunded", "charged_back" or "dismissed".
    state = fields.CharField(max_length=32)
    # Why it is in the operator's queue, or what to know of it ("short", "late", "overpaid" and so on).
    reason = fields.CharField(max_length=32, default="", db_default="")
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(default=0, db_default=0)
    plan_name = fields.CharField(max_length=32, default="", db_default="")
    days = fields.IntField(default=0, db_default=0)
    comment = fields.CharField(max_length=255, default="", db_default="")
    paid_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    # When an operator took note of what needs no decision of theirs (a part that went back, a chargeback).
    reviewed_at = fields.DatetimeField(null=True)

    account_id: str | None
    checkout_id: str | None

    class Meta:
        table = "payments"
        unique_together = (("provider", "external_id"),)
        indexes = (
            Index(fields=("account_id", "paid_at"), name="idx_payments_account"),
            Index(fields=("state", "seen_at"), name="idx_payments_state"),
        )


class ProviderPoll(Model):
    """Whose turn it is to read a provider's list, and where it was read to. Whoever moves `not_before` on may read now."""

    id = fields.CharField(max_length=32, primary_key=True)
    not_before = fields.DatetimeField()
    due_at = fields.DatetimeField()
    # The provider's own mark of how far its list was read.
    position = fields.CharField(max_length=255, default="", db_default="")

    class Meta:
        table = "provider_polls"

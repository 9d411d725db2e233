"""Codes that are typed in: promo and gift codes with their uses, and who brought whom."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account


class Code(Model):
    """A promo or gift code, by the SHA-256 of its text. `uses_left` counts down, null is without a limit."""

    id = fields.CharField(max_length=32, primary_key=True)
    code_hash = fields.CharField(max_length=64, unique=True)
    # "promo" or "gift".
    kind = fields.CharField(max_length=32)
    # What an operator knows it by; the code itself cannot be shown again.
    label = fields.CharField(max_length=64, default="", db_default="")
    percent = fields.IntField(default=0, db_default=0)
    days = fields.IntField(default=0, db_default=0)
    plan_name = fields.CharField(max_length=32)
    uses_left = fields.IntField(null=True)
    uses_per_account = fields.IntField(default=1, db_default=1)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    disabled_at = fields.DatetimeField(null=True)
    # Codes that were made together have the same, so that they are listed and stopped together.
    batch = fields.CharField(max_length=32, default="", db_default="")

    class Meta:
        table = "codes"
        indexes = (Index(fields=("batch",), name="idx_codes_batch"),)


class CodeUse(Model):
    """One use of a code by one account. A percentage waits here until a payment spends it."""

    id = fields.CharField(max_length=32, primary_key=True)
    code: fields.ForeignKeyRelation[Code] = fields.ForeignKeyField(
        "plg.Code", related_name="used", on_delete=fields.CASCADE
    )
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="code_uses", on_delete=fields.CASCADE
    )
    percent = fields.IntField(default=0, db_default=0)
    used_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)

    code_id: str
    account_id: str

    class Meta:
        table = "code_uses"
        indexes = (
            Index(fields=("account_id", "used_at"), name="idx_code_uses_account"),
            Index(fields=("code_id",), name="idx_code_uses_code"),
        )


class ReferralCode(Model):
    """The code that an account hands to friends. It is meant to be passed on: no secret, so not hashed."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="referral_codes", on_delete=fields.CASCADE
    )
    code = fields.CharField(max_length=32, unique=True)
    created_at = fields.DatetimeField()

    account_id: str

    class Meta:
        table = "referral_codes"
        unique_together = (("account_id",),)


class Referral(Model):
    """Who brought whom: an account was brought once. `rewarded_at` when its first paid period was credited."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="brought_by", on_delete=fields.CASCADE
    )
    referrer: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="brought", on_delete=fields.CASCADE
    )
    created_at = fields.DatetimeField()
    rewarded_at = fields.DatetimeField(null=True)
    bonus_days = fields.IntField(default=0, db_default=0)

    account_id: str
    referrer_id: str

    class Meta:
        table = "referrals"
        unique_together = (("account_id",),)
        indexes = (Index(fields=("referrer_id",), name="idx_referrals_referrer"),)

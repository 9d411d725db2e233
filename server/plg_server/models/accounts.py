"""Accounts, their sign-ins (one per device and password entry) and the refresh tokens of each sign-in."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Account(Model):
    """A player or an operator. The plan columns are null while the server's default plan applies."""

    id = fields.CharField(max_length=32, primary_key=True)
    # Lower case, so that the unique constraint knows one person's spellings as one.
    email = fields.CharField(max_length=320, unique=True)
    display_name = fields.CharField(max_length=64)
    password_hash = fields.CharField(max_length=255)
    role = fields.CharField(max_length=32, default="player", db_default="player")
    created_at = fields.DatetimeField()
    banned_at = fields.DatetimeField(null=True)
    ban_reason = fields.CharField(max_length=255, default="", db_default="")
    plan_name = fields.CharField(max_length=32, null=True)
    plan_expires_at = fields.DatetimeField(null=True)
    plan_max_sessions = fields.IntField(null=True)
    # Sums over ended sessions, kept here so that /v1/me does not add up a player's whole history.
    total_sessions = fields.BigIntField(default=0, db_default=0)
    total_seconds = fields.BigIntField(default=0, db_default=0)
    total_packets = fields.BigIntField(default=0, db_default=0)
    total_bytes = fields.BigIntField(default=0, db_default=0)
    # The language of e-mails to it: "en" or "ru".
    language = fields.CharField(max_length=8, default="en", db_default="en")
    # Of the address that stands in `email`: a change of address sets it anew.
    email_verified_at = fields.DatetimeField(null=True)

    class Meta:
        table = "accounts"


class SignIn(Model):
    """One sign-in: the family that all refresh tokens of a device descend from. Ended once, never revived."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="sign_ins", on_delete=fields.CASCADE
    )
    device = fields.CharField(max_length=100, default="", db_default="")
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_because = fields.CharField(max_length=32, null=True)

    account_id: str

    class Meta:
        table = "sign_ins"
        indexes = (Index(fields=("account_id",), name="idx_sign_ins_account"),)


class RefreshToken(Model):
    """One refresh token, by its SHA-256. It works once: `used_at` is set by the one request that wins."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "plg.SignIn", related_name="refresh_tokens", on_delete=fields.CASCADE
    )
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    sign_in_id: str

    class Meta:
        table = "refresh_tokens"
        indexes = (
            Index(fields=("sign_in_id",), name="idx_refresh_tokens_sign_in"),
            Index(fields=("expires_at",), name="idx_refresh_tokens_expires"),
        )

"""What keeps an account its owner's: the second factor, recovery codes, tokens for scripts, and where each sign-in was last used."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account, SignIn


class SecondFactor(Model):
    """An account's TOTP secret. It counts from `confirmed_at` on. Whoever moves `last_step` forward has used that code up."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="second_factors", on_delete=fields.CASCADE
    )
    # Sealed with a key of the server's (services.totp), so that a copied database gives no codes away.
    sealed_secret = fields.CharField(max_length=255)
    created_at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    last_step = fields.BigIntField(default=0, db_default=0)
    # Wrong codes since `tries_since`: beyond a number nobody may try until that is long enough ago.
    wrong_tries = fields.IntField(default=0, db_default=0)
    tries_since = fields.DatetimeField(null=True)

    account_id: str

    class Meta:
        table = "second_factors"
        unique_together = (("account_id",),)


class RecoveryCode(Model):
    """One recovery code, by its SHA-256. It works once: `used_at` is set by the one request that wins."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="recovery_codes", on_delete=fields.CASCADE
    )
    code_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    account_id: str

    class Meta:
        table = "recovery_codes"
        unique_together = (("account_id", "code_hash"),)


class ApiToken(Model):
    """A token for scripts, by its SHA-256. `scopes` are the names parted by spaces, `prefix` is what its owner knows it by."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="api_tokens", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=64)
    prefix = fields.CharField(max_length=32)
    token_hash = fields.CharField(max_length=64, unique=True)
    scopes = fields.CharField(max_length=255)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    account_id: str

    class Meta:
        table = "api_tokens"
        indexes = (Index(fields=("account_id", "created_at"), name="idx_api_tokens_account"),)


class SignInPlace(Model):
    """When and roughly from where a sign-in was last used, written at sign-in and at each renewal. Its id is the sign-in's."""

    id = fields.CharField(max_length=32, primary_key=True)
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "plg.SignIn", related_name="places", on_delete=fields.CASCADE
    )
    # A network, not an address ("198.51.100.0/24"): enough to tell home from elsewhere.
    network = fields.CharField(max_length=64, default="", db_default="")
    used_at = fields.DatetimeField()

    sign_in_id: str

    class Meta:
        table = "sign_in_places"
        unique_together = (("sign_in_id",),)

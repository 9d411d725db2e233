from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0004_billing")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SecondFactor",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="second_factors",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("sealed_secret", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("confirmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_step", fields.BigIntField(default=0, db_default=0)),
                ("wrong_tries", fields.IntField(default=0, db_default=0)),
                ("tries_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "second_factors",
                "app": "plg",
                "unique_together": (("account_id",),),
                "pk_attr": "id",
                "table_description": "An account's TOTP secret. It counts from `confirmed_at` on. Whoever moves `last_step` forward has used that code up.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="recovery_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("code_hash", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recovery_codes",
                "app": "plg",
                "unique_together": (("account_id", "code_hash"),),
                "pk_attr": "id",
                "table_description": "One recovery code, by its SHA-256. It works once: `used_at` is set by the one request that wins.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ApiToken",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="api_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=64)),
                ("prefix", fields.CharField(max_length=32)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("scopes", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_tokens",
                "app": "plg",
                "indexes": [Index(fields=["account_id", "created_at"], name="idx_api_tokens_account")],
                "pk_attr": "id",
                "table_description": "A token for scripts, by its SHA-256. `scopes` are the names parted by spaces, `prefix` is what its owner knows it by.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignInPlace",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "sign_in",
                    fields.ForeignKeyField(
                        "plg.SignIn",
                        source_field="sign_in_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="places",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("network", fields.CharField(default="", db_default="", max_length=64)),
                ("used_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sign_in_places",
                "app": "plg",
                "unique_together": (("sign_in_id",),),
                "pk_attr": "id",
                "table_description": "When and roughly from where a sign-in was last used, written at sign-in and at each renewal. Its id is the sign-in's.",
            },
            bases=["Model"],
        ),
    ]

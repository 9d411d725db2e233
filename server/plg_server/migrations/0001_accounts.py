from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("email", fields.CharField(unique=True, max_length=320)),
                ("display_name", fields.CharField(max_length=64)),
                ("password_hash", fields.CharField(max_length=255)),
                ("role", fields.CharField(default="player", db_default="player", max_length=32)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("banned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("plan_name", fields.CharField(null=True, max_length=32)),
                ("plan_expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("plan_max_sessions", fields.IntField(null=True)),
                ("total_sessions", fields.BigIntField(default=0, db_default=0)),
                ("total_seconds", fields.BigIntField(default=0, db_default=0)),
                ("total_packets", fields.BigIntField(default=0, db_default=0)),
                ("total_bytes", fields.BigIntField(default=0, db_default=0)),
            ],
            options={
                "table": "accounts",
                "app": "plg",
                "pk_attr": "id",
                "table_description": "A player or an operator. The plan columns are null while the server's default plan applies.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignIn",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sign_ins",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("device", fields.CharField(default="", db_default="", max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_because", fields.CharField(null=True, max_length=32)),
            ],
            options={
                "table": "sign_ins",
                "app": "plg",
                "indexes": [Index(fields=["account_id"], name="idx_sign_ins_account")],
                "pk_attr": "id",
                "table_description": "One sign-in: the family that all refresh tokens of a device descend from. Ended once, never revived.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                (
                    "sign_in",
                    fields.ForeignKeyField(
                        "plg.SignIn",
                        source_field="sign_in_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="refresh_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "refresh_tokens",
                "app": "plg",
                "indexes": [
                    Index(fields=["sign_in_id"], name="idx_refresh_tokens_sign_in"),
                    Index(fields=["expires_at"], name="idx_refresh_tokens_expires"),
                ],
                "pk_attr": "token_hash",
                "table_description": "One refresh token, by its SHA-256. It works once: `used_at` is set by the one request that wins.",
            },
            bases=["Model"],
        ),
    ]

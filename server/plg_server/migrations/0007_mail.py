from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0006_audit")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Account",
            name="language",
            field=fields.CharField(default="en", db_default="en", max_length=8),
        ),
        ops.AddField(
            model_name="Account",
            name="email_verified_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.CreateModel(
            name="OutboxMail",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("kind", fields.CharField(max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="outbox",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("address", fields.CharField(max_length=320)),
                ("language", fields.CharField(max_length=8)),
                ("facts", fields.TextField(unique=False)),
                ("state", fields.CharField(default="waiting", db_default="waiting", max_length=32)),
                ("tries", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("useless_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_error", fields.CharField(default="", db_default="", max_length=200)),
            ],
            options={
                "table": "outbox",
                "app": "plg",
                "indexes": [
                    Index(fields=["state", "due_at"], name="idx_outbox_due"),
                    Index(fields=["account_id"], name="idx_outbox_account"),
                    Index(fields=["address", "created_at"], name="idx_outbox_address"),
                ],
                "pk_attr": "id",
                "table_description": "One e-mail. `due_at` is when it may be tried next: moving it on is how one replica takes it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MailCode",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="mail_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("purpose", fields.CharField(max_length=32)),
                ("address", fields.CharField(max_length=320)),
                ("code_hash", fields.CharField(unique=True, max_length=64)),
                ("link_hash", fields.CharField(unique=True, max_length=64)),
                ("wrong_tries", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mail_codes",
                "app": "plg",
                "indexes": [
                    Index(fields=["account_id", "purpose"], name="idx_mail_codes_account"),
                    Index(fields=["purpose", "address"], name="idx_mail_codes_address"),
                    Index(fields=["expires_at"], name="idx_mail_codes_expires"),
                ],
                "pk_attr": "id",
                "table_description": "A code that was e-mailed, by what is kept of it. One use: `used_at` is set by the one request that wins.",
            },
            bases=["Model"],
        ),
    ]

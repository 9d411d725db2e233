from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0012_browser_sessions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="RelayAlert",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="alerts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("told_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "relay_alerts",
                "app": "plg",
                "indexes": [
                    Index(fields=["ended_at"], name="idx_relay_alerts_ended"),
                    Index(fields=["node_id"], name="idx_relay_alerts_node"),
                ],
                "pk_attr": "id",
                "table_description": "A relay's silence that operators were told of. Its id is that of the silence, `ended_at` is when they heard that it is over.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelegramLink",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="telegram_links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("chat_id", fields.BigIntField(unique=True)),
                ("language", fields.CharField(default="en", db_default="en", max_length=8)),
                ("linked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reminders", fields.BooleanField(default=True, db_default=True)),
                ("blocked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "telegram_links",
                "app": "plg",
                "unique_together": (("account_id",),),
                "pk_attr": "id",
                "table_description": "A private chat that speaks for an account: one chat for an account, one account for a chat.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelegramLinkCode",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="telegram_link_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("code_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("used_by_chat_id", fields.BigIntField(null=True)),
            ],
            options={
                "table": "telegram_link_codes",
                "app": "plg",
                "indexes": [
                    Index(fields=["account_id", "created_at"], name="idx_telegram_link_codes_account"),
                    Index(fields=["expires_at"], name="idx_telegram_link_codes_expires"),
                ],
                "pk_attr": "id",
                "table_description": "A one-time code that links a chat, by its SHA-256. `used_at` is set by the one chat that wins.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelegramMessage",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="telegram_messages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(unique=True, max_length=128)),
                ("kind", fields.CharField(max_length=32)),
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
                "table": "telegram_messages",
                "app": "plg",
                "indexes": [
                    Index(fields=["state", "due_at"], name="idx_telegram_messages_due"),
                    Index(fields=["account_id"], name="idx_telegram_messages_account"),
                    Index(fields=["created_at"], name="idx_telegram_messages_created"),
                ],
                "pk_attr": "id",
                "table_description": "Something that the bot says without being asked, to an account's chat. `key` says what it is about: each is said once.",
            },
            bases=["Model"],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0001_accounts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EnrolmentToken",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=64)),
                ("country", fields.CharField(default="", db_default="", max_length=2)),
                ("city", fields.CharField(default="", db_default="", max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "enrolment_tokens",
                "app": "plg",
                "pk_attr": "token_hash",
                "table_description": "A token that makes one relay a member, by its SHA-256. `used_at` is set by the one request that wins.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Node",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("relay_id", fields.BigIntField(unique=True)),
                ("name", fields.CharField(max_length=64)),
                ("country", fields.CharField(default="", db_default="", max_length=2)),
                ("city", fields.CharField(default="", db_default="", max_length=64)),
                ("host", fields.CharField(max_length=255)),
                ("port", fields.IntField()),
                ("control_url", fields.CharField(null=True, max_length=255)),
                ("control_key", fields.CharField(max_length=128)),
                ("key_hash", fields.CharField(max_length=64)),
                ("max_sessions", fields.IntField()),
                ("version", fields.CharField(default="", db_default="", max_length=32)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "nodes",
                "app": "plg",
                "pk_attr": "id",
                "table_description": "One relay. `relay_id` is the number that its tickets are bound to (32 bits, never given to another relay).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("game", fields.CharField(max_length=64)),
                ("cid", fields.CharField(unique=True, max_length=16)),
                ("secret", fields.CharField(max_length=64)),
                ("target", fields.CharField(null=True, max_length=261)),
                ("approved", fields.CharField(default="", db_default="", max_length=512)),
                ("client_version", fields.CharField(default="", db_default="", max_length=32)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("renewed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_because", fields.CharField(null=True, max_length=64)),
                ("measured_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("predicted_total_ms", fields.FloatField(null=True)),
                ("chosen_because", fields.CharField(default="", db_default="", max_length=255)),
                ("seconds", fields.FloatField(default=0.0, db_default=0.0)),
                ("packets_up", fields.BigIntField(default=0, db_default=0)),
                ("packets_down", fields.BigIntField(default=0, db_default=0)),
                ("bytes_up", fields.BigIntField(default=0, db_default=0)),
                ("bytes_down", fields.BigIntField(default=0, db_default=0)),
                ("leaked", fields.BigIntField(default=0, db_default=0)),
                ("rtt_ms_p50", fields.FloatField(null=True)),
                ("loss_up_percent", fields.FloatField(null=True)),
                ("loss_down_percent", fields.FloatField(null=True)),
                ("paths", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "sessions",
                "app": "plg",
                "indexes": [
                    Index(fields=["account_id", "started_at"], name="idx_sessions_account_started"),
                    Index(fields=["node_id", "expires_at"], name="idx_sessions_node_expires"),
                ],
                "pk_attr": "id",
                "table_description": "One session. It is live while `ended_at` is null and `expires_at` is ahead. `measured_at` tells that metrics came.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TicketKey",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="ticket_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key_id", fields.IntField()),
                ("key", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("active_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ticket_keys",
                "app": "plg",
                "unique_together": (("node_id", "key_id"),),
                "indexes": [Index(fields=["node_id"], name="idx_ticket_keys_node")],
                "pk_attr": "id",
                "table_description": "A key that seals tickets of one relay. `active_from` leaves the relay time to fetch it before it is used.",
            },
            bases=["Model"],
        ),
    ]

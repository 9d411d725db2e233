from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0002_nodes_and_sessions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Benchmark",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="benchmarks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("game", fields.CharField(max_length=64)),
                ("region", fields.CharField(default="", db_default="", max_length=32)),
                ("node_id", fields.CharField(null=True, max_length=64)),
                ("day", fields.CharField(max_length=10)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("mode", fields.CharField(max_length=32)),
                ("method", fields.CharField(max_length=32)),
                ("client_version", fields.CharField(default="", db_default="", max_length=32)),
                ("blocks", fields.IntField()),
                ("seconds", fields.FloatField()),
                ("verdict", fields.CharField(max_length=32)),
                ("difference_ms", fields.FloatField()),
                ("ci_low_ms", fields.FloatField()),
                ("ci_high_ms", fields.FloatField()),
                ("confidence", fields.FloatField()),
                ("direct_ms", fields.FloatField()),
                ("boosted_ms", fields.FloatField()),
                ("direct_loss_percent", fields.FloatField()),
                ("boosted_loss_percent", fields.FloatField()),
                ("arms", fields.TextField(unique=False)),
            ],
            options={
                "table": "benchmarks",
                "app": "plg",
                "indexes": [
                    Index(fields=["account_id", "game", "day"], name="idx_benchmarks_account_game_day"),
                    Index(fields=["day", "game"], name="idx_benchmarks_day_game"),
                ],
                "pk_attr": "id",
                "table_description": "One report (contract.benchmarks). `day` is the UTC date as text, `region` empty when none was said.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LegFinding",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="leg_findings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="leg_findings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("place", fields.CharField(max_length=128)),
                ("measured_leg_ms", fields.FloatField()),
                ("counted_leg_ms", fields.FloatField()),
                ("found_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "leg_findings",
                "app": "plg",
                "indexes": [
                    Index(fields=["found_at"], name="idx_leg_findings_found"),
                    Index(fields=["account_id", "found_at"], name="idx_leg_findings_account"),
                ],
                "pk_attr": "id",
                "table_description": "What one session found out about its exit's way to a place: as measured end to end, and as it had been counted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SessionRelay",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "plg.Session",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="relays",
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
                        related_name="session_relays",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("role", fields.CharField(max_length=32)),
                ("path", fields.IntField(default=0, db_default=0)),
                ("cid", fields.CharField(max_length=16)),
                ("secret", fields.CharField(max_length=64)),
                ("predicted_total_ms", fields.FloatField(null=True)),
                ("chosen_because", fields.CharField(default="", db_default="", max_length=255)),
                ("added_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "session_relays",
                "app": "plg",
                "indexes": [
                    Index(fields=["session_id"], name="idx_session_relays_session"),
                    Index(fields=["node_id", "added_at"], name="idx_session_relays_node"),
                ],
                "pk_attr": "id",
                "table_description": "A further relay of a session: a transit of one path, or the standby exit. `removed_at` when another took its place.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Session",
            name="degraded_because",
            field=fields.CharField(null=True, max_length=255),
        ),
        ops.AddField(
            model_name="Session",
            name="direct_ms",
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name="Session",
            name="exit_switches",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Session",
            name="game_leg",
            field=fields.CharField(null=True, max_length=512),
        ),
        ops.AddField(
            model_name="Session",
            name="interfaces",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Session",
            name="leg_ms",
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name="Session",
            name="leg_place",
            field=fields.CharField(default="", db_default="", max_length=128),
        ),
        ops.AddField(
            model_name="Session",
            name="max_paths",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Session",
            name="measured_total_ms",
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name="Session",
            name="mode",
            field=fields.CharField(default="off", db_default="off", max_length=32),
        ),
        ops.AddField(
            model_name="Session",
            name="saved_down",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Session",
            name="saved_up",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Session",
            name="wants_standby",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0013_telegram")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Incident",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("title", fields.CharField(max_length=160)),
                ("title_ru", fields.CharField(default="", db_default="", max_length=160)),
                ("severity", fields.CharField(max_length=32)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="incidents",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
            ],
            options={
                "table": "incidents",
                "app": "plg",
                "indexes": [Index(fields=["started_at"], name="idx_incidents_started")],
                "pk_attr": "id",
                "table_description": "What operators tell players of a fault or of planned work. It goes on while `ended_at` is null.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IncidentUpdate",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "incident",
                    fields.ForeignKeyField(
                        "plg.Incident",
                        source_field="incident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="updates",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("text", fields.TextField(unique=False)),
                ("text_ru", fields.TextField(default="", db_default="", unique=False)),
            ],
            options={
                "table": "incident_updates",
                "app": "plg",
                "indexes": [Index(fields=["incident_id", "at"], name="idx_incident_updates_incident")],
                "pk_attr": "id",
                "table_description": "One thing told about an incident.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RelayDay",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="days",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("day", fields.CharField(max_length=10)),
                ("seconds_looked", fields.IntField(default=0, db_default=0)),
                ("seconds_heard", fields.IntField(default=0, db_default=0)),
                ("peak_sessions", fields.IntField(default=0, db_default=0)),
                ("looked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "relay_days",
                "app": "plg",
                "unique_together": (("node_id", "day"),),
                "indexes": [Index(fields=["day"], name="idx_relay_days_day")],
                "pk_attr": "id",
                "table_description": "One relay on one UTC day. What nobody looked at is in neither sum: a gap of the server says nothing about the relay.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Node",
            name="monthly_cost",
            field=fields.CharField(default="", db_default="", max_length=32),
        ),
    ]

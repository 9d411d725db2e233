from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0008_leases_and_reminders")]

    initial = False

    operations = [
        ops.CreateModel(
            name="GameOverride",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=128)),
                ("kind", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=64)),
                ("toml", fields.TextField(unique=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_by", fields.CharField(default="", db_default="", max_length=32)),
            ],
            options={
                "table": "game_overrides",
                "app": "plg",
                "pk_attr": "id",
                "table_description": "One table of a game file, such as a [[game]]: with the slug of a known game only the fields that differ, else a whole new one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GameOverridesVersion",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "game_overrides_version",
                "app": "plg",
                "pk_attr": "id",
                "table_description": "One row that counts the changes of the table above: every replica looks at it, and who changes games counts it up first.",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="Benchmark",
            index=Index(fields=["created_at"], name="idx_benchmarks_created"),
        ),
        ops.AddField(
            model_name="Node",
            name="deleted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Node",
            name="drained_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Node",
            name="priority",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Node",
            name="region",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddIndex(
            model_name="Session",
            index=Index(fields=["started_at"], name="idx_sessions_started"),
        ),
    ]

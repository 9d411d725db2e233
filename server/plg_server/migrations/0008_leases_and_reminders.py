from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("plg", "0007_mail")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Lease",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("held_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("fence", fields.BigIntField(default=0, db_default=0)),
                ("rounds", fields.BigIntField(default=0, db_default=0)),
                ("began_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("succeeded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("seconds", fields.FloatField(default=0.0, db_default=0.0)),
                ("outcome", fields.CharField(default="", db_default="", max_length=512)),
            ],
            options={
                "table": "leases",
                "app": "plg",
                "pk_attr": "id",
                "table_description": "One piece of periodic work, by its name. Whoever moves `due_at` on has the round. `fence` counts the holders.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NodeSilence",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "node",
                    fields.ForeignKeyField(
                        "plg.Node",
                        source_field="node_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="silences",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "node_silences",
                "app": "plg",
                "unique_together": (("node_id",),),
                "pk_attr": "id",
                "table_description": "A relay that is not heard. Removed when it speaks again. `closed_at` tells that its sessions were closed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PlanReminder",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "plg.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="plan_reminders",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "plan_reminders",
                "app": "plg",
                "unique_together": (("account_id", "ends_at"),),
                "indexes": [Index(fields=["ends_at"], name="idx_plan_reminders_ends")],
                "pk_attr": "id",
                "table_description": "That an account was reminded of one end of its plan. The end is in the key: another end is another reminder.",
            },
            bases=["Model"],
        ),
    ]

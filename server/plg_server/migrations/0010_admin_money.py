from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0009_admin_fleet")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Code",
            name="batch",
            field=fields.CharField(default="", db_default="", max_length=32),
        ),
        ops.AddIndex(
            model_name="Code",
            index=Index(fields=["batch"], name="idx_codes_batch"),
        ),
        ops.AddField(
            model_name="Payment",
            name="reviewed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="SubscriptionGrant",
            name="note",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("plg", "0010_admin_money")]

    initial = False

    operations = [
        ops.AddField(
            model_name="EnrolmentToken",
            name="node_id",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="EnrolmentToken",
            name="revoked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]

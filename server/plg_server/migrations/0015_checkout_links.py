from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("plg", "0014_status_page")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Checkout",
            name="link",
            field=fields.CharField(default="", db_default="", max_length=2048),
        ),
    ]

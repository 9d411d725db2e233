from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("plg", "0011_admin_tokens")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BrowserSession",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                (
                    "sign_in",
                    fields.ForeignKeyField(
                        "plg.SignIn",
                        source_field="sign_in_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="browser_sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "browser_sessions",
                "app": "plg",
                "indexes": [
                    Index(fields=["sign_in_id"], name="idx_browser_sessions_sign_in"),
                    Index(fields=["expires_at"], name="idx_browser_sessions_expires"),
                ],
                "pk_attr": "token_hash",
                "table_description": "What a browser's cookie stands for, by its SHA-256: a sign-in of its own, listed and revoked like every device.",
            },
            bases=["Model"],
        ),
    ]

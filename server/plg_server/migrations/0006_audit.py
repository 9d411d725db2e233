from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

SQLITE_TRIGGERS = (
    # INSERT OR REPLACE deletes without asking a DELETE trigger (sqlite.org/lang_conflict.html), hence the first one.
    """CREATE TRIGGER audit_entries_insert BEFORE INSERT ON audit_entries
        WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit entries can only be added'); END""",
    "CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries can only be added'); END",
    "CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries can only be added'); END",
)

POSTGRES_TRIGGERS = (
    """CREATE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'audit entries can only be added'; END $$""",
    """CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
       FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse()""",
)


async def add_triggers(_apps: object, editor: BaseSchemaEditor) -> None:
    """The database itself refuses to change or delete an entry, whoever asks."""
    is_sqlite = editor.client.capabilities.dialect == "sqlite"
    for statement in SQLITE_TRIGGERS if is_sqlite else POSTGRES_TRIGGERS:
        # One by one: a script would end SQLite's transaction, and is cut at semicolons.
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("plg", "0005_account_safety")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor_id", fields.CharField(default="", db_default="", max_length=32)),
                ("actor_role", fields.CharField(max_length=32)),
                ("via", fields.CharField(max_length=64)),
                ("act", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=128)),
                ("details", fields.TextField(unique=False)),
                ("request_id", fields.CharField(default="", db_default="", max_length=64)),
                ("address", fields.CharField(default="", db_default="", max_length=64)),
            ],
            options={
                "table": "audit_entries",
                "app": "plg",
                "indexes": [
                    Index(fields=["at"], name="idx_audit_entries_at"),
                    Index(fields=["actor_id", "at"], name="idx_audit_entries_actor"),
                    Index(fields=["subject", "at"], name="idx_audit_entries_subject"),
                ],
                "pk_attr": "id",
                "table_description": "One administrative act. Rows are only ever added: triggers in the database refuse to change or delete them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AdminClaim",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "admin_claims",
                "app": "plg",
                "pk_attr": "token_hash",
                "table_description": "A token, by its SHA-256, with which an account becomes the first admin. `used_at` ends it, for whatever reason.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Account",
            name="ban_reason",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.RunPython(add_triggers),
    ]

"""Who did what as an operator, and the tokens that make the first operator."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class AuditEntry(Model):
    """One administrative act. Rows are only ever added: triggers in the database refuse to change or delete them."""

    id = fields.CharField(max_length=32, primary_key=True)
    at = fields.DatetimeField()
    # No reference to accounts: what somebody did stays when their account goes. Empty for the operator at the machine.
    actor_id = fields.CharField(max_length=32, default="", db_default="")
    actor_role = fields.CharField(max_length=32)
    # "sign_in", "machine", or the id of an API token.
    via = fields.CharField(max_length=64)
    act = fields.CharField(max_length=64)
    # Kind and id, such as "account:0123456789abcdef".
    subject = fields.CharField(max_length=128)
    # A JSON object.
    details = fields.TextField()
    request_id = fields.CharField(max_length=64, default="", db_default="")
    address = fields.CharField(max_length=64, default="", db_default="")

    class Meta:
        table = "audit_entries"
        indexes = (
            Index(fields=("at",), name="idx_audit_entries_at"),
            Index(fields=("actor_id", "at"), name="idx_audit_entries_actor"),
            Index(fields=("subject", "at"), name="idx_audit_entries_subject"),
        )


class AdminClaim(Model):
    """A token, by its SHA-256, with which an account becomes the first admin. `used_at` ends it, for whatever reason."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "admin_claims"

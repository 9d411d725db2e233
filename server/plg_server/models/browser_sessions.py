"""Browsers that are signed in on the pages."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import SignIn


class BrowserSession(Model):
    """What a browser's cookie stands for, by its SHA-256: a sign-in of its own, listed and revoked like every device."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "plg.SignIn", related_name="browser_sessions", on_delete=fields.CASCADE
    )
    # Moved forward while the browser is used.
    expires_at = fields.DatetimeField()

    sign_in_id: str

    class Meta:
        table = "browser_sessions"
        indexes = (
            Index(fields=("sign_in_id",), name="idx_browser_sessions_sign_in"),
            Index(fields=("expires_at",), name="idx_browser_sessions_expires"),
        )

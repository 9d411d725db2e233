"""Sessions: a player's right to use one relay for one game, from start to its metrics."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account
from plg_server.models.nodes import Node


class Session(Model):
    """One session. It is live while `ended_at` is null and `expires_at` is ahead. `measured_at` tells that metrics came."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="sessions", on_delete=fields.CASCADE
    )
    game = fields.CharField(max_length=64)
    cid = fields.CharField(max_length=16, unique=True)
    # The secret that the ticket seals, in base64; emptied when the session ends.
    secret = fields.CharField(max_length=64)
    target = fields.CharField(max_length=261, null=True)
    # Approved addresses, "HOST:PORT" parted by spaces: at most 8 of them.
    approved = fields.CharField(max_length=512, default="", db_default="")
    client_version = fields.CharField(max_length=32, default="", db_default="")
    started_at = fields.DatetimeField()
    renewed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_because = fields.CharField(max_length=64, null=True)
    measured_at = fields.DatetimeField(null=True)
    predicted_total_ms = fields.FloatField(null=True)
    chosen_because = fields.CharField(max_length=255, default="", db_default="")
    seconds = fields.FloatField(default=0.0, db_default=0.0)
    packets_up = fields.BigIntField(default=0, db_default=0)
    packets_down = fields.BigIntField(default=0, db_default=0)
    bytes_up = fields.BigIntField(default=0, db_default=0)
    bytes_down = fields.BigIntField(default=0, db_default=0)
    leaked = fields.BigIntField(default=0, db_default=0)
    rtt_ms_p50 = fields.FloatField(null=True)
    loss_up_percent = fields.FloatField(null=True)
    loss_down_percent = fields.FloatField(null=True)
    # What the client measured on each path, as the JSON of contract.sessions.PathMetrics.
    paths = fields.TextField(null=True)

    account_id: str
    node_id: str

    class Meta:
        table = "sessions"
        indexes = (
            Index(fields=("account_id", "started_at"), name="idx_sessions_account_started"),
            Index(fields=("node_id", "expires_at"), name="idx_sessions_node_expires"),
        )

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
    # How it uses its paths (contract.sessions.Mode); older servers know none.
    mode = fields.CharField(max_length=32, default="off", db_default="off")
    interfaces = fields.IntField(default=1, db_default=1)
    max_paths = fields.IntField(default=1, db_default=1)
    wants_standby = fields.BooleanField(default=False, db_default=False)
    degraded_because = fields.CharField(max_length=255, null=True)
    # The exit's way to the game as it was counted at the start, without what players had found on top, and where it ends.
    leg_ms = fields.FloatField(null=True)
    leg_place = fields.CharField(max_length=128, default="", db_default="")
    # The JSON of contract.nodes.NodeGameLeg.
    game_leg = fields.CharField(max_length=512, null=True)
    measured_total_ms = fields.FloatField(null=True)
    direct_ms = fields.FloatField(null=True)
    saved_up = fields.BigIntField(default=0, db_default=0)
    saved_down = fields.BigIntField(default=0, db_default=0)
    exit_switches = fields.IntField(default=0, db_default=0)

    account_id: str
    node_id: str

    class Meta:
        table = "sessions"
        indexes = (
            Index(fields=("account_id", "started_at"), name="idx_sessions_account_started"),
            Index(fields=("node_id", "expires_at"), name="idx_sessions_node_expires"),
            Index(fields=("started_at",), name="idx_sessions_started"),
        )


class SessionRelay(Model):
    """A further relay of a session: a transit of one path, or the standby exit. `removed_at` when another took its place."""

    id = fields.CharField(max_length=32, primary_key=True)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField(
        "plg.Session", related_name="relays", on_delete=fields.CASCADE
    )
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="session_relays", on_delete=fields.CASCADE
    )
    # "transit" or "standby".
    role = fields.CharField(max_length=32)
    path = fields.IntField(default=0, db_default=0)
    # A transit carries the session's own id, a standby has another.
    cid = fields.CharField(max_length=16)
    # Kt or K in base64; emptied when the session ends.
    secret = fields.CharField(max_length=64)
    predicted_total_ms = fields.FloatField(null=True)
    chosen_because = fields.CharField(max_length=255, default="", db_default="")
    added_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)

    session_id: str
    node_id: str

    class Meta:
        table = "session_relays"
        indexes = (
            Index(fields=("session_id",), name="idx_session_relays_session"),
            Index(fields=("node_id", "added_at"), name="idx_session_relays_node"),
        )


class LegFinding(Model):
    """What one session found out about its exit's way to a place: as measured end to end, and as it had been counted."""

    id = fields.CharField(max_length=32, primary_key=True)
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="leg_findings", on_delete=fields.CASCADE
    )
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="leg_findings", on_delete=fields.CASCADE
    )
    place = fields.CharField(max_length=128)
    measured_leg_ms = fields.FloatField()
    counted_leg_ms = fields.FloatField()
    found_at = fields.DatetimeField()

    node_id: str
    account_id: str

    class Meta:
        table = "leg_findings"
        indexes = (
            Index(fields=("found_at",), name="idx_leg_findings_found"),
            Index(fields=("account_id", "found_at"), name="idx_leg_findings_account"),
        )

"""Relays as the server knows them for good; what changes every few seconds is in the store."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class EnrolmentToken(Model):
    """A token that makes one relay a member, by its SHA-256. `used_at` is set by the one request that wins."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=64)
    country = fields.CharField(max_length=2, default="", db_default="")
    city = fields.CharField(max_length=64, default="", db_default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    # The relay that came with it; null also where a server of an earlier version took the token.
    node_id = fields.CharField(max_length=32, null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "enrolment_tokens"


class Node(Model):
    """One relay. `relay_id` is the number that its tickets are bound to (32 bits, never given to another relay)."""

    id = fields.CharField(max_length=32, primary_key=True)
    relay_id = fields.BigIntField(unique=True)
    name = fields.CharField(max_length=64)
    country = fields.CharField(max_length=2, default="", db_default="")
    city = fields.CharField(max_length=64, default="", db_default="")
    host = fields.CharField(max_length=255)
    port = fields.IntField()
    control_url = fields.CharField(max_length=255, null=True)
    # Not a hash: it is what we show to the relay's control API.
    control_key = fields.CharField(max_length=128)
    key_hash = fields.CharField(max_length=64)
    max_sessions = fields.IntField()
    version = fields.CharField(max_length=32, default="", db_default="")
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)
    # What an operator calls the part of the world that it serves, such as "eu"; players do not see it.
    region = fields.CharField(max_length=64, default="", db_default="")
    # Counted in favour of the relay when exits are chosen, in milliseconds (services/route_choice).
    priority = fields.IntField(default=0, db_default=0)
    drained_at = fields.DatetimeField(null=True)
    # What its machine costs a month, as an operator wrote it: "12.50 EUR". Players do not see it.
    monthly_cost = fields.CharField(max_length=32, default="", db_default="")
    # The row stays when a relay is deleted: sessions that were played through it refer to it.
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "nodes"


class TicketKey(Model):
    """A key that seals tickets of one relay. `active_from` leaves the relay time to fetch it before it is used."""

    id = fields.CharField(max_length=32, primary_key=True)
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="ticket_keys", on_delete=fields.CASCADE
    )
    key_id = fields.IntField()
    key = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    active_from = fields.DatetimeField()

    node_id: str

    class Meta:
        table = "ticket_keys"
        unique_together = (("node_id", "key_id"),)
        indexes = (Index(fields=("node_id",), name="idx_ticket_keys_node"),)

"""What the public status page remembers: how many seconds of each day a relay was heard, and what operators said of incidents."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.nodes import Node


class RelayDay(Model):
    """One relay on one UTC day. What nobody looked at is in neither sum: a gap of the server says nothing about the relay."""

    id = fields.CharField(max_length=32, primary_key=True)
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="days", on_delete=fields.CASCADE
    )
    # As in 2026-11-22: as text it is in order on both engines.
    day = fields.CharField(max_length=10)
    seconds_looked = fields.IntField(default=0, db_default=0)
    seconds_heard = fields.IntField(default=0, db_default=0)
    peak_sessions = fields.IntField(default=0, db_default=0)
    # Up to here the sums are made. Whoever moves it on adds what lies between: so nothing is counted twice.
    looked_at = fields.DatetimeField()

    node_id: str

    class Meta:
        table = "relay_days"
        unique_together = (("node_id", "day"),)
        indexes = (Index(fields=("day",), name="idx_relay_days_day"),)


class Incident(Model):
    """What operators tell players of a fault or of planned work. It goes on while `ended_at` is null."""

    id = fields.CharField(max_length=32, primary_key=True)
    title = fields.CharField(max_length=160)
    # Empty where it was written in one language only.
    title_ru = fields.CharField(max_length=160, default="", db_default="")
    severity = fields.CharField(max_length=32)
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    # The relay that it is about, where it is about one.
    node: fields.ForeignKeyNullableRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="incidents", null=True, on_delete=fields.SET_NULL
    )

    node_id: str | None

    class Meta:
        table = "incidents"
        indexes = (Index(fields=("started_at",), name="idx_incidents_started"),)


class IncidentUpdate(Model):
    """One thing told about an incident."""

    id = fields.CharField(max_length=32, primary_key=True)
    incident: fields.ForeignKeyRelation[Incident] = fields.ForeignKeyField(
        "plg.Incident", related_name="updates", on_delete=fields.CASCADE
    )
    at = fields.DatetimeField()
    text = fields.TextField()
    text_ru = fields.TextField(default="", db_default="")

    incident_id: str

    class Meta:
        table = "incident_updates"
        indexes = (Index(fields=("incident_id", "at"), name="idx_incident_updates_incident"),)

"""What periodic work remembers, across replicas: whose turn it is, who was reminded, which relays are silent."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account
from plg_server.models.nodes import Node


class Lease(Model):
    """One piece of periodic work, by its name. Whoever moves `due_at` on has the round. `fence` counts the holders."""

    id = fields.CharField(max_length=64, primary_key=True)
    due_at = fields.DatetimeField()
    # Set while somebody works; a moment that has passed means that the holder died at it.
    held_until = fields.DatetimeField(null=True)
    fence = fields.BigIntField(default=0, db_default=0)
    rounds = fields.BigIntField(default=0, db_default=0)
    began_at = fields.DatetimeField(null=True)
    succeeded_at = fields.DatetimeField(null=True)
    # What the last round that succeeded took and found (JSON of name -> number): every replica can show it.
    seconds = fields.FloatField(default=0.0, db_default=0.0)
    outcome = fields.CharField(max_length=512, default="", db_default="")

    class Meta:
        table = "leases"


class PlanReminder(Model):
    """That an account was reminded of one end of its plan. The end is in the key: another end is another reminder."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="plan_reminders", on_delete=fields.CASCADE
    )
    ends_at = fields.DatetimeField()
    made_at = fields.DatetimeField()

    account_id: str

    class Meta:
        table = "plan_reminders"
        unique_together = (("account_id", "ends_at"),)
        indexes = (Index(fields=("ends_at",), name="idx_plan_reminders_ends"),)


class NodeSilence(Model):
    """A relay that is not heard. Removed when it speaks again. `closed_at` tells that its sessions were closed."""

    id = fields.CharField(max_length=32, primary_key=True)
    node: fields.ForeignKeyRelation[Node] = fields.ForeignKeyField(
        "plg.Node", related_name="silences", on_delete=fields.CASCADE
    )
    since = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    node_id: str

    class Meta:
        table = "node_silences"
        unique_together = (("node_id",),)

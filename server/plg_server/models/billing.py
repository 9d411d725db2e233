"""What may be bought and who holds what: plans with their prices, the days that accounts were given, trials that were had."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account


class BillingPlan(Model):
    """One plan, its id is the name in the API ("monthly"). A withdrawn plan is not offered, what was sold of it stays."""

    id = fields.CharField(max_length=32, primary_key=True)
    days = fields.IntField()
    max_sessions = fields.IntField()
    is_trial = fields.BooleanField(default=False, db_default=False)
    position = fields.IntField(default=0, db_default=0)
    withdrawn_at = fields.DatetimeField(null=True)

    prices: fields.ReverseRelation["PlanPrice"]

    class Meta:
        table = "billing_plans"


class PlanPrice(Model):
    """What a plan costs in one currency, in minor units (cents, kopecks): whole numbers cannot be rounded by anybody."""

    id = fields.CharField(max_length=32, primary_key=True)
    plan: fields.ForeignKeyRelation[BillingPlan] = fields.ForeignKeyField(
        "plg.BillingPlan", related_name="prices", on_delete=fields.CASCADE
    )
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()

    plan_id: str

    class Meta:
        table = "plan_prices"
        unique_together = (("plan_id", "currency"),)


class SubscriptionGrant(Model):
    """Days that an account was given, and for what. The end of a subscription is computed from all that were not revoked."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="grants", on_delete=fields.CASCADE
    )
    plan_name = fields.CharField(max_length=32)
    max_sessions = fields.IntField()
    # "trial", "payment", "promo", "gift", "referral", "operator" or "outcome_fair".
    source = fields.CharField(max_length=32)
    # What it came from: a payment's id and the like. With the source it is unique, so nothing is given twice.
    reference = fields.CharField(max_length=80)
    days = fields.IntField()
    granted_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    revoked_because = fields.CharField(max_length=32, null=True)
    # Why, in words that the account's owner reads in their history; empty when the source says it all.
    note = fields.CharField(max_length=255, default="", db_default="")

    account_id: str

    class Meta:
        table = "subscription_grants"
        unique_together = (("source", "reference"),)
        indexes = (Index(fields=("account_id", "granted_at"), name="idx_subscription_grants_account"),)


class Cancellation(Model):
    """That an account does not want to go on. Removed by the next payment, it takes no days away."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="cancellations", on_delete=fields.CASCADE
    )
    cancelled_at = fields.DatetimeField()

    account_id: str

    class Meta:
        table = "cancellations"
        unique_together = (("account_id",),)


class TrialTaken(Model):
    """A person who had the trial, by a hash of the mailbox: no reference to the account, so that it outlives its deletion."""

    id = fields.CharField(max_length=64, primary_key=True)
    account_ref = fields.CharField(max_length=32, unique=True)
    taken_at = fields.DatetimeField()

    class Meta:
        table = "trials_taken"

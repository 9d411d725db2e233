"""What players measured with and without the booster, as they handed it in."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plg_server.models.accounts import Account


class Benchmark(Model):
    """One report (contract.benchmarks). `day` is the UTC date as text, `region` empty when none was said."""

    id = fields.CharField(max_length=32, primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "plg.Account", related_name="benchmarks", on_delete=fields.CASCADE
    )
    game = fields.CharField(max_length=64)
    region = fields.CharField(max_length=32, default="", db_default="")
    node_id = fields.CharField(max_length=64, null=True)
    day = fields.CharField(max_length=10)
    created_at = fields.DatetimeField()
    mode = fields.CharField(max_length=32)
    method = fields.CharField(max_length=32)
    client_version = fields.CharField(max_length=32, default="", db_default="")
    blocks = fields.IntField()
    seconds = fields.FloatField()
    verdict = fields.CharField(max_length=32)
    difference_ms = fields.FloatField()
    ci_low_ms = fields.FloatField()
    ci_high_ms = fields.FloatField()
    confidence = fields.FloatField()
    direct_ms = fields.FloatField()
    boosted_ms = fields.FloatField()
    direct_loss_percent = fields.FloatField()
    boosted_loss_percent = fields.FloatField()
    # Both ways' whole figures, as the JSON of [direct, boosted] (contract.benchmarks.BenchmarkArm).
    arms = fields.TextField()

    account_id: str

    class Meta:
        table = "benchmarks"
        indexes = (
            Index(fields=("account_id", "game", "day"), name="idx_benchmarks_account_game_day"),
            Index(fields=("day", "game"), name="idx_benchmarks_day_game"),
            Index(fields=("created_at",), name="idx_benchmarks_created"),
        )

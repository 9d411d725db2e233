"""What operators changed of the games: pieces of game files that stand above those which the server comes with."""

from tortoise import fields
from tortoise.models import Model


class GameOverride(Model):
    """One table of a game file, such as a [[game]]: with the slug of a known game only the fields that differ, else a whole new one."""

    # "<kind> <name>", for example "game cs2": one row for each thing, whoever writes first.
    id = fields.CharField(max_length=128, primary_key=True)
    # "game", "prefixes", "cloud", "region_set" or "source".
    kind = fields.CharField(max_length=32)
    name = fields.CharField(max_length=64)
    toml = fields.TextField()
    changed_at = fields.DatetimeField()
    # No reference: what an operator wrote outlives their account.
    changed_by = fields.CharField(max_length=32, default="", db_default="")

    class Meta:
        table = "game_overrides"


class GameOverridesVersion(Model):
    """One row that counts the changes of the table above: every replica looks at it, and who changes games counts it up first."""

    # Always "games".
    id = fields.CharField(max_length=32, primary_key=True)
    version = fields.BigIntField()

    class Meta:
        table = "game_overrides_version"

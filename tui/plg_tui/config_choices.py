"""The settings of config.toml that the dashboard offers: read anew each time, because a command may write them meanwhile."""

import math

from plg.cli.config_file import set_value, unset_value
from plg.cli.config_keys import find_key, find_table
from plg.cli.hook_wiring import hook_targets
from plg.cli.invocation import Invocation
from plg.cli.settings import Settings
from plg.machine.hook_running import shown_target


class ConfigChoices:
    """Every method raises CliError naming what is wrong with the file."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    def _settings(self) -> Settings:
        return Settings(self._invocation.environ)

    def value(self, name: str) -> str:
        """As it holds for `plg connect`; "" leaves it to the built-in value."""
        return self._settings().text(name) or ""

    def variable(self, name: str) -> str | None:
        """The environment variable that goes before config.toml now, None when none does."""
        key = find_key(name)
        found = self._settings().found(name)
        if key is None or found is None or found.source != key.environment:
            return None
        return key.environment

    def keep(self, name: str, value: str | float | None) -> None:
        """Writes it into config.toml, or takes it out (None)."""
        directory = self._settings().directory
        if value is None:
            unset_value(directory, name)
        else:
            set_value(directory, name, value)

    def hooks(self) -> list[tuple[str, str | None]]:
        """Every hook that there is, with what it runs; None when it is not set. Arguments and paths may hold secrets: not shown."""
        targets = hook_targets(Invocation(self._invocation.flags, self._invocation.environ))
        table = find_table("hooks")
        names = table.entries if table is not None else {}
        return [(name, shown_target(targets[name]) if name in targets else None) for name in names]


def read_budget(text: str) -> float | None:
    """A byte budget as a person types it; None for an empty text. Raises ValueError for what is no number."""
    plain = text.strip().replace(",", ".")
    if not plain:
        return None
    value = float(plain)
    if not math.isfinite(value):
        raise ValueError(plain)
    return value

"""Hooks of config.toml, ready for a tunnel. Imported in command bodies only."""

import subprocess
from typing import TYPE_CHECKING

from plg.cli.detaching import plg_command
from plg.cli.invocation import Invocation
from plg.cli.language import _, ngettext, spoken
from plg.tunnel.hooks import HookSender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plg.machine.hook_running import HookTarget


def hook_targets(run: Invocation) -> "Mapping[str, HookTarget]":
    """The hooks of config.toml by name. Raises CliError naming a wrong one."""
    targets: dict[str, HookTarget] = {}
    for name, value in run.settings.table("hooks").items():
        if isinstance(value, str):
            targets[name] = value
        elif isinstance(value, list):
            targets[name] = [str(word) for word in value]
    return targets


def open_hooks(run: Invocation, game: str) -> HookSender | None:
    """The process that runs the hooks; None when there are none. It never keeps a tunnel from starting: a failure is a warning."""
    targets = hook_targets(run)
    if not targets:
        return None

    def tell_dropped(count: int) -> None:
        run.talk.warn(
            ngettext(
                "{n} event did not reach its hook: it came too fast", "{n} events did not reach their hooks: they came too fast", count
            ).format(n=count),
            event="hook_dropped",
        )  # fmt: skip

    argv = [*plg_command(), "hooks", "serve", f"--lang={spoken()}", "--no-input"]
    if run.flags.as_json:
        argv.append("--json")
    # The process reads the settings itself, so that no address with a secret stands in a list of processes.
    environ = {**run.environ, "PLG_CONFIG_DIR": str(run.settings.directory)}
    try:
        return HookSender(argv, frozenset(targets), game, environ, tell_dropped)
    except (OSError, subprocess.SubprocessError) as error:
        run.talk.warn(_("the hooks cannot be started: {why}").format(why=error), event="hooks_not_started")
        return None

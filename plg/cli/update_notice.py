"""Once a day, on a terminal, and only where it was asked for (`update_notice`): a line that says that there is a newer version.

Nothing is waited for: what an earlier look remembered is shown, and a look that is due is done by a process of its own.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plg.cli.cli_error import CliError
from plg.cli.invocation import Invocation
from plg.cli.language import _

DAY_S: Final = 86_400.0
SAID_NAME: Final = "update-said"
LOOKED_NAME: Final = "update-looked"
"""In the configuration directory; only their times count."""


def mention(run: Invocation, words: Sequence[str]) -> None:
    """After a command; `words` is its command line. Never fails and never waits."""
    if run.flags.as_json or not sys.stderr.isatty() or words[:1] == ["update"] or run.environ.get("CI"):
        return
    if "SUDO_UID" in run.environ:
        return  # the files would belong to root
    with contextlib.suppress(CliError, OSError):
        wanted = run.settings.found("update_notice")
        if wanted is None or wanted.value is not True:
            return
        newer = newer_version(run)
        if newer is not None and _is_due(run.settings.directory / SAID_NAME):
            run.talk.say(_("Version {new} is available: plg update").format(new=newer))
        if _is_due(run.settings.directory / LOOKED_NAME):
            look_in_background(run)


def newer_version(run: Invocation) -> str | None:
    """The version that the last look offered, when it is newer than this one."""
    from plg import __version__
    from plg.cli.update import DEFAULT_CHANNEL, MEMORY_NAME
    from plg.release.version_order import version_key

    channel = run.settings.text("update_channel") or DEFAULT_CHANNEL
    try:
        with (run.settings.directory / MEMORY_NAME).open("rb") as stream:
            offered = json.loads(stream.read(64_000))[channel]["newest_version"]
        return offered if version_key(offered) > version_key(__version__) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # plg update says what is wrong with it


def look_in_background(run: Invocation) -> None:
    """`plg update --check` as a process that nobody waits for."""
    import subprocess

    from plg.cli.detaching import plg_command

    subprocess.Popen(  # noqa: S603 - this very program
        [*plg_command(), "update", "--check", "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(run.environ),
        start_new_session=True,
    ).returncode = 0  # it outlives this command: nothing is to be said about that


def _is_due(mark: Path) -> bool:
    """Whether a day has passed since this was last asked with that answer; a clock that was set back counts as one."""
    try:
        age_s = time.time() - mark.stat().st_mtime
    except FileNotFoundError:
        age_s = DAY_S
    if 0 <= age_s < DAY_S:
        return False
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    os.close(descriptor)
    os.utime(mark)
    return True

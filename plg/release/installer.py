"""Starting a signed installer, where a program cannot replace its own folder (Windows)."""

import subprocess
from pathlib import Path
from typing import Final

from plg.release.whole_file import told_as

QUIET_WORDS: Final = ("/SP-", "/SILENT", "/NORESTART", "/CLOSEAPPLICATIONS")
"""Specification (Inno Setup, "Setup Command Line Parameters"): no questions, progress shown, files in use are freed first."""


def start_installer(archive: Path) -> "subprocess.Popen[bytes]":
    """Gives the checked download the name that Windows starts, and starts it without waiting. Raises CannotWrite."""
    with told_as(archive):
        program = archive.with_suffix(".exe")
        archive.replace(program)
        program.chmod(0o700)
        return subprocess.Popen([str(program), *QUIET_WORDS], stdin=subprocess.DEVNULL)  # noqa: S603 - signed and checked

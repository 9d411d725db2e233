"""On Windows: other users of the packet filter driver, and antivirus programs, by the system's own queries. Not run on Linux.

`driverquery /fo csv /nh` and `sc` are documented in Microsoft's "Windows Commands"; the antivirus list is the class AntiVirusProduct of
the name space root/SecurityCenter2, asked through Get-CimInstance.
"""

import asyncio
import csv
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import Scene

WINDOWS_FILTERS: Final = "windows-filters"
ANTIVIRUS: Final = "antivirus"
QUERY_S: Final = 15.0
MAX_OUTPUT_BYTES: Final = 1_000_000

DRIVER_QUERY: Final = ("driverquery.exe", "/fo", "csv", "/nh")
ANTIVIRUS_QUERY: Final = (
    "powershell.exe", "-NoProfile", "-NonInteractive", "-Command",
    "Get-CimInstance -Namespace root/SecurityCenter2 -ClassName AntiVirusProduct | ForEach-Object { $_.displayName }",
)  # fmt: skip
KNOWN_FILTERS: Final = (
    "windivert",
    "netfilter2",
    "npcap",
    "npf",
    "wfplwfs_",
    "proxifier",
    "adguard",
    "killer",
    "xtremetuner",
)
"""Beginnings of the names of drivers that take packets out of the way or change them; `windivert` is also ours while PLG runs."""


async def check_windows_filters(_scene: Scene) -> Finding:
    """Drivers that capture packets as ours does."""
    if os.name != "nt":
        return Finding(WINDOWS_FILTERS, Verdict.OK, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    found = filter_drivers(await asyncio.to_thread(ask, DRIVER_QUERY))
    if found:
        return Finding(WINDOWS_FILTERS, Verdict.WARN, Code.WINDOWS_FILTERS_FOUND, {"drivers": ", ".join(found[:5])})
    return Finding(WINDOWS_FILTERS, Verdict.OK, Code.WINDOWS_FILTERS_NONE)


async def check_antivirus(_scene: Scene) -> Finding:
    """Which antivirus programs are registered; the system's own one does no harm."""
    if os.name != "nt":
        return Finding(ANTIVIRUS, Verdict.OK, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    found = foreign_antivirus(await asyncio.to_thread(ask, ANTIVIRUS_QUERY))
    if found:
        return Finding(ANTIVIRUS, Verdict.OK, Code.ANTIVIRUS_FOUND, {"programs": ", ".join(found[:5])})
    return Finding(ANTIVIRUS, Verdict.OK, Code.ANTIVIRUS_NONE)


def filter_drivers(table: str) -> list[str]:
    """From `driverquery` without its titles: module name, display name, type, date of each driver."""
    rows = csv.reader(io.StringIO(table))
    return sorted({row[0] for row in rows if len(row) >= 2 and row[0].lower().startswith(KNOWN_FILTERS)})


def foreign_antivirus(lines: str) -> list[str]:
    """Names, one a line, without the one that comes with Windows."""
    names = {line.strip() for line in lines.splitlines()}
    return sorted(name for name in names if name and "defender" not in name.lower())


def ask(argv: Sequence[str]) -> str:
    """What a query of the system says. Raises OSError or subprocess.SubprocessError: then the check is unknown."""
    done = subprocess.run(list(argv), capture_output=True, timeout=QUERY_S, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - fixed queries
    return done.stdout[:MAX_OUTPUT_BYTES].decode(errors="replace")

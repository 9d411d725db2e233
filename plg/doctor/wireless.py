"""The wireless interface that the way to the relays uses, and its signal (Linux: /proc/net/wireless)."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import Scene

WIRELESS: Final = "wireless"

WEAK_DBM: Final = -67.0
"""Implementation. What vendors ask for voice over wireless networks; below it frames are repeated and jitter grows."""
BAD_DBM: Final = -78.0


@dataclass(frozen=True, slots=True)
class Signal:
    """One line of /proc/net/wireless: level in dBm (None where the driver gives another scale), discarded frames by retries."""

    interface: str
    level_dbm: float | None
    retry_discards: int


async def check_wireless(scene: Scene) -> Finding:
    """Of the interface with the default route."""
    if sys.platform != "linux":
        return Finding(WIRELESS, Verdict.UNKNOWN, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    return judge_wireless(*await asyncio.to_thread(look, scene))


def look(scene: Scene) -> tuple[str | None, Signal | None]:
    """The interface of the default route, and its signal when it is wireless."""
    interface = default_interface(_text(scene, "/proc/net/route"))
    if interface is None:
        return None, None
    known = read_signals(_text(scene, "/proc/net/wireless"))
    if interface not in known and scene.file(f"/sys/class/net/{interface}/wireless").exists():
        return interface, Signal(interface, None, 0)  # wireless, and its driver tells nothing in the old way
    return interface, known.get(interface)


def judge_wireless(interface: str | None, signal: Signal | None) -> Finding:
    if signal is None:
        return Finding(WIRELESS, Verdict.OK, Code.WIRELESS_NOT_USED, {"interface": interface or "-"})
    if signal.level_dbm is None:
        return Finding(WIRELESS, Verdict.UNKNOWN, Code.WIRELESS_UNREADABLE, {"interface": signal.interface})
    facts: dict[str, str | int | float] = {
        "interface": signal.interface,
        "level_dbm": round(signal.level_dbm),
        "retry_discards": signal.retry_discards,
    }
    if signal.level_dbm < BAD_DBM:
        return Finding(WIRELESS, Verdict.FAIL, Code.WIRELESS_BAD, facts)
    if signal.level_dbm < WEAK_DBM:
        return Finding(WIRELESS, Verdict.WARN, Code.WIRELESS_WEAK, facts)
    return Finding(WIRELESS, Verdict.OK, Code.WIRELESS_GOOD, facts)


def default_interface(routes: str) -> str | None:
    """From /proc/net/route: the interface of the default route with the least metric."""
    best: tuple[int, str] | None = None
    for line in routes.splitlines()[1:1000]:
        words = line.split()
        if len(words) < 8 or words[1] != "00000000" or words[7] != "00000000" or not words[6].isdecimal():
            continue
        best = min(best, (int(words[6]), words[0])) if best is not None else (int(words[6]), words[0])
    return best[1] if best is not None else None


def read_signals(text: str) -> dict[str, Signal]:
    """/proc/net/wireless: two lines of titles, then `name: status link level noise nwid crypt frag retry ...`."""
    found = {}
    for line in text.splitlines()[2:100]:
        name, colon, rest = line.partition(":")
        words = rest.split()
        if not colon or len(words) < 8:
            continue
        try:
            level, retries = float(words[2].rstrip(".")), int(words[7])
        except ValueError:
            continue
        found[name.strip()] = Signal(name.strip(), level if -120 < level < 0 else None, retries)
    return found


def _text(scene: Scene, path: str) -> str:
    try:
        return scene.file(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

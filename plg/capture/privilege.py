"""Which right or part is missing for each way of capturing, in words that lead to it."""

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path

CAPABILITY_BITS = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""Bit numbers of linux/capability.h."""

OFFER_PROXY = "or use --capture proxy, which needs no rights"

TUN_DEVICE = Path("/dev/net/tun")
KERNEL_TYPES = Path("/sys/kernel/btf/vmlinux")


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there, and the command or act that brings it. Both are one line."""

    what: str
    remedy: str


def missing_for_divert() -> list[Missing]:
    """What keeps `divert` from working here; empty when nothing is known to. Looks only, changes nothing."""
    if sys.platform == "win32":
        return _missing_on_windows()
    if not sys.platform.startswith("linux"):
        return [Missing(f"divert works on Windows and Linux, this is {sys.platform}", "use --capture proxy")]
    missing = _missing_capabilities("divert", ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_NET_RAW"))
    if not KERNEL_TYPES.exists():
        missing.append(
            Missing(
                f"the kernel does not describe its types ({KERNEL_TYPES}; CONFIG_DEBUG_INFO_BTF is off)",
                "use --capture tun, or a kernel of your distribution from 2021 or later",
            )
        )
    return missing


def missing_for_tun() -> list[Missing]:
    """What keeps `tun` from working here; empty when nothing is known to."""
    if not sys.platform.startswith("linux"):
        return [Missing(f"tun works on Linux only, this is {sys.platform}", "use --capture divert or --capture proxy")]
    missing = _missing_capabilities("tun", ("CAP_NET_ADMIN", "CAP_NET_RAW"))
    if not TUN_DEVICE.exists():
        missing.append(
            Missing(
                f"{TUN_DEVICE} is not there",
                "load the driver with `sudo modprobe tun`; in a container, pass the device in (--device /dev/net/tun)",
            )
        )
    elif not os.access(TUN_DEVICE, os.R_OK | os.W_OK):
        missing.append(Missing(f"no right to open {TUN_DEVICE}", "run the command with sudo"))
    return missing


def describe_missing(missing: list[Missing]) -> tuple[str, str]:
    """(message, next step) for a CaptureUnavailable; the next step always ends with the way that needs no rights."""
    message = "; ".join(item.what for item in missing)
    remedies = dict.fromkeys(item.remedy for item in missing)
    step = "; ".join(remedies)
    return message, step if "proxy" in step else f"{step}; {OFFER_PROXY}"


def _missing_capabilities(way: str, needed: tuple[str, ...]) -> list[Missing]:
    held = held_capabilities()
    # CAP_SYS_ADMIN held these two rights before Linux 5.8 gave them names, and still does.
    lacking = [
        name
        for name in needed
        if name not in held and not (name in ("CAP_BPF", "CAP_PERFMON") and "CAP_SYS_ADMIN" in held)
    ]
    if not lacking:
        return []
    remedy = "run the command with sudo, or install the tunnel service once: sudo plg service install"
    return [Missing(f"capturing with {way} lacks {', '.join(lacking)}", remedy)]


def held_capabilities(status: Path = Path("/proc/self/status")) -> frozenset[str]:
    """Names of the capabilities (those we know of) that are in effect for this process."""
    try:
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("CapEff:"):
                bits = int(line.split()[1], 16)
                return frozenset(name for name, bit in CAPABILITY_BITS.items() if bits >> bit & 1)
    except (OSError, ValueError, IndexError):
        pass
    return frozenset()


def _missing_on_windows() -> list[Missing]:
    shell = getattr(getattr(ctypes, "windll", None), "shell32", None)
    if shell is not None and not shell.IsUserAnAdmin():
        return [
            Missing(
                "capturing needs an administrator",
                "open the terminal with 'Run as administrator' and give the command again",
            )
        ]
    return []

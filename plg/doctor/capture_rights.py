"""Whether this process may capture, and what the kernel lacks for it. Looks only."""

import re
import sys
from pathlib import Path
from typing import Final

from plg.capture.privilege import Missing, missing_for_divert, missing_for_tun
from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict
from plg.doctor.scene import Scene

RIGHTS: Final = "rights"
KERNEL: Final = "kernel"

MAX_CONFIG_BYTES: Final = 4_000_000
"""Implementation. A distribution's kernel configuration has 300 KB."""

DIVERT_OPTIONS: Final = ("CONFIG_BPF_SYSCALL", "CONFIG_NET_CLS_ACT", "CONFIG_NET_CLS_BPF", "CONFIG_CGROUP_BPF")
"""What attaching programs to interfaces (clsact) and to control groups needs: linux/net/sched/Kconfig, linux/init/Kconfig."""
TUN_OPTIONS: Final = ("CONFIG_TUN", "CONFIG_IP_MULTIPLE_TABLES")


async def check_rights(_scene: Scene) -> Finding:
    """The ways of capturing that work for this process, best first."""
    return judge_rights(missing_for_divert(), missing_for_tun())


def judge_rights(divert: list[Missing], tun: list[Missing]) -> Finding:
    """The proxy always works, but every game has to be pointed at it by hand."""
    if not divert:
        ways = ("divert", "tun", "proxy") if not tun else ("divert", "proxy")
        return Finding(RIGHTS, Verdict.OK, Code.RIGHTS_THERE, {"ways": ", ".join(ways)})
    what = "; ".join(item.what for item in divert)
    if not tun:
        return Finding(RIGHTS, Verdict.OK, Code.RIGHTS_MISSING_TUN_THERE, {"what": what})
    remedy = "; ".join(dict.fromkeys(item.remedy for item in divert))
    return Finding(RIGHTS, Verdict.WARN, Code.RIGHTS_MISSING, {"what": what, "remedy": remedy})


async def check_kernel(scene: Scene) -> Finding:
    """BPF with its types, clsact, control groups, TUN. What the configuration does not tell counts as there."""
    if not sys.platform.startswith("linux"):
        return Finding(KERNEL, Verdict.OK, Code.NOT_ON_THIS_SYSTEM, {"system": sys.platform})
    release = _line(scene.file("/proc/sys/kernel/osrelease"))
    options = read_kernel_options(scene, release)
    off_for_divert = [name for name in DIVERT_OPTIONS if options.get(name) == "n"]
    off_for_tun = [name for name in TUN_OPTIONS if options.get(name) == "n"]
    if not scene.file("/sys/kernel/btf/vmlinux").exists():
        off_for_divert.append("CONFIG_DEBUG_INFO_BTF")
    if not scene.file("/dev/net/tun").exists():
        off_for_tun.append("/dev/net/tun")
    if not off_for_divert:
        facts: dict[str, Fact] = {"release": release, "cgroup": cgroup_version(scene), "options_known": len(options)}
        return Finding(KERNEL, Verdict.OK, Code.KERNEL_COMPLETE, facts)
    lacking = {"release": release, "lacks": ", ".join(off_for_divert)}
    if not off_for_tun:
        return Finding(KERNEL, Verdict.WARN, Code.KERNEL_TUN_ONLY, lacking)
    return Finding(
        KERNEL, Verdict.FAIL, Code.KERNEL_LACKS, {**lacking, "lacks": ", ".join(off_for_divert + off_for_tun)}
    )


def cgroup_version(scene: Scene) -> str:
    """v2, hybrid (v2 beside v1), v1 or none: told, not judged, because today's capture attaches to interfaces and not to groups."""
    if scene.file("/sys/fs/cgroup/cgroup.controllers").exists():
        return "v2"
    if scene.file("/sys/fs/cgroup/unified/cgroup.controllers").exists():
        return "hybrid"
    return "v1" if scene.file("/proc/cgroups").exists() else "none"


def read_kernel_options(scene: Scene, release: str) -> dict[str, str]:
    """CONFIG_NAME -> y, m or n from the running kernel's configuration; empty where it is not shown."""
    content = b""
    for place in ("/proc/config.gz", f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        path = scene.file(place)
        try:
            content = _unpacked(path) if place.endswith(".gz") else _start_of(path)
        except OSError:
            continue
        break
    text = content.decode("ascii", "replace")
    options = dict(re.findall(r"^(CONFIG_[A-Z0-9_]+)=([ym])$", text, re.MULTILINE))
    if options:
        options |= dict.fromkeys(re.findall(r"^# (CONFIG_[A-Z0-9_]+) is not set$", text, re.MULTILINE), "n")
    return options


def _unpacked(path: Path) -> bytes:
    import gzip
    import zlib

    try:
        with gzip.open(path) as stream:
            return stream.read(MAX_CONFIG_BYTES)
    except (EOFError, zlib.error) as error:
        raise OSError(str(error)) from error


def _start_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_CONFIG_BYTES)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:100]
    except OSError:
        return "?"

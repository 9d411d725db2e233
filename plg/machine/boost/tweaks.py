"""What may be changed, and what is known about its use. The sentences about each are in plg.cli.boost_words, in two languages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Evidence(StrEnum):
    """How sure it is that a game gains: measured by many in open, plausible in some conditions, none."""

    STRONG = "strong"
    SOME = "some"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Tweak:
    """One change on offer. `source` is a page that says what it does. Without evidence it is made only when it is named."""

    id: str
    system: str
    evidence: Evidence
    source: str
    per_process: bool = False
    needs_restart: bool = False

    @property
    def by_default(self) -> bool:
        return self.evidence is not Evidence.NONE


LINUX: Final = "linux"
WINDOWS: Final = "win32"

TWEAKS: Final = (
    Tweak("governor", LINUX, Evidence.SOME, "https://docs.kernel.org/admin-guide/pm/cpufreq.html"),
    Tweak("nice", LINUX, Evidence.SOME, "https://man7.org/linux/man-pages/man7/sched.7.html", per_process=True),
    Tweak("ionice", LINUX, Evidence.SOME, "https://man7.org/linux/man-pages/man2/ioprio_set.2.html", per_process=True),
    Tweak("gamemode", LINUX, Evidence.SOME, "https://github.com/FeralInteractive/gamemode", per_process=True),
    Tweak(
        "game-dvr", WINDOWS, Evidence.STRONG,
        "https://learn.microsoft.com/windows/client-management/mdm/policy-csp-applicationmanagement#allowgamedvr",
    ),
    Tweak("game-mode", WINDOWS, Evidence.SOME, "https://learn.microsoft.com/previous-versions/windows/desktop/gamemode/game-mode-portal"),
    Tweak("power-plan", WINDOWS, Evidence.SOME, "https://learn.microsoft.com/windows-hardware/design/device-experiences/powercfg-command-line-options"),
    Tweak("priority", WINDOWS, Evidence.SOME, "https://learn.microsoft.com/windows/win32/procthread/scheduling-priorities", per_process=True),
    Tweak("timer", WINDOWS, Evidence.SOME, "https://learn.microsoft.com/windows/win32/api/timeapi/nf-timeapi-timebeginperiod", needs_restart=True),
    Tweak("mmcss", WINDOWS, Evidence.NONE, "https://learn.microsoft.com/windows/win32/procthread/multimedia-class-scheduler-service", needs_restart=True),
    Tweak("affinity", WINDOWS, Evidence.NONE, "https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setprocessaffinitymask", per_process=True),
)  # fmt: skip


class UnknownTweak(Exception):
    """`name` is no change on offer here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def tweaks_for(system: str) -> list[Tweak]:
    """Those of one system (`sys.platform`), in the order in which they are made."""
    return [tweak for tweak in TWEAKS if tweak.system == system]


def choose_tweaks(system: str, only: tuple[str, ...] = ()) -> list[Tweak]:
    """The ones named, or all with evidence. Raises UnknownTweak."""
    here = tweaks_for(system)
    for name in only:
        if name not in {tweak.id for tweak in here}:
            raise UnknownTweak(name)
    return [tweak for tweak in here if (tweak.id in only if only else tweak.by_default)]

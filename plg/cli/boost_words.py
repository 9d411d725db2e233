"""What each change of the boost is, and what is known about its use, in sentences."""

from typing import Final, NamedTuple

from plg.cli.language import N_


class TweakWords(NamedTuple):
    """Marked for translation."""

    what: str
    why: str


TWEAKS: Final[dict[str, TweakWords]] = {
    "governor": TweakWords(
        N_("processor at full frequency (governor performance)"),
        N_(
            "frequencies no longer have to rise first when a frame needs them; nothing where they are high anyway; costs power"
        ),
    ),
    "nice": TweakWords(
        N_("the game before other programs (nice -5)"),
        N_("helps when other programs want the processor at the same time; nothing on an idle machine"),
    ),
    "ionice": TweakWords(
        N_("the game first at the disks (best-effort 0)"),
        N_("helps while something else reads or writes and the disk's scheduler knows priorities (BFQ); else nothing"),
    ),
    "gamemode": TweakWords(
        N_("GameMode for the game"),
        N_(
            "a service that many distributions ship; it sets several of these and the graphics card, and takes them back itself"
        ),
    ),
    "game-dvr": TweakWords(
        N_("no recording in the background (Game DVR off)"),
        N_("recording costs the graphics card's encoder and memory bandwidth; off, many games gain frames measurably"),
    ),
    "game-mode": TweakWords(
        N_("Windows' Game Mode on"),
        N_("keeps updates and notices away while you play; little else can be measured"),
    ),
    "power-plan": TweakWords(
        N_("power scheme High performance"),
        N_("frequencies no longer have to rise first; nothing where they are high anyway; costs power"),
    ),
    "priority": TweakWords(
        N_("the game before other programs (above normal)"),
        N_("helps when other programs want the processor at the same time; nothing on an idle machine"),
    ),
    "timer": TweakWords(
        N_("timers as fine as the game asks for, also in the background (Windows 11, after a restart)"),
        N_("games that limit their frames by waiting stay even when another window is in front; costs power"),
    ),
    "mmcss": TweakWords(
        N_("multimedia scheduler for games (MMCSS)"),
        N_("only for threads that register with it, which few games do: no gain has been shown"),
    ),
    "affinity": TweakWords(
        N_("the game away from the first processor"),
        N_("the scheduler does this better on today's processors: no gain has been shown, some games lose"),
    ),
}
"""By the id of each tweak."""

NOT_OFFERED: Final = (
    N_("TcpAckFrequency, TCPNoDelay: they are about TCP; game packets are UDP, and PLG's too"),
    N_("NetworkThrottlingIndex, interrupt settings of network cards: no gain has been shown for games"),
)
"""Well-known recipes that are left out on purpose."""

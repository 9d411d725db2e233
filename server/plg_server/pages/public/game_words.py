"""What a game's profile says, in words and pictures for people."""

from dataclasses import dataclass

from plg.contract.games import GameDetail, GameSummary, Transport
from plg_server.pages.language import N_, translated

CATEGORIES: dict[str, tuple[str, str]] = {
    "battle-royale": (N_("Battle royale"), "crosshair"),
    "card": (N_("Card games"), "layers"),
    "coop": (N_("Co-op"), "users"),
    "fighting": (N_("Fighting"), "swords"),
    "fps": (N_("Shooters"), "target"),
    "horror": (N_("Horror"), "eye"),
    "mmo": (N_("Online worlds"), "globe"),
    "moba": (N_("MOBA"), "shield"),
    "party": (N_("Party games"), "heart"),
    "racing": (N_("Racing"), "car"),
    "rpg": (N_("Role-playing"), "star"),
    "sandbox": (N_("Sandbox"), "puzzle"),
    "sports": (N_("Sports"), "trophy"),
    "strategy": (N_("Strategy"), "flag"),
    "survival": (N_("Survival"), "wrench"),
    "vehicle": (N_("Vehicle combat"), "rocket"),
}
"""Words and picture by category. An operator may add games of further ones: those are shown by their own name."""

BADGES: dict[str, str] = {"popular": N_("Popular"), "classic": N_("Classic"), "new": N_("New")}

CAPTURES: dict[str, str] = {
    "process": N_("By the game's own process: only its packets to its own servers."),
    "process+cidr": N_("By the game's own process, and only to the publisher's known networks."),
    "ports": N_("By the ports that the game's servers use: its process cannot be seen."),
    "cidr": N_("By the known networks of the game's servers: its process cannot be seen."),
}

LINUX: dict[str, tuple[str, str]] = {
    "supported": (N_("Runs on Linux, with the publisher's support"), "good"),
    "running": (N_("Runs on Linux"), "good"),
    "planned": (N_("Planned for Linux"), "info"),
    "broken": (N_("Does not run on Linux"), "warn"),
    "denied": (N_("Its anti-cheat refuses Linux"), "bad"),
}
"""As the game stands with Proton or its own build; PLG itself runs there."""

CONFIDENCES: dict[str, str] = {"high": N_("confirmed"), "medium": N_("likely"), "low": N_("a first guess")}

FACTS: dict[str, str] = {
    "executables": N_("programs"),
    "linux_executables": N_("programs on Linux"),
    "ports": N_("ports"),
    "server_cidrs": N_("server networks"),
    "regions": N_("regions"),
    "hosting": N_("who hosts it"),
    "transport": N_("transport"),
    "p2p": N_("player to player"),
    "anti_cheat": N_("anti-cheat"),
    "linux_status": N_("Linux"),
}
"""The groups of a profile whose confidence is of use to a player."""


@dataclass(frozen=True)
class Carried:
    """Whether PLG carries a game, honestly: short for a badge, long for its page."""

    short: str
    long: str
    tone: str


CARRIED: dict[Transport, Carried] = {
    Transport.UDP: Carried(N_("UDP"), N_("Its matches run over UDP, which is what PLG carries."), "good"),
    Transport.MIXED: Carried(
        N_("UDP in part"),
        N_("It uses UDP and TCP. PLG carries what runs over UDP; the rest goes its usual way."),
        "info",
    ),
    Transport.TCP: Carried(
        N_("TCP only"),
        N_(
            "Its matches run over TCP, which PLG does not carry: there is nothing to boost. It is listed so that you know before you try."
        ),
        "warn",
    ),
    Transport.UNKNOWN: Carried(
        N_("Not confirmed"),
        N_("Nobody has confirmed yet what its matches run over. If it is UDP, PLG carries it: `plg bench` tells."),
        "info",
    ),
}


def category_name(language: str, category: str) -> str:
    """In this language, or the name itself."""
    known = CATEGORIES.get(category)
    return translated(language, known[0]) if known else category


def category_icon(category: str) -> str:
    """A symbol of icons.svg."""
    return CATEGORIES.get(category, ("", "gamepad-2"))[1]


def carried(game: GameSummary | GameDetail) -> Carried:
    """Whether PLG carries it."""
    return CARRIED[game.transport]

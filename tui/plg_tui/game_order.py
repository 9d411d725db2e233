"""In which order games are listed, and the word in front of each that says why it stands there. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from plg.cli.language import N_, _
from plg.contract.games import AddressChange, Confidence, GameDetail, GameSummary, Transport
from plg_tui.local_games import LocalGames


class Standing(IntEnum):
    """The first that holds decides."""

    RUNNING = 0
    INSTALLED = 1
    FAVOURITE = 2
    RECENT = 3
    REST = 4


_WORDS = {
    Standing.RUNNING: N_("▶ running"),
    Standing.INSTALLED: N_("installed"),
    Standing.FAVOURITE: "",
    Standing.RECENT: N_("recent"),
    Standing.REST: "",
}

_ROUTES = {
    AddressChange.AGILE: N_("route may change in a match"),
    AddressChange.PORT_ONLY: N_("relay stays for a match"),
    AddressChange.BOUND: N_("route stays for a match"),
    AddressChange.UNKNOWN: N_("route stays for a match, to be safe"),
}

_SURENESS = {
    Confidence.HIGH: N_("profile certain"),
    Confidence.MEDIUM: N_("profile likely"),
    Confidence.LOW: N_("profile partly a guess"),
}
_LEAST_SURE_FIRST = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of this person and this machine. `recent` is the latest first."""

    local: LocalGames = field(default_factory=LocalGames)
    favourites: frozenset[str] = frozenset()
    recent: Sequence[str] = ()

    def standing(self, slug: str) -> Standing:
        if slug in self.local.running:
            return Standing.RUNNING
        if slug in self.local.installed:
            return Standing.INSTALLED
        if slug in self.favourites:
            return Standing.FAVOURITE
        return Standing.RECENT if slug in self.recent else Standing.REST


def ordered(games: Iterable[GameSummary], known: Known) -> list[GameSummary]:
    """Running, installed, favourite, recent, the rest; within each the server's order, recent ones by their time."""

    def place(game: GameSummary) -> tuple[int, int]:
        standing = known.standing(game.slug)
        return standing, known.recent.index(game.slug) if standing is Standing.RECENT else 0

    return sorted(games, key=place)


def mark(slug: str, known: Known) -> str:
    """A star for a favourite, then the word for its place."""
    word = _WORDS[known.standing(slug)]
    star = "★" if slug in known.favourites else " "
    return f"{star} {_(word)}".rstrip() if word else star.rstrip()


def list_badges(game: GameSummary) -> str:
    """What must be seen before a game is chosen: the server's own badge, and what PLG cannot do for it."""
    found = [game.badge] if game.badge else []
    if not game.boostable and game.transport is not Transport.TCP:
        found.append(_("not carried"))
    return ", ".join(found)


def detail_badges(game: GameDetail) -> list[str]:
    """The warnings and promises of a profile, a few words each."""
    found = []
    if game.transport is Transport.TCP:
        found.append(_("TCP only: not carried"))
    elif not game.boostable:
        found.append(_("not carried"))
    if game.anti_cheat_note:
        found.append(_("! anti-cheat note"))
    if game.boostable:
        found.append(_(_ROUTES[game.address_change]))
    least = next((level for level in _LEAST_SURE_FIRST if level in game.confidence.values()), None)
    if least is not None:
        found.append(_(_SURENESS[least]))
    return found

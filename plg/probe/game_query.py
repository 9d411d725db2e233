"""Questions that game servers answer to anybody: Valve's A2S_INFO and Quake III's getinfo. Pure bytes, and what they say of the server.

They are what server browsers send, so an answer is a true round trip to the game server's own socket. Sources: Valve Developer Community,
"Server queries" (A2S_INFO, with the challenge that servers ask for since December 2020); ioquake3's server sources (SVC_Info), whose
descendants answer alike. Answers are hostile until proved: bounded, never trusted for anything but being there and being shown.
"""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

MAX_ANSWER_BYTES: Final = 2048
"""Valve's limit is 1400 bytes; a longer datagram is not from a game server that plays by the rules."""
MAX_TEXT: Final = 80
"""Implementation. Names are shown on one line; a longer one is cut."""

_SINGLE: Final = b"\xff\xff\xff\xff"
_A2S_INFO: Final = _SINGLE + b"TSource Engine Query\x00"
_A2S_CHALLENGE: Final = 0x41
_A2S_ANSWER: Final = 0x49
_A2S_CHALLENGE_LENGTH: Final = 4
_A2S_STRINGS: Final = 4  # name, map, folder, game
_QUAKE3_ANSWER: Final = _SINGLE + b"infoResponse\n"
_NUMBER: Final = re.compile(r"[0-9]{1,5}")


class QueryProtocol(StrEnum):
    """Stable names, also in documents."""

    A2S = "a2s"
    QUAKE3 = "quake3"


_KNOWN: Final = {
    QueryProtocol.QUAKE3: frozenset({
        "enemy-territory-legacy", "nexuiz-classic", "openarena", "quake-3-arena", "smokin-guns", "tremulous", "unvanquished",
        "urban-terror", "warfork", "warsow", "xonotic",
    }),
    QueryProtocol.A2S: frozenset({
        "counter-strike-1-6", "counter-strike-source", "cs2", "garrys-mod", "left-4-dead-2", "team-fortress-2",
    }),
}  # fmt: skip
"""Games, by the catalogue's names, whose servers answer on the very port on which they are played: only that is the game's way."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What a server says of itself; foreign text, to be shown through the writers that make it safe."""

    name: str
    map: str
    players: int | None
    max_players: int | None


class GameQuery(Protocol):
    """One conversation with one server on one socket: ask, read what comes, ask again."""

    answer: ServerAnswer | None

    def request(self) -> bytes:
        """The next question."""

    def read(self, datagram: bytes) -> bool:
        """Whether the datagram answers the last question, which it then uses up."""


def known_protocol(game: str) -> QueryProtocol | None:
    """What servers of the game (its slug) answer to on their game port; None when that is not known."""
    return next((protocol for protocol, games in _KNOWN.items() if game in games), None)


def make_query(protocol: QueryProtocol) -> GameQuery:
    """A new conversation."""
    return A2sQuery() if protocol is QueryProtocol.A2S else Quake3Query()


class A2sQuery:
    """A2S_INFO. A challenge is a round trip too: it counts as an answer, and the next question carries it.

    The protocol has no number that would tie an answer to its question: after a lost one, ask from another port.
    """

    def __init__(self) -> None:
        self.answer: ServerAnswer | None = None
        self._challenge = b""
        self._asked = False

    def request(self) -> bytes:
        self._asked = True
        return _A2S_INFO + self._challenge

    def read(self, datagram: bytes) -> bool:
        if not self._asked or not 5 < len(datagram) <= MAX_ANSWER_BYTES or not datagram.startswith(_SINGLE):
            return False
        kind, body = datagram[4], datagram[5:]
        if kind == _A2S_CHALLENGE and len(body) == _A2S_CHALLENGE_LENGTH:
            self._challenge = body
        elif kind == _A2S_ANSWER and (read := _read_a2s_info(body)) is not None:
            self.answer = read
        else:
            return False
        self._asked = False
        return True


class Quake3Query:
    """getinfo with a random word, which the server sends back: a late answer to another question is told apart."""

    def __init__(self) -> None:
        self.answer: ServerAnswer | None = None
        self._word = ""

    def request(self) -> bytes:
        self._word = secrets.token_hex(6)
        return _SINGLE + b"getinfo " + self._word.encode()

    def read(self, datagram: bytes) -> bool:
        if not self._word or len(datagram) > MAX_ANSWER_BYTES or not datagram.startswith(_QUAKE3_ANSWER):
            return False
        facts = _read_quake3_info(datagram[len(_QUAKE3_ANSWER) :])
        if facts.get("challenge") != self._word:
            return False
        self._word = ""
        players = _number(facts.get("clients"))
        if players is None:
            players = _number(facts.get("g_humanplayers"))
        self.answer = ServerAnswer(
            facts.get("hostname", "")[:MAX_TEXT],
            facts.get("mapname", "")[:MAX_TEXT],
            players,
            _number(facts.get("sv_maxclients")),
        )
        return True


def _read_a2s_info(body: bytes) -> ServerAnswer | None:
    """Protocol byte, four texts, the Steam number of two bytes, players, places; what follows is not read."""
    parts = body[1:].split(b"\x00", _A2S_STRINGS)
    if len(parts) != _A2S_STRINGS + 1 or len(parts[-1]) < 4:
        return None
    name, map_name = (part.decode("utf-8", "replace")[:MAX_TEXT] for part in parts[:2])
    return ServerAnswer(name, map_name, parts[-1][2], parts[-1][3])


def _read_quake3_info(body: bytes) -> dict[str, str]:
    """\\key\\value pairs; the first of a repeated key counts."""
    words = body.decode("utf-8", "replace").strip("\n").split("\\")
    facts: dict[str, str] = {}
    for key, value in zip(words[1::2], words[2::2], strict=False):
        facts.setdefault(key.lower(), value)
    return facts


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None

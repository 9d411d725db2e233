"""A match as data: the game, the paths with their lines, the mode, and what happens when."""

from dataclasses import dataclass, field
from enum import StrEnum

from plg.lab.impairment import Impairment
from plg.lab.simulation.game import GameTraffic
from plg.lab.simulation.lines import BurstsInTime, Line, LineModel
from plg.protocol.redundancy import Redundancy


@dataclass(frozen=True, slots=True, kw_only=True)
class PathModel:
    """One entry path: its lines up and down between client and exit.

    `transit` is the name of the relay that it goes through (None: straight to the exit); the lines are then those between client and
    transit, and `mesh` is the transit's line to the exit and back. `interface` is the client's network interface.
    """

    up: LineModel | Line
    down: LineModel | Line
    transit: str | None = None
    mesh: LineModel = field(default_factory=LineModel)
    interface: str = "wlan0"


class Act(StrEnum):
    """What can happen to a match. `who` of an event names a transit, an interface or an exit ("exit", "standby")."""

    KILL_RELAY = "kill_relay"
    """SIGKILL of the relay's process."""
    START_RELAY = "start_relay"
    VANISH_HOST = "vanish_host"
    """The relay's host is gone for good."""
    BLACKHOLE = "blackhole"
    """A path ("0", "1") swallows everything, both ways."""
    OPEN = "open"
    """The path carries again."""
    ROAM = "roam"
    """An interface gets another address."""
    FRESH_PORT = "fresh_port"
    """The address translation of a path changes."""
    DRAIN = "drain"
    REVOKE = "revoke"
    OUTAGE = "outage"
    """Everything near the player is dead: all paths swallow everything."""
    OUTAGE_OVER = "outage_over"
    CHANGE_MODE = "change_mode"
    """`who` is the mode."""


@dataclass(frozen=True, slots=True)
class Event:
    at_s: float
    act: Act
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything about one simulated match. The same scenario and seed give the same result.

    `paths[0]` is path 0. `shared` are loss processes that lines name in `LineModel.shared`. `game_line` is between the exit and
    the game server, each way. With `standby` a second exit stands by, `hold_s` as for the game's address policy.
    """

    paths: tuple[PathModel, ...]
    redundancy: Redundancy = field(default_factory=Redundancy)
    traffic: GameTraffic = field(default_factory=GameTraffic)
    game_line: LineModel = field(default_factory=lambda: LineModel(impairment=Impairment(delay_ms=2)))
    shared: dict[str, BurstsInTime] = field(default_factory=dict)
    standby: PathModel | None = None
    hold_s: float = 3.0
    keeps_ports: bool = True
    """A keeper holds the exit's game-facing ports while its process restarts."""
    events: tuple[Event, ...] = ()
    seconds: float = 60.0
    """How long the game plays; the session begins two seconds before."""
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= len(self.paths) <= 8 or self.paths[0].transit is not None:
            raise ValueError("a match has 1 to 8 paths, and path 0 has no transit")
        if not 0 < self.seconds <= 1_000_000:
            raise ValueError("a match lasts more than 0 and at most a million seconds")

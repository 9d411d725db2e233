"""A boosted match in the multipath world, ready to have something broken under it, and put right again afterwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plg.contract.cli_output import StatusDocument
from plg.lab.game_addresses import AddressPolicy
from plg.lab.product import Connection, games_toml
from support.mock_match import PORTS, MockMatch
from support.multipath_world import MultipathWorld, happenings, wait_until_measured

SLACK_MS = 600.0
"""What a shared machine of two cores, on which four processes stand in the way of each datagram, may add to a promise. The
benchmarks have the exact figures."""


def slug_of(policy: AddressPolicy) -> str:
    """The name in the catalogue of the game whose servers have this policy."""
    return f"mock-{policy.value.replace('_', '-')}"


_IN_CATALOGUE = {AddressPolicy.SDR: "agile"}

GAMES = "\n".join(
    games_toml(
        slug_of(policy),
        f"Mock {policy.value}",
        ["{game}"],
        [str(port)],
        address_change=_IN_CATALOGUE.get(policy, policy.value),
    )
    for policy, port in PORTS.items()
)
"""A games file with a game of each policy."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A player in a match through `exit`, and as second way through `transit`; `standby` is ready. These three are names of hosts.

    Which relay is which was chosen by the product itself, and it may choose otherwise after a match that something was broken
    under: the server learns from that.
    """

    world: MultipathWorld
    match: MockMatch
    connection: Connection
    exit: str
    transit: str | None
    standby: str | None

    def count(self, event: str) -> int:
        return len(happenings(self.connection, event))

    def events(self, *names: str) -> list[dict[str, Any]]:
        return happenings(self.connection, *names)

    def hosts_seen(self, sources: tuple[str, ...]) -> set[str]:
        """The hosts behind the addresses that the game server saw."""
        return {self.world.name_of(source.rpartition(":")[0]) for source in sources}


@contextmanager
def boosted_match(
    world: MultipathWorld,
    folder: Path,
    policy: AddressPolicy,
    mode: str,
    *options: str,
    ways: int = 2,
    standby: bool = True,
) -> Iterator[Scene]:
    """Connected in `mode` with `ways` ways and (with `standby`) a ready standby, and playing. Lines are mended and everything ended after it."""
    slug = slug_of(policy)
    match = MockMatch(world.lab, world.game, world.client, folder, policy)
    try:
        wait_until_measured(world, slug, match.address)
        connection = world.player.connect(slug, "--target", match.address, "--mode", mode, *options)
        try:
            world.wait_until("ways and a standby", lambda status: is_ready(status, ways, standby=standby))
            scene = _scene(world, match, connection)
            assert scene.hosts_seen(match.play().sources) == {scene.exit}
            yield scene
            match.stop()  # before the booster, whose end would let it play on straight
            assert world.counter.packets("straight") == 0
        finally:
            match.stop()
            for name in world.hosts:
                world.mend_all(name)
            world.lab.stop(connection.process)
    finally:
        match.stop()


def is_ready(status: StatusDocument, ways: int, *, standby: bool = True) -> bool:
    """Whether so many ways are proved, and the standby exit is there if one is wanted."""
    proved = [path for path in status.paths if path.state in {"active", "standby", "established"}]
    has_standby = status.standby is not None and status.standby.state == "ready"
    return len(proved) >= ways and has_standby == standby


def play_on(seconds: float) -> None:
    """The match goes on for so long."""
    time.sleep(seconds)


def _scene(world: MultipathWorld, match: MockMatch, connection: Connection) -> Scene:
    status = world.player.status()
    assert status.relay is not None
    transit = next((path.via for path in status.paths if path.kind == "transit"), None)
    return Scene(
        world,
        match,
        connection,
        status.relay.name,
        transit,
        status.standby.name if status.standby is not None else None,
    )

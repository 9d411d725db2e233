"""The stage of the end-to-end tests: a player, a relay, a game's host and the control server, each a machine of its own.

    client --+            +-- relay   (plg relay run)
             +-- router --+-- game    (a real game's server)
    friend --+            +-- control (plg server run)

The router counts what really goes from whom to whom.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plg.lab.namespaces import Host, Lab
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess
from plg.lab.traffic_counter import TrafficCounter
from support.requirements import require_binary, require_root

RELAY_PORT = 443
SERVER_PORT = 8080


@dataclass(frozen=True, slots=True)
class BoosterWorld:
    """Everything runs and the player is registered; nothing is connected yet.

    Counters: "straight" and "straight_back" between client and game, "relayed" and "relayed_back" between relay and game.
    """

    lab: Lab
    client: Host
    friend: Host
    relay_host: Host
    game: Host
    control: Host
    counter: TrafficCounter
    player: PlayerProcess
    relay: RelayProcess


@contextmanager
def booster_world(
    folder: Path,
    games_toml_for: str = "",
    *,
    offload: bool = True,
    client_mtu: int = 1500,
    relay_over_ipv6: bool = False,
) -> Iterator[BoosterWorld]:
    """`games_toml_for` is a games file in which {game} stands for the prefix of the game's host."""
    require_root()
    for binary in ("ip", "nft", *(() if offload else ("ethtool",))):
        require_binary(binary)
    with Lab() as lab:
        names = ("client", "friend", "relay", "game", "control")
        client, friend, relay_host, game, control = (
            lab.add_host(name, offload=offload, mtu=client_mtu if name == "client" else 1500) for name in names
        )
        counter = TrafficCounter(lab)
        counter.count_udp("straight", client, game)
        counter.count_udp("straight_back", game, client)
        counter.count_udp("relayed", relay_host, game)
        counter.count_udp("relayed_back", game, relay_host)
        games = games_toml_for.replace("{game}", f"{game.ipv4.rpartition('.')[0]}.0/24")
        server = ServerProcess(control, folder / "server", host=control.ipv4, port=SERVER_PORT, games_toml=games)
        relay = RelayProcess(
            relay_host,
            folder / "relay",
            server,
            "lab-1",
            public_host=relay_host.ipv6 if relay_over_ipv6 else relay_host.ipv4,
            public_port=RELAY_PORT,
            bind_host="::" if relay_over_ipv6 else "0.0.0.0",
            bind_port=RELAY_PORT,
        )
        player = PlayerProcess(client, folder / "player", server.url)
        player.register()
        player.wait_for_relays(relay)
        yield BoosterWorld(lab, client, friend, relay_host, game, control, counter, player, relay)


def network_state(host: Host) -> dict[str, str]:
    """Everything that a capture could leave in a host's network, for comparison: links, addresses, routes of all tables,
    rules, filters on every link, nftables."""
    links = [line.split()[0].partition("@")[0] for line in host.run(["ip", "-br", "link"]).stdout.splitlines()]
    state = {
        "links": " ".join(sorted(links)),
        "rules": host.run(["ip", "rule"]).stdout + host.run(["ip", "-6", "rule"]).stdout,
        "nftables": host.run(["nft", "list", "ruleset"]).stdout,
    }
    for family in ("-4", "-6"):
        # A route's "expires" and a neighbour's cache entries count down by themselves.
        routes = host.run(["ip", family, "route", "show", "table", "all"]).stdout.splitlines()
        state[f"routes {family}"] = "\n".join(sorted(line.partition(" expires ")[0].strip() for line in routes))
    for link in links:
        for hook in ("ingress", "egress"):
            state[f"filters {link} {hook}"] = host.run(["tc", "filter", "show", "dev", link, hook], check=False).stdout
    return state

"""What the rest of the relay may ask of the part that carries packets, wherever it runs: here or in worker processes."""

from typing import Protocol

import msgspec

from plg.contract.relay_control import RegisterSessionRequest, RelaySessionInfo, RelayTransitInfo
from plg_relay.policy import Policy


class PlaneStatus(msgspec.Struct, kw_only=True):
    """Counters since the start and gauges of now; plain numbers, copied when somebody asks.

    `drops` is by reason. `cpu_s` is processor time of the process that carries the packets.
    """

    sessions: int = 0
    flows: int = 0
    game_sockets: int = 0
    packets_up: int = 0
    packets_down: int = 0
    copies_down: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    handshakes: int = 0
    cookies_sent: int = 0
    probes_answered: int = 0
    sessions_opened: int = 0
    sessions_closed: int = 0
    transits: int = 0
    transit_packets_up: int = 0
    transit_packets_down: int = 0
    transit_bytes_up: int = 0
    transit_bytes_down: int = 0
    transits_opened: int = 0
    transits_closed: int = 0
    drops: dict[str, int] = {}
    flow_denials: dict[str, int] = {}
    loop_lag_ms: float = 0.0
    cpu_s: float = 0.0
    draining: bool = False

    @property
    def carried(self) -> int:
        """Sessions that go through here, as their exit or as a transit: a drain waits for the last of them."""
        return self.sessions + self.transits

    def plus(self, other: "PlaneStatus") -> "PlaneStatus":
        """Both planes as one: sums, the worse lag, draining when either is."""
        total = PlaneStatus()
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                setattr(
                    total, name, {key: mine.get(key, 0) + theirs.get(key, 0) for key in mine.keys() | theirs.keys()}
                )
            elif name == "loop_lag_ms":
                total.loop_lag_ms = max(mine, theirs)
            elif name == "draining":
                total.draining = mine or theirs
            else:
                setattr(total, name, mine + theirs)
        return total

    def without_gauges(self) -> "PlaneStatus":
        """Only what counts since the start: what remains of a process that has ended."""
        return msgspec.structs.replace(
            self, sessions=0, flows=0, game_sockets=0, transits=0, loop_lag_ms=0.0, draining=False
        )


class Plane(Protocol):
    """One data plane, or several workers behind one face."""

    @property
    def workers(self) -> int:
        """Processes that carry packets."""

    async def run(self) -> None:
        """Look after it until cancelled. Raises RelayError when it cannot go on."""

    async def status(self) -> PlaneStatus:
        """Counters and gauges of now."""

    async def sessions(self) -> list[RelaySessionInfo]:
        """Every session that is open."""

    async def transits(self) -> list[RelayTransitInfo]:
        """Every session that is only forwarded."""

    async def register(self, request: RegisterSessionRequest) -> None:
        """Caps for one session, from now on or from its hand-shake on."""

    async def end_session(self, cid: int) -> bool:
        """End one session, or our part in it as its transit; False when there was none."""

    async def apply_policy(self, policy: Policy) -> None:
        """Enforce `policy` from now on: sessions that it revokes end at once."""

    async def drain(self, seconds: int) -> None:
        """Refuse new sessions, tell the clients, end what is left after `seconds`."""

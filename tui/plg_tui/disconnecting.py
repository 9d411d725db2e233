"""Asks the running tunnel to end. Blocking: run it in a thread."""

from dataclasses import dataclass
from typing import Final

from plg.tunnel.control_client import ask_tunnel
from plg.tunnel.control_protocol import ControlRequest, StopMode
from plg.tunnel.runtime_place import RuntimePlace

END_TIMEOUT_S: Final = 30.0
"""Implementation. As `plg disconnect`: the tunnel ends its session at the server first."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything is as it was."""


@dataclass(frozen=True, slots=True)
class MatchLive:
    """It refused: so many connections are being played on."""

    flows: int


@dataclass(frozen=True, slots=True)
class WaitsForMatch:
    """It ends by itself when the match is over."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The tunnel's own reason, in English."""

    why: str


Outcome = Ended | MatchLive | WaitsForMatch | Refused


def end_tunnel(place: RuntimePlace, mode: StopMode) -> Outcome:
    """Raises NoTunnel or TunnelSilent."""
    for answer in ask_tunnel(place, ControlRequest(ask="disconnect", mode=mode), timeout_s=END_TIMEOUT_S):
        if answer.live_flows:
            return MatchLive(answer.live_flows)
        if answer.waiting_for:
            return WaitsForMatch()
        if answer.disconnected is not None:
            return Ended()
        if answer.error is not None:
            return Refused(answer.error)
    return Refused("it ended without a word")

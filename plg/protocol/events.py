"""What the sessions tell their owner. Drained with `next_event()` after each call that took bytes or time."""

from dataclasses import dataclass

from plg.protocol.destination import Address
from plg.protocol.errors import WelcomeStatus
from plg.protocol.ticket import ExitTicket

FlowAddress = tuple[int, str, int]
"""A client flow: the game's local port, the remote address as text, the remote port."""


@dataclass(frozen=True, slots=True)
class Established:
    """Client: a hand-shake succeeded. `resumed` is true when the relay still knew our flows."""

    resumed: bool
    observed_address: str
    observed_port: int


@dataclass(frozen=True, slots=True)
class HandshakeRefused:
    """Client: the relay knows us and says no; another relay may say yes."""

    status: WelcomeStatus


@dataclass(frozen=True, slots=True)
class HandshakeTimedOut:
    """Client: the first hand-shake got no answer in time."""


@dataclass(frozen=True, slots=True)
class RelaySilent:
    """Client: nothing authentic arrived for a while; the hand-shake is being repeated."""


@dataclass(frozen=True, slots=True)
class RelayLost:
    """Client: silence for LOST_AFTER_S. Trying goes on until the owner closes the session."""


@dataclass(frozen=True, slots=True)
class PayloadReceived:
    """Client: the game server's datagram for one flow."""

    flow: FlowAddress
    payload: bytes


@dataclass(frozen=True, slots=True)
class FlowAccepted:
    """Client: the relay carries the flow."""

    flow: FlowAddress


@dataclass(frozen=True, slots=True)
class FlowRefused:
    """Client: the relay does not carry the flow (FlowDenial value): it must go direct."""

    flow: FlowAddress
    reason: int


@dataclass(frozen=True, slots=True)
class RelayDraining:
    """Client: the relay ends in `seconds`."""

    seconds: int


@dataclass(frozen=True, slots=True)
class TicketRenewed:
    """Client: the relay took the newer ticket."""

    expires_at_s: int


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """Either side: the peer closed (CloseReason value)."""

    reason: int


@dataclass(frozen=True, slots=True)
class PathUp:
    """Client: the exit answers on a path, for the first time or again."""

    path: int


@dataclass(frozen=True, slots=True)
class PathDown:
    """Client: a path is dead. The owner gives it a fresh socket; the session goes on trying it."""

    path: int


@dataclass(frozen=True, slots=True)
class PrimaryChanged:
    """Client: first copies travel on another path from now on."""

    path: int


@dataclass(frozen=True, slots=True)
class TransitRefused:
    """Client: the transit relay of a path knows us and says no; another one may say yes."""

    path: int
    status: WelcomeStatus


ClientEvent = (
    Established
    | HandshakeRefused
    | HandshakeTimedOut
    | RelaySilent
    | RelayLost
    | PayloadReceived
    | FlowAccepted
    | FlowRefused
    | RelayDraining
    | TicketRenewed
    | SessionClosed
    | PathUp
    | PathDown
    | PrimaryChanged
    | TransitRefused
)


@dataclass(frozen=True, slots=True)
class FlowRequested:
    """Relay: the client wants `flow` to go to a destination, with the flow's next payload. Answer with accept or deny.

    `seq` orders requests for the same flow id, over hand-shakes too: one with a lower number is late and must not win.
    """

    flow: int
    local_port: int
    egress_epoch: int
    address: Address
    port: int
    payload: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class PayloadRecovered:
    """Relay: an earlier payload of an open flow, which only its repetition brought. It goes before what comes with it."""

    flow: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class FlowEnded:
    """Relay: the client has done with a flow id."""

    flow: int


@dataclass(frozen=True, slots=True)
class TicketOffered:
    """Relay: the client brings a newer ticket (still sealed)."""

    ticket: bytes


@dataclass(frozen=True, slots=True)
class TicketReplaced:
    """Relay: the newer ticket was taken: caps, targets and expiry may have changed."""

    ticket: ExitTicket


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Relay: the client has shown that it holds the keys of the last hand-shake."""

    first: bool


RelayEvent = FlowRequested | PayloadRecovered | FlowEnded | TicketOffered | TicketReplaced | Confirmed | SessionClosed

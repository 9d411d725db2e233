"""What the parent and its workers say to each other over a socket pair: length, then one message in msgpack."""

import struct
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

import msgspec

from plg.contract.relay_control import RegisterSessionRequest, RelaySessionInfo, RelayTransitInfo
from plg_relay.config import RelayConfig
from plg_relay.plane import PlaneStatus
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy

LENGTH: Final = struct.Struct(">I")
MAX_MESSAGE_BYTES: Final = 256 * 1024 * 1024
"""A policy of thousands of prefixes is 1 MB, a list of 10,000 sessions 10 MB; more is a broken peer."""


class Start(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """First of all: everything a worker is made of. Addresses travel as text."""

    config: RelayConfig
    policy: Policy
    share: int
    number: int
    relay_id: int
    boot_id: bytes
    boot_parity: int
    own_addresses: list[str]
    own_networks: list[str]
    own_ports: list[int]

    @classmethod
    def of(cls, config: RelayConfig, identity: PlaneIdentity, policy: Policy, share: int, number: int = 0) -> "Start":
        """For worker `number` (from 0) of `share`."""
        return cls(
            config=config,
            policy=policy,
            share=share,
            number=number,
            relay_id=identity.relay_id,
            boot_id=identity.boot_id,
            boot_parity=identity.boot_parity,
            own_addresses=[str(address) for address in identity.own_addresses],
            own_networks=[str(network) for network in identity.own_networks],
            own_ports=sorted(identity.own_ports),
        )

    def identity(self) -> PlaneIdentity:
        return PlaneIdentity(
            relay_id=self.relay_id,
            boot_id=self.boot_id,
            boot_parity=self.boot_parity,
            own_addresses=frozenset(map(ip_address, self.own_addresses)),
            own_networks=tuple(map(ip_network, self.own_networks)),
            own_ports=frozenset(self.own_ports),
        )


class AskStatus(msgspec.Struct, frozen=True, tag=True):
    """Answered by StatusAnswer."""


class AskSessions(msgspec.Struct, frozen=True, tag=True):
    """Answered by SessionsAnswer."""


class AskTransits(msgspec.Struct, frozen=True, tag=True):
    """Answered by TransitsAnswer."""


class Register(msgspec.Struct, frozen=True, tag=True):
    request: RegisterSessionRequest


class EndSession(msgspec.Struct, frozen=True, tag=True):
    """Answered by Done, whose `found` says whether there was one."""

    cid: int


class ApplyPolicy(msgspec.Struct, frozen=True, tag=True):
    policy: Policy


class StartDrain(msgspec.Struct, frozen=True, tag=True):
    seconds: int


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End with a word to the clients. A channel that just breaks means that the parent died: end without one, so that
    players resume at its successor."""


Request = Start | AskStatus | AskSessions | AskTransits | Register | EndSession | ApplyPolicy | StartDrain | Stop


class StatusAnswer(msgspec.Struct, frozen=True, tag=True):
    status: PlaneStatus


class SessionsAnswer(msgspec.Struct, frozen=True, tag=True):
    sessions: list[RelaySessionInfo]


class TransitsAnswer(msgspec.Struct, frozen=True, tag=True):
    transits: list[RelayTransitInfo]


class Done(msgspec.Struct, frozen=True, tag=True):
    found: bool = True


Answer = StatusAnswer | SessionsAnswer | TransitsAnswer | Done


def encode(message: Request | Answer) -> bytes:
    """One message with its length."""
    body = msgspec.msgpack.encode(message, enc_hook=_plain)
    return LENGTH.pack(len(body)) + body


def decode_request(body: bytes) -> Request:
    """Raises msgspec.MsgspecError."""
    request: Request = msgspec.msgpack.decode(body, type=Request, dec_hook=_typed)
    return request


def decode_answer(body: bytes) -> Answer:
    """Raises msgspec.MsgspecError."""
    answer: Answer = msgspec.msgpack.decode(body, type=Answer, dec_hook=_typed)
    return answer


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _typed(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind.__name__)

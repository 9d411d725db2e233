"""Control frames: what travels sealed in DATA on flow 0 (SPEC section 6).

A control body is a run of frames, each opcode 1, length 2, content. Unknown opcodes are skipped, so that a newer peer may say
more; a frame that is cut short or has a wrong length ends the reading of its datagram.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from plg.protocol.constants import MAX_FRAMES, MAX_PATHS
from plg.protocol.destination import Address

_FRAME: Final = struct.Struct(">BH")
_PING: Final = struct.Struct(">HII")
_PONG: Final = struct.Struct(">HIIIIIIH")
_FLOW_OPEN: Final = struct.Struct(">BHHB")
_PORT: Final = struct.Struct(">H")
_FRAGMENT: Final = struct.Struct(">HBB")
_OVER_CAP: Final = struct.Struct(">II")
_STATS: Final = struct.Struct(">BIIIIIII")
_REPEAT: Final = struct.Struct(">BB")
_REPEAT_HEAD: Final = struct.Struct(">BHBB")
_PAYLOAD_HEAD: Final = struct.Struct(">BHB")
_PATH_CHOICE: Final = struct.Struct(">BBBH")


@dataclass(frozen=True, slots=True)
class Ping:
    """`sent_us` is the sender's clock modulo 2^32; `sent_count` counts its datagrams on this path, this one included."""

    ping_id: int
    sent_us: int
    sent_count: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Echo of a Ping plus the answerer's stamps and counts: received on the path, sent on the path, highest sequence.

    `pongs` numbers the answers on the path, modulo 2^16: a gap is an answer that was lost.
    """

    ping_id: int
    sent_us: int
    arrived_us: int
    replied_us: int
    received_count: int
    sent_count: int
    highest_seq: int
    pongs: int


@dataclass(frozen=True, slots=True)
class FlowOpen:
    """Names a flow's destination and carries the flow's next payload; repeated with each payload until FLOW_OK."""

    flow: int
    local_port: int
    egress_epoch: int
    address: Address
    port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class FlowOk:
    flow: int
    resume_token: bytes


@dataclass(frozen=True, slots=True)
class FlowDeny:
    flow: int
    reason: int


@dataclass(frozen=True, slots=True)
class FlowClose:
    """The client will not use the flow id any more until it opens it again."""

    flow: int


@dataclass(frozen=True, slots=True)
class PathChallenge:
    data: bytes


@dataclass(frozen=True, slots=True)
class PathResponse:
    data: bytes


@dataclass(frozen=True, slots=True)
class Stats:
    """What the sender of this frame received on one path since the hand-shake: for the peer's redundancy choice.

    `sent_echo` is the peer's own count of what it sent on the path, as its newest PING or PONG there said; `arrived` counts what had
    come by then, copies included. `lost` (numbers up to `highest` that no path brought) and `saved` (payloads that only a copy
    brought) are of the whole session.
    """

    path: int
    sent_echo: int
    arrived: int
    duplicates: int
    jitter_us: int
    highest: int
    lost: int
    saved: int


@dataclass(frozen=True, slots=True)
class Drain:
    """The relay ends in `seconds`: new flows belong elsewhere."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Egress:
    """The client moved its flows to another exit; epochs only grow."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Close:
    reason: int


@dataclass(frozen=True, slots=True)
class TicketRenewal:
    """A newer ticket for the same session: same CID, same K, later expiry, perhaps more targets."""

    ticket: bytes


@dataclass(frozen=True, slots=True)
class TicketAccepted:
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """Half `index` (0 or 1) of a payload too long for one datagram."""

    fragment_id: int
    index: int
    flow: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class OverCap:
    """Datagrams of the session that the relay dropped because they were over a limit, since the session began."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier payload once more: that of sequence number `delta` before this datagram's."""

    delta: int
    flow: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """A game payload in a control body, where it travels beside a Repeat."""

    flow: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class PathChoice:
    """The client's word on the downlink: the path it prefers, whether that is in doubt (then every path is used), and what may be spent.

    `mode` is 0 off, 1 redundant, 2 adaptive; `max_overhead_percent` bounds bytes sent per byte of one copy (100 = no copies).
    """

    primary: int
    in_doubt: bool
    mode: int
    max_overhead_percent: int


Frame = (
    Ping | Pong | FlowOpen | FlowOk | FlowDeny | FlowClose | PathChallenge | PathResponse | Stats | Drain | Egress | Close
    | TicketRenewal | TicketAccepted | Fragment | OverCap | Repeat | Payload | PathChoice
)  # fmt: skip

PING: Final = 1
PONG: Final = 2
FLOW_OPEN: Final = 3
FLOW_OK: Final = 4
FLOW_DENY: Final = 5
PATH_CHALLENGE: Final = 6
PATH_RESPONSE: Final = 7
STATS: Final = 8
DRAIN: Final = 9
EGRESS: Final = 10
CLOSE: Final = 11
TICKET_RENEWAL: Final = 12
TICKET_ACCEPTED: Final = 13
FLOW_CLOSE: Final = 14
FRAGMENT: Final = 15
OVER_CAP: Final = 16
REPEAT: Final = 17
PAYLOAD: Final = 18
PATH_CHOICE: Final = 19

MAX_MODE: Final = 2


def encode_frame(frame: Frame) -> bytes:
    """One frame with its opcode and length."""
    opcode, content = _encode(frame)
    return _FRAME.pack(opcode, len(content)) + content


def _encode(frame: Frame) -> tuple[int, bytes]:
    match frame:
        case Ping(ping_id, sent_us, sent_count):
            return PING, _PING.pack(ping_id, sent_us, sent_count & 0xFFFFFFFF)
        case Pong(ping_id, sent_us, arrived_us, replied_us, received, sent, highest, pongs):
            counts = (received & 0xFFFFFFFF, sent & 0xFFFFFFFF, highest & 0xFFFFFFFF)
            return PONG, _PONG.pack(ping_id, sent_us, arrived_us, replied_us, *counts, pongs & 0xFFFF)
        case FlowOpen(flow, local_port, epoch, address, port, payload):
            head = _FLOW_OPEN.pack(flow, local_port, epoch, address.version)
            return FLOW_OPEN, head + address.packed + _PORT.pack(port) + payload
        case FlowOk(flow, resume_token):
            return FLOW_OK, bytes([flow]) + resume_token
        case FlowDeny(flow, reason):
            return FLOW_DENY, bytes([flow, reason])
        case FlowClose(flow):
            return FLOW_CLOSE, bytes([flow])
        case PathChallenge(data):
            return PATH_CHALLENGE, data
        case PathResponse(data):
            return PATH_RESPONSE, data
        case Stats(path, sent_echo, arrived, duplicates, jitter_us, highest, lost, saved):
            numbers = (sent_echo, arrived, duplicates, jitter_us, highest, lost, saved)
            return STATS, _STATS.pack(path, *(number & 0xFFFFFFFF for number in numbers))
        case Drain(seconds):
            return DRAIN, _PORT.pack(min(seconds, 0xFFFF))
        case Egress(epoch):
            return EGRESS, _PORT.pack(epoch)
        case Close(reason):
            return CLOSE, bytes([reason])
        case TicketRenewal(ticket):
            return TICKET_RENEWAL, ticket
        case TicketAccepted(expires_at_s):
            return TICKET_ACCEPTED, expires_at_s.to_bytes(4, "big")
        case Fragment(fragment_id, index, flow, payload):
            return FRAGMENT, _FRAGMENT.pack(fragment_id, index, flow) + payload
        case OverCap(up, down):
            return OVER_CAP, _OVER_CAP.pack(up & 0xFFFFFFFF, down & 0xFFFFFFFF)
        case Repeat(delta, flow, payload):
            return REPEAT, _REPEAT.pack(delta, flow) + payload
        case Payload(flow, payload):
            return PAYLOAD, bytes([flow]) + payload
        case PathChoice(primary, in_doubt, mode, max_overhead_percent):
            return PATH_CHOICE, _PATH_CHOICE.pack(primary, in_doubt, mode, max_overhead_percent)


def encode_repeat(delta: int, old_flow: int, old: bytes, flow: int, payload: bytes) -> bytes:
    """Repeat and Payload, as `encode_frame` would write them one after the other: once per packet, so in one stroke."""
    head = _REPEAT_HEAD.pack(REPEAT, len(old) + _REPEAT.size, delta, old_flow)
    return head + old + _PAYLOAD_HEAD.pack(PAYLOAD, len(payload) + 1, flow) + payload


def read_repeat(body: bytes) -> tuple[int, int, bytes, int, bytes] | None:
    """(delta, old flow, old payload, flow, payload) of a control body that is just what `encode_repeat` makes; None for any other,
    which `read_frames` may be able to read."""
    if len(body) < _REPEAT_HEAD.size + _PAYLOAD_HEAD.size or body[0] != REPEAT:
        return None
    _, length, delta, old_flow = _REPEAT_HEAD.unpack_from(body)
    at = _FRAME.size + length
    if length < _REPEAT.size or at + _PAYLOAD_HEAD.size > len(body):
        return None
    opcode, rest, flow = _PAYLOAD_HEAD.unpack_from(body, at)
    if opcode != PAYLOAD or at + _FRAME.size + rest != len(body) or not delta or not old_flow or not flow:
        return None
    return delta, old_flow, body[_REPEAT_HEAD.size : at], flow, body[at + _PAYLOAD_HEAD.size :]


def read_frames(body: bytes) -> Iterator[Frame | None]:
    """Every frame of a control body in order. None once, at the end, where the rest cannot be read; never raises."""
    at = count = 0
    while at < len(body):
        count += 1
        if count > MAX_FRAMES or len(body) - at < _FRAME.size:
            yield None
            return
        opcode, length = _FRAME.unpack_from(body, at)
        at += _FRAME.size
        content = body[at : at + length]
        at += length
        if len(content) != length:
            yield None
            return
        try:
            frame = _decode(opcode, content)
        except (struct.error, ValueError, IndexError):
            yield None
            return
        if frame is not None:
            yield frame


def _decode(opcode: int, content: bytes) -> Frame | None:
    """One frame; None for an opcode that this version does not know. Wrong lengths raise ValueError or struct.error."""
    match opcode:
        case 1:
            return Ping(*_PING.unpack(content))
        case 2:
            return Pong(*_PONG.unpack(content))
        case 3:
            return _decode_flow_open(content)
        case 4:
            return FlowOk(content[0], content[1:])
        case 5:
            flow, reason = content
            return FlowDeny(flow, reason)
        case 6 | 7:
            if len(content) != 8:
                raise ValueError("path challenge")
            return PathChallenge(content) if opcode == PATH_CHALLENGE else PathResponse(content)
        case 8:
            return Stats(*_STATS.unpack(content))
        case 9:
            return Drain(*_PORT.unpack(content))
        case 10:
            return Egress(*_PORT.unpack(content))
        case 11:
            (reason,) = content
            return Close(reason)
        case 12:
            return TicketRenewal(content)
        case 13:
            if len(content) != 4:
                raise ValueError("expiry")
            return TicketAccepted(int.from_bytes(content, "big"))
        case 14:
            (flow,) = content
            return FlowClose(flow)
        case 15:
            fragment_id, index, flow = _FRAGMENT.unpack_from(content)
            if index > 1:
                raise ValueError("fragment index")
            return Fragment(fragment_id, index, flow, content[_FRAGMENT.size :])
        case 16:
            return OverCap(*_OVER_CAP.unpack(content))
        case 17:
            delta, flow = _REPEAT.unpack_from(content)
            if not delta:
                raise ValueError("repeat")
            return Repeat(delta, flow, content[_REPEAT.size :])
        case 18:
            return Payload(content[0], content[1:])
        case 19:
            primary, doubt, mode, overhead = _PATH_CHOICE.unpack(content)
            if primary >= MAX_PATHS or doubt > 1 or mode > MAX_MODE or overhead < 100:
                raise ValueError("path choice")
            return PathChoice(primary, bool(doubt), mode, overhead)
        case _:
            return None


def _decode_flow_open(content: bytes) -> FlowOpen:
    flow, local_port, epoch, version = _FLOW_OPEN.unpack_from(content)
    at = _FLOW_OPEN.size
    address: Address
    if version == 4:
        address, at = IPv4Address(content[at : at + 4]), at + 4
    elif version == 6:
        address, at = IPv6Address(content[at : at + 16]), at + 16
    else:
        raise ValueError("address family")
    (port,) = _PORT.unpack_from(content, at)
    return FlowOpen(flow, local_port, epoch, address, port, content[at + 2 :])

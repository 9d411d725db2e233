"""The second reader's control frames and fragments (section 6), from the specification alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from support.second_reader import Cut, Refused, big

Value = int | bytes | str

FLOW_OPEN: Final = 3
FRAGMENT: Final = 15
REPEAT: Final = 17
PATH_CHOICE: Final = 19
REST: Final = 0

WHOLE_MAX: Final = 1341
PAYLOAD_MAX: Final = 2650


@dataclass(frozen=True, slots=True)
class Shape:
    """The frame's name and its content: numbers of so many bytes, or bytes (a length, or REST for all that is left)."""

    name: str
    numbers: tuple[tuple[str, int], ...] = ()
    tail: tuple[str, int] | None = None

    @property
    def fixed(self) -> int:
        return sum(width for _, width in self.numbers)

    def fits(self, length: int) -> bool:
        if self.tail is None:
            return length == self.fixed
        return length >= self.fixed if self.tail[1] == REST else length == self.fixed + self.tail[1]


SHAPES: Final = {
    1: Shape("Ping", (("ping_id", 2), ("sent_us", 4), ("sent_count", 4))),
    2: Shape(
        "Pong",
        (
            ("ping_id", 2),
            ("sent_us", 4),
            ("arrived_us", 4),
            ("replied_us", 4),
            ("received_count", 4),
            ("sent_count", 4),
            ("highest_seq", 4),
            ("pongs", 2),
        ),
    ),
    4: Shape("FlowOk", (("flow", 1),), ("resume_token", REST)),
    5: Shape("FlowDeny", (("flow", 1), ("reason", 1))),
    6: Shape("PathChallenge", (), ("data", 8)),
    7: Shape("PathResponse", (), ("data", 8)),
    8: Shape(
        "Stats",
        (
            ("path", 1),
            ("sent_echo", 4),
            ("arrived", 4),
            ("duplicates", 4),
            ("jitter_us", 4),
            ("highest", 4),
            ("lost", 4),
            ("saved", 4),
        ),
    ),
    9: Shape("Drain", (("seconds", 2),)),
    10: Shape("Egress", (("epoch", 2),)),
    11: Shape("Close", (("reason", 1),)),
    12: Shape("TicketRenewal", (), ("ticket", REST)),
    13: Shape("TicketAccepted", (("expires_at_s", 4),)),
    14: Shape("FlowClose", (("flow", 1),)),
    16: Shape("OverCap", (("up", 4), ("down", 4))),
    17: Shape("Repeat", (("delta", 1), ("flow", 1)), ("payload", REST)),
    18: Shape("Payload", (("flow", 1),), ("payload", REST)),
    19: Shape("PathChoice", (("primary", 1), ("in_doubt", 1), ("mode", 1), ("max_overhead_percent", 2))),
    15: Shape("Fragment", (("fragment_id", 2), ("index", 1), ("flow", 1)), ("payload", REST)),
}


@dataclass(frozen=True, slots=True)
class Frame:
    opcode: int
    name: str
    fields: Mapping[str, Value]


def _read_flow_open(content: bytes) -> Frame:
    cut = Cut(content)
    fields: dict[str, Value] = {"flow": cut.number(1), "local_port": cut.number(2), "egress_epoch": cut.number(2)}
    family = cut.number(1)
    if family == 4:
        fields["address"] = str(IPv4Address(cut.take(4)))
    elif family == 6:
        fields["address"] = str(IPv6Address(cut.take(16)))
    else:
        raise Refused("no such family")
    fields["port"] = cut.number(2)
    fields["payload"] = cut.rest()
    return Frame(FLOW_OPEN, "FlowOpen", fields)


def _is_choice(fields: Mapping[str, Value]) -> bool:
    return (
        fields["primary"] in range(8)
        and fields["in_doubt"] in {0, 1}
        and fields["mode"] in {0, 1, 2}
        and fields["max_overhead_percent"] in range(100, 65536)
    )


def read_content(opcode: int, content: bytes) -> Frame | None:
    """The frame of a known opcode; nothing for an unknown one."""
    if opcode == FLOW_OPEN:
        return _read_flow_open(content)
    shape = SHAPES.get(opcode)
    if shape is None:
        return None
    if not shape.fits(len(content)):
        raise Refused("wrong length for the frame")
    cut = Cut(content)
    fields: dict[str, Value] = {name: cut.number(width) for name, width in shape.numbers}
    if shape.tail is not None:
        fields[shape.tail[0]] = cut.rest()
    if opcode == FRAGMENT and fields["index"] not in {0, 1}:
        raise Refused("a payload has two fragments")
    if opcode == REPEAT and fields["delta"] == 0:
        raise Refused("a repeat is of an earlier number")
    if opcode == PATH_CHOICE and not _is_choice(fields):
        raise Refused("no such choice of paths")
    return Frame(opcode, shape.name, fields)


def read_frames(body: bytes) -> list[Frame]:
    """All frames up to the end, or up to the first that is cut short or has a wrong length."""
    frames: list[Frame] = []
    cut = Cut(body)
    try:
        while cut.left():
            opcode, length = cut.number(1), cut.number(2)
            frame = read_content(opcode, cut.take(length))
            if frame is not None:
                frames.append(frame)
    except Refused:
        pass
    return frames


def frame_bytes(opcode: int, content: bytes) -> bytes:
    return bytes([opcode]) + big(len(content), 2) + content


def _as_bytes(value: Value, width: int) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return big(value, width)
    raise TypeError("text has no place in this frame")


def build_frame(name: str, fields: Mapping[str, Value]) -> bytes:
    if name == "FlowOpen":
        address = ip_address(fields["address"])
        numbers = ((fields["flow"], 1), (fields["local_port"], 2), (fields["egress_epoch"], 2))
        content = b"".join(_as_bytes(value, width) for value, width in numbers)
        content += bytes([address.version]) + address.packed + _as_bytes(fields["port"], 2)
        return frame_bytes(FLOW_OPEN, content + _as_bytes(fields["payload"], REST))
    opcode, shape = next((opcode, shape) for opcode, shape in SHAPES.items() if shape.name == name)
    content = b"".join(_as_bytes(fields[field], width) for field, width in shape.numbers)
    if shape.tail is not None:
        content += _as_bytes(fields[shape.tail[0]], REST)
    return frame_bytes(opcode, content)


def split_payload(payload: bytes) -> tuple[bytes, bytes]:
    """The two halves of a long payload, the first not shorter than the second."""
    if not WHOLE_MAX < len(payload) <= PAYLOAD_MAX:
        raise Refused("travels whole, or not at all")
    half = (len(payload) + 1) // 2
    return payload[:half], payload[half:]


def join_fragments(first: Frame, second: Frame) -> tuple[int, bytes]:
    """The flow and the payload of two fragments, in any order of arrival."""
    by_index = {frame.fields["index"]: frame for frame in (first, second)}
    if by_index.keys() != {0, 1} or first.fields["fragment_id"] != second.fields["fragment_id"]:
        raise Refused("not the two halves of one payload")
    if first.fields["flow"] != second.fields["flow"]:
        raise Refused("halves of two flows")
    front, back = (_as_bytes(by_index[index].fields["payload"], REST) for index in (0, 1))
    if len(front) < len(back):
        raise Refused("the first half is shorter than the second")
    if len(front) + len(back) > PAYLOAD_MAX:
        raise Refused("too long to be carried")
    flow = first.fields["flow"]
    assert isinstance(flow, int)
    return flow, front + back

"""What `plg status` and `plg disconnect` say to a running tunnel: one JSON object a line, small and strict."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plg.contract.cli_output import DisconnectDocument, StatusDocument

MAX_REQUEST_BYTES: Final = 4096
"""Specification. A longer line is no request of ours."""
MAX_ANSWER_BYTES: Final = 1 << 18
"""Specification. A status with every flow that is shown stays far below."""


class StopMode(StrEnum):
    """How to leave: `ask` refuses while a match is live, `wait` waits until it is over, `now` leaves at once."""

    ASK = "ask"
    WAIT = "wait"
    NOW = "now"


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ask` is "status", "watch", "record" or "disconnect". `token` is needed on loopback ports, where the system tells us no owner."""

    ask: Annotated[str, Meta(max_length=16)]
    mode: StopMode = StopMode.ASK
    interval_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    token: Annotated[str, Meta(max_length=128)] = ""


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one field is set. `live_flows`: the disconnect was refused because so many flows are live. `recording`: the next
    bytes of the file that `plg record` writes (`plg.tunnel.path_recording`).
    """

    status: StatusDocument | None = None
    disconnected: DisconnectDocument | None = None
    live_flows: int | None = None
    waiting_for: int | None = None
    recording: bytes | None = None
    error: str | None = None


class PortFile(msgspec.Struct, frozen=True):
    """Content of the private file that stands in for a Unix socket: a loopback port, and the token that it asks for."""

    port: Annotated[int, Meta(ge=1, le=65535)]
    token: str


class BadControlMessage(Exception):
    """The line is no message of this protocol; the text says why."""


def read_request(line: bytes) -> ControlRequest:
    """Raises BadControlMessage."""
    try:
        return msgspec.json.decode(line, type=ControlRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadControlMessage(f"not understood: {error}") from error


def read_answer(line: bytes) -> ControlAnswer:
    """Raises BadControlMessage."""
    try:
        return msgspec.json.decode(line, type=ControlAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadControlMessage(f"not understood: {error}") from error


def encode(message: ControlRequest | ControlAnswer) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"

"""What an ordinary user may ask of the tunnel service, and what it answers: one JSON object a line, small and strict.

A request holds a wish, never a command: every value is checked here, and turned into words of `plg connect` by the service alone. The two
directories are used only by a process that has become the user who asks, with that user's rights over files.
"""

import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from plg.contract.sessions import Mode

MAX_REQUEST_BYTES: Final = 16 * 1024
"""Specification. A token and two directories fit; a longer line is no request of ours."""
MAX_ANSWER_BYTES: Final = 1 << 20
"""Specification. A status document and what a start said on the way stay far below."""
MAX_OUTPUT_BYTES: Final = 128 * 1024
"""Specification. So much of each stream of a command is passed on: the end of it."""

Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Address = Annotated[str, Meta(min_length=3, max_length=261, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
InterfaceName = Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[^\s,/\x00-\x1f\x7f]+$")]
Directory = Annotated[str, Meta(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]


Capture = Literal["auto", "divert", "tun", "proxy"]
SpokenLanguage = Literal["en", "ru"]
Keeping = Literal["auto", "keyring", "file"]


class ServiceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `plg connect` is to do; as its options, which check it once more."""

    game: Word
    server: Annotated[str, Meta(max_length=512, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
    target: Address | None = None
    capture: Capture = "auto"
    listen_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    node: Word | None = None
    take_over: bool = False
    mode: Mode | None = None
    max_overhead: Annotated[float, Meta(ge=1, le=100)] | None = None
    interfaces: Annotated[tuple[InterfaceName, ...], Meta(max_length=16)] = ()
    force: bool = False
    standby: bool = True
    seconds: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    metrics: Address | None = None

    def words(self) -> list[str]:
        """The arguments of `plg connect`: values stand behind an equals sign, so none can be taken for an option."""
        values = {
            "--server": self.server,
            "--target": self.target,
            "--capture": self.capture,
            "--listen": f"127.0.0.1:{self.listen_port}" if self.listen_port and self.capture == "proxy" else None,
            "--node": self.node,
            "--mode": self.mode,
            "--max-overhead": self.max_overhead,
            "--via": ",".join(self.interfaces) or None,
            "--seconds": self.seconds,
            "--metrics": self.metrics,
        }
        switches = {"--take-over": self.take_over, "--force": self.force, "--no-standby": not self.standby}
        options = [f"{name}={value}" for name, value in values.items() if value is not None]
        return [*options, *(name for name, is_on in switches.items() if is_on), "--", self.game]


class ServiceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ask` is "about", "connect" (with `wish`), or "restore" (`look_only`: undo nothing).

    `attached`: the tunnel ends with this conversation. `access_token` is PLG_TOKEN of the user's environment; without it the stored sign-in
    is used. `token` is needed on loopback ports, where the system tells us no owner.
    """

    ask: Literal["about", "connect", "restore"]
    wish: ServiceWish | None = None
    look_only: bool = False
    attached: bool = False
    as_json: bool = False
    language: SpokenLanguage = "en"
    config_directory: Directory | None = None
    runtime_directory: Directory | None = None
    keep_tokens: Keeping = "auto"
    access_token: Annotated[str, Meta(max_length=4096, pattern=r"^[\x21-\x7e]+$")] | None = None
    token: Annotated[str, Meta(max_length=128)] = ""


class ServiceAbout(msgspec.Struct, frozen=True, kw_only=True):
    """The service itself: its program's version, its process, the user it is for."""

    version: str
    pid: int
    user_id: int | None
    user: str


class CommandEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended that the service ran for the user."""

    exit_code: int
    out: str
    err: str


class ServiceAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one field is set. `error` is one line; `code` its stable name: refused, busy, bad_request or failed."""

    about: ServiceAbout | None = None
    end: CommandEnd | None = None
    error: str | None = None
    code: str | None = None


class BadServiceMessage(Exception):
    """The line is no message of this protocol; the text says why."""


def read_request(line: bytes) -> ServiceRequest:
    """Raises BadServiceMessage."""
    try:
        request = msgspec.json.decode(line, type=ServiceRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadServiceMessage(f"not understood: {error}") from error
    if (request.wish is not None) != (request.ask == "connect"):
        raise BadServiceMessage("a wish belongs to connect, and connect needs one")
    for directory in (request.config_directory, request.runtime_directory):
        if directory is not None and not (Path(directory).is_absolute() and ".." not in Path(directory).parts):
            raise BadServiceMessage("a directory is named from the root on")
    return request


def read_answer(line: bytes) -> ServiceAnswer:
    """Raises BadServiceMessage."""
    try:
        return msgspec.json.decode(line, type=ServiceAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadServiceMessage(f"not understood: {error}") from error


def encode(message: ServiceRequest | ServiceAnswer) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def service_socket(user_id: int, directory: str | None = None) -> Path:
    """Where the service for this user listens. `directory` (PLG_SERVICE_DIR) stands in for the system's place."""
    return Path(directory or "/run/plg-service") / str(user_id) / "service.sock"


def service_port_file(directory: str | None, local_app_data: str | None) -> Path:
    """Where there are no Unix sockets: port and token of the service on loopback, in a private folder of its owner."""
    base = directory or local_app_data or str(Path.home())
    return Path(base) / "plg" / "service.json" if sys.platform == "win32" else Path(base) / "service.json"

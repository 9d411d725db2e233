"""Who this relay is: made once by enrolment, kept in one 0600 file of the data directory."""

import os
import stat
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from plg.contract.relay_control import EnrolAnswer, TicketKey
from plg_relay.errors import IdentityError
from plg_relay.private_file import MODE_OWNER_ONLY, read_bounded, write_private

IDENTITY_FILE = "identity.json"
MAX_IDENTITY_BYTES = 64 * 1024


class RelayIdentity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that enrolment gave. `relay_key` signs us in at the server, `control_key` signs the server in here."""

    server: Annotated[str, Meta(min_length=1, max_length=255)]
    node_id: Annotated[str, Meta(min_length=1, max_length=64)]
    relay_id: Annotated[int, Meta(ge=0, lt=2**32)]
    relay_key: Annotated[str, Meta(min_length=16, max_length=256)]
    control_key: Annotated[str, Meta(min_length=16, max_length=256)]
    ticket_keys: Annotated[list[TicketKey], Meta(max_length=16)]
    public_host: Annotated[str, Meta(min_length=1, max_length=255)]
    public_port: Annotated[int, Meta(ge=1, le=65535)]

    @classmethod
    def from_enrolment(cls, answer: EnrolAnswer, *, server: str, public_host: str, public_port: int) -> "RelayIdentity":
        """The identity that the server's `answer` makes, together with what we had asked for."""
        return cls(
            server=server,
            node_id=answer.node_id,
            relay_id=answer.relay_id,
            relay_key=answer.relay_key,
            control_key=answer.control_key,
            ticket_keys=answer.ticket_keys,
            public_host=public_host,
            public_port=public_port,
        )


def identity_path(data_dir: Path) -> Path:
    """Where the identity of a relay with this data directory lives."""
    return data_dir / IDENTITY_FILE


def save_identity(data_dir: Path, identity: RelayIdentity) -> None:
    """Write the file, 0600, whole or not at all. Raises IdentityError with one line."""
    try:
        write_private(identity_path(data_dir), msgspec.json.format(msgspec.json.encode(identity)) + b"\n")
    except OSError as error:
        raise IdentityError(f"cannot write {identity_path(data_dir)}: {error.strerror}") from error


def load_identity(data_dir: Path) -> RelayIdentity:
    """The relay's identity. Raises IdentityError with one line: not enrolled, damaged, or open to others."""
    path = identity_path(data_dir)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        raw = read_bounded(path, MAX_IDENTITY_BYTES)
    except FileNotFoundError:
        raise IdentityError(f"this relay is not enrolled ({path} is missing): run `plg relay enrol`") from None
    except OSError as error:
        raise IdentityError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise IdentityError(f"{path} is damaged ({error}): enrol again with `plg relay enrol`") from error
    if os.name == "posix" and mode & ~MODE_OWNER_ONLY:
        raise IdentityError(f"{path} holds secrets but has mode {mode:04o}: run `chmod 600 {path}`")
    try:
        return msgspec.json.decode(raw, type=RelayIdentity)
    except msgspec.MsgspecError as error:
        raise IdentityError(f"{path} is damaged ({error}): enrol again with `plg relay enrol`") from error

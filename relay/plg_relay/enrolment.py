"""`plg relay enrol`: spend the one-time token and keep the identity that it buys."""

import asyncio
from pathlib import Path

import msgspec

from plg.contract.relay_control import EnrolRequest
from plg_relay.config import RelayConfig
from plg_relay.errors import FailureKind, RelayError
from plg_relay.identity import RelayIdentity, identity_path, save_identity
from plg_relay.server_link import enrol


def enrol_relay(
    config: RelayConfig,
    *,
    server: str,
    token: str,
    public_host: str,
    port: int,
    name: str | None,
    control_url: str | None,
    version: str,
) -> tuple[Path, RelayIdentity]:
    """Enrol at `server` and write the identity. Raises RelayError.

    The directory is tried first: a token is spent by the server's answer, and an identity that cannot be kept is lost.
    """
    request = _checked(
        EnrolRequest(
            enrol_token=token,
            public_host=public_host,
            port=port,
            name=name,
            control_url=control_url,
            version=version,
            max_sessions=config.max_sessions,
        )
    )
    path = identity_path(config.data_dir)
    if path.exists():
        raise RelayError(FailureKind.CONFIG, f"{path} exists: this relay is enrolled already; remove it to enrol anew")
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = config.data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RelayError(FailureKind.CONFIG, f"cannot write in {config.data_dir}: {error.strerror}") from error
    answer = asyncio.run(enrol(server, request))
    identity = RelayIdentity.from_enrolment(
        answer, server=server.rstrip("/"), public_host=public_host, public_port=port
    )
    save_identity(config.data_dir, identity)
    return path, identity


def _checked(request: EnrolRequest) -> EnrolRequest:
    """The bounds of the contract hold for what we send too. Raises RelayError naming the field."""
    try:
        return msgspec.json.decode(msgspec.json.encode(request), type=EnrolRequest)
    except msgspec.ValidationError as error:
        raise RelayError(FailureKind.CONFIG, f"cannot enrol with these values: {error}") from error

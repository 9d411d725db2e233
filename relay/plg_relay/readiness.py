"""`plg relay check`: would this relay start, and would it be found? One verdict per part; nothing is changed."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import msgspec

from plg_relay.config import RelayConfig
from plg_relay.errors import FailureKind, RelayError
from plg_relay.identity import RelayIdentity, load_identity
from plg_relay.own_addresses import refuse_private_mode_in_public, resolve
from plg_relay.server_exchange import exchange
from plg_relay.udp_front import bind_failure, open_front
from plg_relay.web_ping import web_ping_tls

REACH_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One part. `kind` None: it is fine, and `detail` says what was found; else `detail` is what is wrong."""

    part: str
    detail: str
    kind: FailureKind | None = None


async def check_relay(config: RelayConfig) -> list[Verdict]:
    """Verdicts in the order in which a start would meet the parts. The settings themselves were checked by loading them."""
    masked = "on: only clients with this relay's mask key are answered" if config.mask else "off"
    verdicts = [Verdict("settings", "valid"), Verdict("header mask", masked), Verdict("transit", _transit_of(config))]
    identity: RelayIdentity | None = None

    def identified() -> str:
        nonlocal identity
        identity = load_identity(config.data_dir)
        return f"{identity.node_id} at {identity.server}"

    verdicts.append(_try("identity", identified))
    verdicts.append(_try("players' port", lambda: _bind_udp(config)))
    verdicts.append(_try("control API", lambda: _bind_tcp("control API", config.control_host, config.control_port)))
    verdicts.append(_try("metrics", lambda: _bind_tcp("metrics", config.metrics_host, config.metrics_port)))
    verdicts.append(_try("browsers' pings", lambda: _web_ping_of(config)))
    if identity is not None:
        verdicts.append(await _check_public(config, identity))
        verdicts.append(await _check_server(identity))
    return verdicts


def _transit_of(config: RelayConfig) -> str:
    if config.forwards:
        return f"on: forwards at most {config.max_transits} sessions to relays that the server names"
    return "off: masked headers" if config.transit else "off"


def _web_ping_of(config: RelayConfig) -> str:
    if config.web_ping_address is None:
        return f"answered elsewhere, at {config.web_ping_url}" if config.web_ping_url else "off"
    web_ping_tls(config.web_ping_certificate, config.web_ping_key)
    free = _bind_tcp("browsers' pings", *config.web_ping_address)
    return f"{free}; browsers are told {config.web_ping_url}"


def _try(part: str, action: Callable[[], str]) -> Verdict:
    try:
        return Verdict(part, action())
    except RelayError as error:
        return Verdict(part, str(error), error.kind)


def _bind_udp(config: RelayConfig) -> str:
    with open_front(config.host, config.port, buffer_bytes=config.receive_buffer_bytes) as front:
        # Linux reports twice what was granted, for its own book-keeping.
        granted = front.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        text = f"UDP {config.host} port {config.port} is free"
        if granted < config.receive_buffer_bytes:
            text += f"; receive buffer {granted} of {config.receive_buffer_bytes} bytes: raise net.core.rmem_max"
        return text


def _bind_tcp(part: str, host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise bind_failure(error, f"{part} (TCP)", host, port) from error
    return f"TCP {host} port {port} is free"


async def _check_public(config: RelayConfig, identity: RelayIdentity) -> Verdict:
    public = await asyncio.to_thread(resolve, identity.public_host)
    try:
        refuse_private_mode_in_public(
            allow_private=config.allow_private, public_host=identity.public_host, public=public
        )
    except RelayError as error:
        return Verdict("public address", str(error), error.kind)
    if not public:
        return Verdict("public address", f"{identity.public_host} does not resolve here", FailureKind.UNREACHABLE)
    text = f"{identity.public_host} is {', '.join(sorted(map(str, public)))}"
    if config.port not in (0, identity.public_port):
        # Right behind a port forward, and otherwise a relay that no player can reach.
        text += f"; players use UDP port {identity.public_port}, this relay listens on {config.port}: forward it or change `port`"
    return Verdict("public address", text)


async def _check_server(identity: RelayIdentity) -> Verdict:
    url = identity.server.rstrip("/") + "/healthz"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REACH_TIMEOUT_S)) as http:
            await exchange(http, "GET", url, msgspec.Raw)
    except RelayError as error:
        return Verdict("server", str(error), error.kind)
    return Verdict("server", f"{identity.server} answers")

"""Relays: how one becomes a member, how it proves who it is, and which of them players see."""

import base64
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract import nodes as contract
from plg.contract.problem import ErrorCode
from plg.contract.relay_control import EnrolAnswer, EnrolRequest
from plg.protocol.keys import mask_key, probe_key
from plg.protocol.probe import make_probe_token
from plg_server.ids import new_id, utc_now
from plg_server.models.nodes import EnrolmentToken, Node
from plg_server.problems import ApiError
from plg_server.services.relay_keys import SealingKey, first_key, live_keys, sealing_keys
from plg_server.services.relay_state import RelayState, RelayStates
from plg_server.services.tokens import token_hash

ENROLMENT_LIFETIME = timedelta(hours=24)
"""Long enough to set up a machine, short enough that a forgotten token in a shell history opens nothing."""

PROBE_TOKEN_LIFETIME_S = 600
"""A client measures at once and again within minutes; an old token must not make a relay answer strangers."""

RELAY_ID_TRIES = 8

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class NewEnrolmentToken:
    """A token as it is shown once: afterwards only its hash exists."""

    token: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveNode:
    """A relay that is not silent, with its last heartbeat and the key that seals its tickets and probe tokens."""

    node: Node
    state: RelayState
    key: SealingKey

    @property
    def mask_key(self) -> str | None:
        """Base64 of the relay's header mask key, when its last heartbeat said that it wants headers masked."""
        return base64.b64encode(mask_key(self.node.control_key)).decode() if self.state.mask else None


async def create_enrolment_token(
    name: str, *, country: str = "", city: str = "", lifetime: timedelta = ENROLMENT_LIFETIME
) -> NewEnrolmentToken:
    """A token that makes one relay a member, once, within `lifetime`. Needs an active database.

    `name` is what players see, 1 to 64 printable characters; `country` two letters (ISO 3166) or empty. Raises ValueError
    with one line.
    """
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise ValueError("the relay's name has 1 to 64 printable characters")
    if country and not re.fullmatch(r"[A-Za-z]{2}", country):
        raise ValueError(f"'{country}' is not a country: write two letters, for example DE")
    if len(city) > 64 or not city.isprintable():
        raise ValueError("the city has at most 64 printable characters")
    token = f"plgr_{secrets.token_urlsafe(32)}"
    now = utc_now()
    row = await EnrolmentToken.create(
        token_hash=token_hash(token),
        name=name,
        country=country.upper(),
        city=city,
        created_at=now,
        expires_at=now + lifetime,
    )
    return NewEnrolmentToken(token, name, row.expires_at)


async def enrol(request: EnrolRequest) -> EnrolAnswer:
    """Make the caller a relay. Of several callers with one token exactly one wins.

    Raises ApiError `enrolment_refused` (unknown, used, revoked or expired token: one text for all) or `invalid_body`.
    """
    _check_addresses(request)
    now, node_id = utc_now(), new_id()
    hashed = token_hash(request.enrol_token)
    key, control_key = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    async with in_transaction():
        # First statement is the write: of several callers one sees a row changed, the others see none.
        good = EnrolmentToken.filter(token_hash=hashed, used_at=None, revoked_at=None, expires_at__gt=now)
        won = await good.update(used_at=now, node_id=node_id)
        if not won:
            raise ApiError(
                ErrorCode.ENROLMENT_REFUSED,
                "the enrolment token is unknown, used, revoked or expired; make another with `plg server create-relay-token NAME`",
            )
        token = await EnrolmentToken.get(token_hash=hashed)
        node = Node(
            id=node_id,
            relay_id=await _free_relay_id(),
            name=request.name or token.name,
            country=token.country,
            city=token.city,
            host=request.public_host,
            port=request.port,
            control_url=request.control_url,
            control_key=control_key,
            key_hash=token_hash(key),
            max_sessions=request.max_sessions,
            version=_printable(request.version),
            created_at=now,
        )
        await node.save(force_create=True)
        await first_key(node, now)
    return EnrolAnswer(
        node_id=node.id,
        relay_id=node.relay_id,
        relay_key=key,
        control_key=control_key,
        ticket_keys=await live_keys(node.id),
    )


async def _free_relay_id() -> int:
    for _ in range(RELAY_ID_TRIES):
        relay_id = secrets.randbelow(2**32 - 1) + 1
        if not await Node.exists(relay_id=relay_id):
            return relay_id
    raise IntegrityError("no free relay number found")


def _check_addresses(request: EnrolRequest) -> None:
    if not _HOST_NAME.fullmatch(request.public_host) and not _is_address(request.public_host):
        raise ApiError(ErrorCode.INVALID_BODY, "public_host must be an address or a host name, without port")
    if request.name is not None and not request.name.isprintable():
        raise ApiError(ErrorCode.INVALID_BODY, "name must be printable")
    if request.control_url is None:
        return
    try:
        parts = urlsplit(request.control_url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or not request.control_url.isprintable():
        raise ApiError(ErrorCode.INVALID_BODY, "control_url must be http://HOST:PORT or https://HOST:PORT")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


async def authenticate_relay(header: str) -> Node:
    """The relay of an X-Relay-Key header "<node_id>.<secret>". Raises ApiError `token_missing` or `token_invalid`."""
    if not header:
        raise ApiError(ErrorCode.TOKEN_MISSING, "this is for relays: it needs an X-Relay-Key header")
    node_id, _, secret = header.partition(".")
    node = await Node.get_or_none(id=node_id) if re.fullmatch(r"[0-9a-f]{16}", node_id) and len(secret) <= 256 else None
    # An unknown relay costs the same comparison as a wrong key.
    expected = node.key_hash if node is not None else "0" * 64
    if not hmac.compare_digest(token_hash(secret), expected) or node is None or node.deleted_at is not None:
        raise ApiError(ErrorCode.TOKEN_INVALID, "the relay key is not valid; enrol this relay again")
    return node


async def live_nodes(states: RelayStates) -> list[LiveNode]:
    """Every relay that is not silent and not disabled, by name."""
    rows = await Node.filter(disabled_at=None).order_by("name", "id")
    keys = await sealing_keys([node.id for node in rows], utc_now())
    found = []
    for node in rows:
        state = await states.get(node.id)
        if state is not None and node.id in keys:
            found.append(LiveNode(node, state, keys[node.id]))
    return found


def describe_node(
    live: LiveNode,
    *,
    with_ping_token: bool,
    game_leg: contract.NodeGameLeg | None = None,
    game_legs: list[contract.NodeGameLeg] | None = None,
) -> contract.Node:
    """A relay as players see it."""
    now_s = time.time()
    token = None
    if with_ping_token:
        expires_at_s = int(now_s) + PROBE_TOKEN_LIFETIME_S
        token = base64.b64encode(
            make_probe_token(probe_key(live.key.key), expires_at_s, secrets.token_bytes(8))
        ).decode()
    return contract.Node(
        id=live.node.id,
        name=live.node.name,
        country=live.node.country,
        city=live.node.city,
        host=live.node.host,
        port=live.node.port,
        state=live.state.state,
        load_percent=live.state.load_percent,
        sessions=live.state.sessions,
        max_sessions=live.state.max_sessions,
        seen_seconds_ago=round(max(0.0, now_s - live.state.at_s), 1),
        ping_token=token,
        mask_key=live.mask_key if with_ping_token else None,
        game_leg=game_leg,
        game_legs=game_legs or [],
        web_ping_url=live.state.web_ping_url,
    )


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)

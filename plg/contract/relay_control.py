"""Between server and relay: enrolment, heartbeats and profiles (relay calls server), control (server calls relay)."""

from typing import Annotated

from msgspec import Meta

from plg.contract.schema import Answer, Base64, Cidr, Count, Host, LossPercent, Milliseconds, Port, PortRange, Request
from plg.contract.web_ping import WEB_PING_URL, WEB_PING_URL_CHARS

RELAY_AUTH_HEADER = "X-Relay-Key"
"""Relay to server: "<node_id>.<secret>". Server to relay control API: the relay's control key. Compared in constant time."""

CidHex = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
UserRef = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]


class EnrolRequest(Request, frozen=True, kw_only=True):
    """POST /v1/relays/enrol. The token works once; `public_host` is where players reach the relay."""

    enrol_token: Annotated[str, Meta(min_length=16, max_length=128)]
    public_host: Host
    port: Port
    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    control_url: Annotated[str, Meta(max_length=255)] | None = None
    version: Annotated[str, Meta(max_length=32)] = ""
    max_sessions: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000


class TicketKey(Answer, frozen=True, kw_only=True):
    """One key that seals this relay's tickets. Two are live while a rotation is under way."""

    key_id: int
    key: Base64


class EnrolAnswer(Answer, frozen=True, kw_only=True):
    """The relay's identity for life; it keeps this in a 0600 file."""

    node_id: str
    relay_id: int
    relay_key: str
    control_key: str
    ticket_keys: list[TicketKey]


PEER_TARGET_PREFIX = "relay:"
"""`target_id` of a measurement to another relay: this and its node_id."""


class RegionMeasurement(Request, frozen=True, kw_only=True, omit_defaults=True):
    """What the relay measured to one probe target, or to a peer relay, that the server named.

    `rtt_ms` is the median, null when nothing came back; `rtt_p95_ms` the 95th percentile where enough was measured; `age_s` how
    long ago the newest measurement in it was made.
    """

    target_id: Annotated[str, Meta(max_length=128)]
    rtt_ms: Milliseconds | None
    loss_percent: LossPercent = 0.0
    rtt_p95_ms: Milliseconds | None = None
    age_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0


MAX_TARGETS_MEASURED = 256
"""Hosts and peers together in one heartbeat."""


WebPingUrl = Annotated[
    str,
    Meta(
        max_length=WEB_PING_URL_CHARS,
        pattern=WEB_PING_URL,
        description="http(s)://NAME[:PORT]/ping in small letters; a name or an IPv4 address, as browsers' policies know no other",
    ),
]


class HeartbeatRequest(Request, frozen=True, kw_only=True):
    """POST /v1/relays/heartbeat, every HEARTBEAT_INTERVAL_S; a relay silent for 15 s leaves the players' list.

    `mask`: the relay reads nothing that is not masked (protocol SPEC, mask), so that players need its mask key. `web_ping_url`:
    where browsers may measure their round trip to it.
    """

    boot_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
    version: Annotated[str, Meta(max_length=32)] = ""
    draining: bool = False
    sessions: Count = 0
    max_sessions: Count = 0
    packets_per_second: Annotated[float, Meta(ge=0)] = 0.0
    kbit_per_second: Annotated[float, Meta(ge=0)] = 0.0
    cpu_percent: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    loop_lag_ms: Milliseconds = 0.0
    drops: Annotated[dict[str, int], Meta(max_length=64)] = {}
    profiles_etag: Annotated[str, Meta(max_length=64)] = ""
    mask: bool = False
    web_ping_url: WebPingUrl | None = None
    measurements: Annotated[list[RegionMeasurement], Meta(max_length=MAX_TARGETS_MEASURED)] = []


HEARTBEAT_INTERVAL_S = 5.0


class ProbeTarget(Answer, frozen=True, kw_only=True):
    """A host near game servers that the relay measures: `method` is "icmp" or "tcp" (connect time to `port`)."""

    target_id: str
    host: str
    method: str
    port: int | None


MAX_PEERS = 64


class PeerRelay(Answer, frozen=True, kw_only=True):
    """Another relay that lives: the only next hops of a transit relay, and what relays measure at 1 Hz with LPING.

    `addresses` are numeric (resolved by the server, at most 8, of either family), `ping_token` (28 bytes) is made with the
    peer's own key. `mask_key` (32 bytes) is there when the peer reads nothing that is not masked, probes too.
    """

    node_id: str
    relay_id: int
    addresses: Annotated[list[Annotated[str, Meta(min_length=2, max_length=45)]], Meta(max_length=8)]
    port: Port
    ping_token: Base64
    mask_key: Base64 | None = None


class HeartbeatAnswer(Answer, frozen=True, kw_only=True):
    """`profiles_etag` differs from the relay's own: fetch GET /v1/relays/profiles. Revocations stay listed until expiry.

    `peers` are at most MAX_PEERS; one that is silent for a while stays listed, so that running transits to it go on.
    """

    server_time_ms: int
    profiles_etag: str
    ticket_keys: list[TicketKey]
    revoked_cids: list[CidHex]
    revoked_users: list[UserRef]
    denied_addresses: list[Cidr]
    probe_targets: list[ProbeTarget]
    disabled: bool = False
    peers: Annotated[list[PeerRelay], Meta(max_length=MAX_PEERS)] = []


class ProfileRule(Answer, frozen=True, kw_only=True):
    cidrs: list[Cidr]
    ports: list[PortRange]


class ProfileAcl(Answer, frozen=True, kw_only=True):
    """Where one game's packets may go, as the relay enforces it. The two port lists name what the general rules would refuse."""

    profile_id: int
    revision: int
    slug: str
    rules: list[ProfileRule]
    amplifier_ports_allowed: list[int] = []
    low_ports_allowed: list[int] = []


class ProfileSet(Answer, frozen=True, kw_only=True):
    """GET /v1/relays/profiles (ETag)"""

    etag: str
    profiles: list[ProfileAcl]


class RegisterSessionRequest(Request, frozen=True, kw_only=True):
    """Relay control: POST /v1/sessions. Optional: a ticket suffices; this overrides caps before the client arrives."""

    cid: CidHex
    packets_per_second: Annotated[int, Meta(ge=1, le=65535)] | None = None
    kbit_per_second_up: Annotated[int, Meta(ge=1, le=65535)] | None = None
    kbit_per_second_down: Annotated[int, Meta(ge=1, le=65535)] | None = None


class RevokeRequest(Request, frozen=True, kw_only=True):
    """Relay control: POST /v1/revocations. Ends a session and refuses its ticket until `expires_at_s` (Unix seconds)."""

    cid: CidHex | None = None
    user_ref: UserRef | None = None
    expires_at_s: Annotated[int, Meta(ge=0, le=2**33)]


class DrainRequest(Request, frozen=True, kw_only=True):
    """Relay control: POST /v1/drain. New sessions are refused; old ones end at most `seconds` from now."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 60


class RelayFlow(Answer, frozen=True, kw_only=True):
    flow: int
    destination: str
    local_port: int
    egress_port: int
    packets_up: Count
    packets_down: Count


class RelaySessionInfo(Answer, frozen=True, kw_only=True):
    """One row of GET /v1/sessions of the relay's control API."""

    cid: str
    user_ref: str
    profile_id: int
    client: str
    age_s: float
    idle_s: float
    packets_up: Count
    packets_down: Count
    bytes_up: Count
    bytes_down: Count
    flows: list[RelayFlow]


class RelayTransitInfo(Answer, frozen=True, kw_only=True):
    """One session that this relay forwards between its client and `next_hop`, both "HOST:PORT"."""

    cid: str
    client: str
    next_hop: str
    age_s: float
    idle_s: float
    packets_up: Count
    packets_down: Count
    bytes_up: Count
    bytes_down: Count


class RelaySessionList(Answer, frozen=True, kw_only=True):
    """GET /v1/sessions of the relay's control API: those whose exit it is, and those it only forwards."""

    sessions: list[RelaySessionInfo]
    transits: list[RelayTransitInfo] = []


class RelayHealth(Answer, frozen=True, kw_only=True):
    """GET /v1/health of the relay's control API."""

    status: str
    version: str
    boot_id: str
    node_id: str
    draining: bool
    sessions: int
    max_sessions: int
    workers: int
    packets_per_second: float
    kbit_per_second: float
    loop_lag_ms: float
    uptime_s: float
    drops: dict[str, int]
    transits: int = 0

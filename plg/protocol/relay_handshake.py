"""The relay before there is a session: HELLO, cookies, probes (SPEC sections 5 and 8). Holds no state for strangers.

Order of the checks: length and version, cookie when under load, ticket (one AEAD), mac of K, clock. Only then does anything
remember the client. Every answer is shorter than its question.
"""

from dataclasses import dataclass
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.protocol.constants import (
    CLOCK_SKEW_S,
    COOKIE_MAX_AGE_S,
    COOKIE_ROTATION_S,
    HANDSHAKE_NONCE_LENGTH,
    KEY_LENGTH,
    NONCE_LENGTH,
)
from plg.protocol.destination import Address, address_of, pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import (
    Cookie,
    Hello,
    ResumeState,
    Welcome,
    build_cookie,
    cookie_mac,
    hello_is_genuine,
    open_resume_token,
    parse_hello,
    seal_resume_token,
    seal_welcome,
)
from plg.protocol.keys import probe_key, resume_key
from plg.protocol.probe import Seen, answer_probe
from plg.protocol.session_core import Entropy
from plg.protocol.ticket import ROLE_TRANSIT, ExitTicket, TransitTicket, open_ticket, open_transit_ticket

Source = tuple[str, int]
"""A client's address and port as the socket gives them (IPv4 dotted, IPv6 compressed)."""


@dataclass(frozen=True, slots=True)
class HelloAccepted:
    """A genuine HELLO: the owner decides (profile, caps, revocation) and answers with a session or `refuse`."""

    hello: Hello
    ticket: ExitTicket
    resume: ResumeState | None


@dataclass(frozen=True, slots=True)
class TransitAccepted:
    """A genuine HELLO that asks this relay to forward a path: the owner decides and answers with `answer_transit`.

    `address_proved`: the HELLO carried a cookie that only a receiver at its source can know.
    """

    hello: Hello
    ticket: TransitTicket
    address_proved: bool


class _CookieJar:
    """Two rotating secrets; a cookie proves that its bearer receives at the address it claims (as QUIC Retry does)."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._current = entropy(KEY_LENGTH)
        self._previous = self._current
        self._rotate_at_s: float | None = None

    def _rotate(self, unix_s: float) -> None:
        if self._rotate_at_s is None or unix_s >= self._rotate_at_s:
            self._previous, self._current = self._current, self._entropy(KEY_LENGTH)
            self._rotate_at_s = unix_s + COOKIE_ROTATION_S

    def bake(self, hello: Hello, source: Source, unix_s: float) -> Cookie:
        self._rotate(unix_s)
        time_s = int(unix_s) & 0xFFFFFFFF
        return Cookie(time_s, cookie_mac(self._current, source, hello.client_nonce, time_s))

    def is_good(self, hello: Hello, source: Source, unix_s: float) -> bool:
        self._rotate(unix_s)
        cookie = hello.cookie
        if not cookie.time_s or not 0 <= unix_s - cookie.time_s <= COOKIE_MAX_AGE_S:
            return False
        return any(
            compare_digest(cookie.mac, cookie_mac(secret, source, hello.client_nonce, cookie.time_s))
            for secret in (self._current, self._previous)
        )


class RelayHandshake:
    """One relay's answers to datagrams that belong to no session."""

    def __init__(self, relay_id: int, ticket_keys: dict[int, bytes], boot_id: bytes, entropy: Entropy) -> None:
        """`ticket_keys`: key id -> 32-byte key; `boot_id`: 8 random bytes of this process."""
        self.relay_id = relay_id
        self.boot_id = boot_id
        self._entropy = entropy
        self._jar = _CookieJar(entropy)
        self._newest_hello_ms: dict[int, int] = {}
        self.set_ticket_keys(ticket_keys)

    def set_ticket_keys(self, ticket_keys: dict[int, bytes]) -> None:
        """After a rotation. The newest id seals resume tokens."""
        self._tickets = {key_id: AESGCM(key) for key_id, key in ticket_keys.items()}
        newest_first = [ticket_keys[key_id] for key_id in sorted(ticket_keys, reverse=True)]
        self._probe_keys = tuple(probe_key(key) for key in newest_first)
        self._resume_keys = tuple(resume_key(key) for key in newest_first)

    def receive_hello(
        self, datagram: bytes, source: Source, unix_s: float, *, under_load: bool
    ) -> HelloAccepted | TransitAccepted | bytes | DropReason:
        """A genuine HELLO of either role, a COOKIE to send back, or the reason of the drop. `unix_s` is the relay's wall clock."""
        hello = parse_hello(datagram)
        if isinstance(hello, DropReason):
            return hello
        address_proved = self._jar.is_good(hello, source, unix_s)
        if under_load and not address_proved:
            return build_cookie(hello.cid, self._jar.bake(hello, source, unix_s))
        ticket = self._ticket_of(hello, unix_s)
        if isinstance(ticket, DropReason):
            return ticket
        if ticket.cid != hello.cid or not hello_is_genuine(datagram, ticket.secret):
            return DropReason.HELLO_FORGED
        if isinstance(ticket, ExitTicket) and not _path_is_allowed(ticket, hello.path, source):
            return DropReason.FOREIGN_PATH
        if abs(unix_s * 1000 - hello.hello_ts_ms) > CLOCK_SKEW_S * 1000:
            return DropReason.HELLO_SKEW
        if hello.hello_ts_ms < self._newest_hello_ms.get(hello.cid, 0):
            return DropReason.HELLO_STALE
        self._newest_hello_ms[hello.cid] = hello.hello_ts_ms
        if isinstance(ticket, TransitTicket):
            return TransitAccepted(hello, ticket, address_proved)
        return HelloAccepted(hello, ticket, self._open_resume(hello))

    def _ticket_of(self, hello: Hello, unix_s: float) -> ExitTicket | TransitTicket | DropReason:
        if hello.role == ROLE_TRANSIT:
            return open_transit_ticket(hello.ticket, self._tickets, self.relay_id, unix_s)
        return self.open_ticket(hello.ticket, unix_s)

    def open_ticket(self, token: bytes, unix_s: float) -> ExitTicket | DropReason:
        """Open a ticket of this relay, from a HELLO or a renewal."""
        return open_ticket(token, self._tickets, self.relay_id, unix_s)

    def _open_resume(self, hello: Hello) -> ResumeState | None:
        resume = open_resume_token(hello.resume_token, self._resume_keys, self.relay_id)
        return resume if resume is not None and resume.cid == hello.cid else None

    def session_ended(self, cid: int) -> None:
        """From now on only a newer HELLO than the last one opens this session again: a replayed one does not."""
        newest = self._newest_hello_ms.get(cid)
        if newest is not None:
            self._newest_hello_ms[cid] = newest + 1

    def forget_old_hellos(self, unix_s: float) -> None:
        """Drop what the clock check refuses anyway. Called now and then."""
        oldest_ms = (unix_s - 2 * CLOCK_SKEW_S) * 1000
        for cid in [cid for cid, ts in self._newest_hello_ms.items() if ts < oldest_ms]:
            del self._newest_hello_ms[cid]

    def refuse(
        self, accepted: HelloAccepted, source: Source, status: WelcomeStatus, address: Address, unix_s: float
    ) -> bytes:
        """The WELCOME that says no, to a client whose HELLO was genuine."""
        caps = accepted.ticket.caps
        welcome = Welcome(
            status,
            bytes(16),
            int(unix_s * 1000),
            self.boot_id,
            address,
            source[1],
            caps.packets_per_second,
            caps.kbit_per_second_up,
            caps.kbit_per_second_down,
            caps.flows,
            caps.local_ports,
        )
        hello = accepted.hello
        return seal_welcome(
            welcome, hello.cid, hello.path, accepted.ticket.secret, hello.client_nonce, self._entropy(NONCE_LENGTH)
        )

    def answer_transit(
        self, accepted: TransitAccepted, source: Source, status: WelcomeStatus, address: Address, unix_s: float
    ) -> bytes:
        """The WELCOME of a transit, yes or no: sealed with the transit ticket's secret, with its caps and nothing to derive keys from."""
        hello, ticket = accepted.hello, accepted.ticket
        welcome = Welcome(
            status,
            bytes(HANDSHAKE_NONCE_LENGTH),
            int(unix_s * 1000),
            self.boot_id,
            address,
            source[1],
            ticket.packets_per_second,
            ticket.kbit_per_second_up,
            ticket.kbit_per_second_down,
            0,
            0,
        )
        return seal_welcome(
            welcome, hello.cid, hello.path, ticket.secret, hello.client_nonce, self._entropy(NONCE_LENGTH)
        )

    def seal_resume_token(self, state: ResumeState) -> bytes:
        """A token with which the client gets the same game-facing ports after a restart of this relay."""
        return seal_resume_token(state, self._resume_keys[0], self.relay_id, self._entropy(NONCE_LENGTH))

    def answer_probe(
        self, datagram: bytes, source: Source, unix_s: float, arrived_us: int, departs_us: int, flags: int = 0
    ) -> bytes | DropReason:
        """LPONG for a valid LPING; it tells `source` to who asks for it."""
        seen = Seen(address_of(source[0]), source[1])
        return answer_probe(datagram, self._probe_keys, unix_s, arrived_us, departs_us, flags, seen)


def _path_is_allowed(ticket: ExitTicket, path: int, source: Source) -> bool:
    """A path of the ticket, and through the very transit that the ticket lists for it, if it lists one."""
    transit = ticket.transit_of(path)
    return path < ticket.max_paths and (transit is None or transit == pack_address(address_of(source[0])))

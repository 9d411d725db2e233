"""What the server told this relay to enforce: ticket keys, destinations of each game, revocations, denied addresses."""

from typing import Annotated

import msgspec
from msgspec import Meta

from plg.contract.relay_control import HeartbeatAnswer, ProfileAcl, ProfileSet, RevokeRequest, TicketKey

MAX_LOCAL_REVOCATIONS = 100_000
"""Each is about 100 bytes on disk; they leave at their expiry (4 h), so this is never reached in honest use."""

CLOCK_OFFSET_STEP_MS = 500
"""The measured offset wanders by half a round trip each time; only a step that matters for expiry is taken over."""


NEXT_HOP_GRACE_S = 120
"""A server that has just started lists a relay only after its next heartbeat; paths through us must not end meanwhile."""

MAX_NEXT_HOPS = 4096
"""Eight times what one answer can name."""


class NextHop(msgspec.Struct, frozen=True, order=True):
    """Another relay as a transit reaches it: numeric address and UDP port.

    `gone_since_s`: when the server named it no more (server's clock, Unix seconds); 0 while it does.
    """

    address: str
    port: int
    gone_since_s: int = 0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One consistent set of rules. Replaced whole, never changed in place, so that a packet sees one or the other.

    `clock_offset_ms` is added to the local clock to get the server's, which is the one in tickets.
    """

    ticket_keys: list[TicketKey] = []
    profiles_etag: Annotated[str, Meta(max_length=64)] = ""
    profiles: list[ProfileAcl] = []
    revoked_cids: list[str] = []
    revoked_users: list[str] = []
    local_revocations: list[RevokeRequest] = []
    denied_addresses: list[str] = []
    next_hops: list[NextHop] = []
    disabled: bool = False
    clock_offset_ms: int = 0

    def all_revoked_cids(self) -> frozenset[str]:
        """Session ids (hex) whose tickets are refused."""
        return frozenset(self.revoked_cids) | {item.cid for item in self.local_revocations if item.cid is not None}

    def all_revoked_users(self) -> frozenset[str]:
        """User references (hex) whose tickets are refused."""
        return frozenset(self.revoked_users) | {
            item.user_ref for item in self.local_revocations if item.user_ref is not None
        }


def after_heartbeat(policy: Policy, answer: HeartbeatAnswer, measured_offset_ms: int) -> Policy:
    """The policy that the server's answer makes; the same object when nothing changed. Profiles are fetched apart.

    An answer without ticket keys keeps the old ones: a relay without keys would end every player's next hand-shake.
    """
    offset_ms = policy.clock_offset_ms
    if abs(measured_offset_ms - offset_ms) >= CLOCK_OFFSET_STEP_MS:
        offset_ms = measured_offset_ms
    changed = msgspec.structs.replace(
        policy,
        ticket_keys=answer.ticket_keys or policy.ticket_keys,
        revoked_cids=sorted(answer.revoked_cids),
        revoked_users=sorted(answer.revoked_users),
        denied_addresses=sorted(answer.denied_addresses),
        next_hops=_next_hops(policy.next_hops, answer),
        disabled=answer.disabled,
        clock_offset_ms=offset_ms,
    )
    return policy if changed == policy else changed


def _next_hops(known: list[NextHop], answer: HeartbeatAnswer) -> list[NextHop]:
    """The relays that the answer names, and for a while those it names no more. (Their probe tokens change with every answer and
    are no part of what is enforced.)"""
    now_s = answer.server_time_ms // 1000
    named = {(address, peer.port) for peer in answer.peers for address in peer.addresses}
    gone = [
        NextHop(hop.address, hop.port, hop.gone_since_s or now_s)
        for hop in known
        if (hop.address, hop.port) not in named and now_s < (hop.gone_since_s or now_s) + NEXT_HOP_GRACE_S
    ]
    return sorted(NextHop(*place) for place in named) + sorted(gone)[: MAX_NEXT_HOPS - len(named)]


def with_profiles(policy: Policy, profiles: ProfileSet) -> Policy:
    """The policy with the server's whole set of profiles."""
    return msgspec.structs.replace(policy, profiles_etag=profiles.etag, profiles=profiles.profiles)


def with_revocation(policy: Policy, request: RevokeRequest, now_unix_s: float) -> Policy:
    """The policy with one more revocation and without those that have run out. The oldest give way at the limit."""
    kept = [item for item in policy.local_revocations if item.expires_at_s > now_unix_s and item != request]
    return msgspec.structs.replace(policy, local_revocations=[*kept, request][-MAX_LOCAL_REVOCATIONS:])

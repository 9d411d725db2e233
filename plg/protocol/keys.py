"""Key schedule (SPEC section 3): HKDF-SHA256 (RFC 5869) from the session secret K and from a relay's ticket key."""

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plg.protocol.constants import KEY_LENGTH, NONCE_LENGTH, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305
from plg.protocol.errors import ProtocolMisuse


class Aead(Protocol):
    """What the suites share: one-shot sealing with a 16-byte tag at the end."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


SUITES: Final = frozenset({SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305})


def make_aead(suite: int, key: bytes) -> Aead:
    """The cipher of a suite under a 32-byte key."""
    if suite == SUITE_AES_256_GCM:
        return AESGCM(key)
    if suite == SUITE_CHACHA20_POLY1305:
        return ChaCha20Poly1305(key)
    raise ProtocolMisuse(f"unknown suite {suite}")


def derive(secret: bytes, salt: bytes, label: str, length: int, context: bytes = b"") -> bytes:
    """HKDF-SHA256 with info = "plg1 " + label + context."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=b"plg1 " + label.encode() + context).derive(secret)


@dataclass(frozen=True, slots=True)
class DirectionKey:
    """Key (32 bytes) and static IV (12 bytes) of one direction in one key phase."""

    key: bytes
    iv: bytes

    def next_phase(self) -> "DirectionKey":
        """The ratchet: the key of the following phase; the old key cannot be computed from it."""
        block = derive(self.key, b"", "rekey", KEY_LENGTH + NONCE_LENGTH)
        return DirectionKey(block[:KEY_LENGTH], block[KEY_LENGTH:])


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """First-phase keys of a session, from client to relay and from relay to client."""

    up: DirectionKey
    down: DirectionKey


def session_keys(secret: bytes, client_nonce: bytes, relay_nonce: bytes, relay_id: int) -> SessionKeys:
    """Both nonces are mixed in, so every hand-shake gives fresh keys and sequence numbers may restart at 0."""
    block = derive(
        secret, client_nonce + relay_nonce, "session", 2 * (KEY_LENGTH + NONCE_LENGTH), relay_id.to_bytes(4, "big")
    )
    return SessionKeys(
        up=DirectionKey(block[0:32], block[64:76]),
        down=DirectionKey(block[32:64], block[76:88]),
    )


def hello_mac_key(secret: bytes) -> bytes:
    """Key of the HELLO mac: proves that the sender knows K and not only the ticket."""
    return derive(secret, b"", "hello", KEY_LENGTH)


def welcome_key(secret: bytes, client_nonce: bytes) -> bytes:
    """Key that seals WELCOME for one hand-shake attempt."""
    return derive(secret, client_nonce, "welcome", KEY_LENGTH)


def probe_key(ticket_key: bytes) -> bytes:
    """Key of the tokens that allow LPING, known to the server and the relay."""
    return derive(ticket_key, b"", "probe", KEY_LENGTH)


def mask_key(control_key: str) -> bytes:
    """Header mask key of a relay (SPEC section 9), given to clients beside the ticket. The control key lives as long as the
    relay's enrolment, so a rotation of ticket keys does not change the mask under running sessions."""
    return derive(control_key.encode(), b"", "mask", KEY_LENGTH)


def resume_key(ticket_key: bytes) -> bytes:
    """Key under which a relay seals resume tokens to itself: survives a restart because the ticket key does."""
    return derive(ticket_key, b"", "resume", KEY_LENGTH)

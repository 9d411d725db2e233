"""The key schedule."""

import hashlib
import hmac

import pytest

from plg.protocol.errors import ProtocolMisuse
from plg.protocol.keys import (
    SUITES,
    DirectionKey,
    derive,
    hello_mac_key,
    make_aead,
    mask_key,
    probe_key,
    resume_key,
    session_keys,
    welcome_key,
)


def reference_hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with nothing but hmac."""
    prk = hmac.digest(salt or bytes(32), secret, "sha256")
    out, block = b"", b""
    for i in range(1, -(-length // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out += block
    return out[:length]


def test_derivation_is_rfc_5869_with_a_labelled_info() -> None:
    assert derive(b"k" * 32, b"salt", "label", 88, b"\x01") == reference_hkdf(b"k" * 32, b"salt", b"plg1 label\x01", 88)


def test_an_empty_salt_is_allowed() -> None:
    assert derive(b"k" * 32, b"", "x", 32) == reference_hkdf(b"k" * 32, b"", b"plg1 x", 32)


def test_both_nonces_and_the_relay_change_every_session_key() -> None:
    base = session_keys(bytes(32), bytes(16), bytes(16), 1)
    others = [
        session_keys(bytes(32), b"\1" * 16, bytes(16), 1),
        session_keys(bytes(32), bytes(16), b"\1" * 16, 1),
        session_keys(bytes(32), bytes(16), bytes(16), 2),
        session_keys(b"\1" * 32, bytes(16), bytes(16), 1),
    ]
    parts = [part for keys in [base, *others] for part in (keys.up.key, keys.down.key, keys.up.iv, keys.down.iv)]
    assert len(set(parts)) == len(parts)


def test_every_purpose_has_a_key_of_its_own() -> None:
    secret = hashlib.sha256(b"secret").digest()
    purposes = [
        hello_mac_key(secret),
        welcome_key(secret, bytes(16)),
        probe_key(secret),
        mask_key(secret.hex()),
        resume_key(secret),
    ]
    assert len(set(purposes)) == 5
    assert all(len(key) == 32 for key in purposes)


def test_the_next_phase_differs_in_key_and_iv() -> None:
    first = DirectionKey(b"k" * 32, b"i" * 12)
    second = first.next_phase()
    assert first.key != second.key
    assert first.iv != second.iv
    assert len(second.iv) == 12


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_each_suite_seals_with_a_tag_of_16_bytes(suite: int) -> None:
    aead = make_aead(suite, bytes(32))
    sealed = aead.encrypt(bytes(12), b"body", b"header")
    assert len(sealed) == 4 + 16
    assert aead.decrypt(bytes(12), sealed, b"header") == b"body"


def test_an_unknown_suite_is_our_own_mistake() -> None:
    with pytest.raises(ProtocolMisuse):
        make_aead(3, bytes(32))

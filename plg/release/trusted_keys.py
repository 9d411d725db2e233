"""Whose signature is believed: the keys that this version was published with, or those that its owner names instead."""

import base64
import binascii
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plg.release.errors import BadKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEYS_FILE: Final = Path(__file__).with_name("release_keys.toml")
KEY_BYTES: Final = 32
"""Specification (RFC 8032): an ed25519 public key."""
MAX_KEYS: Final = 8
"""Implementation. Two are in use while one takes over from the other; more only slow down a refusal."""


def published_keys(path: Path = KEYS_FILE) -> tuple[str, ...]:
    """The keys that this version was published with, in base64: none until the project publishes one."""
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["keys"])


def read_keys(texts: Iterable[str]) -> "tuple[Ed25519PublicKey, ...]":
    """Public keys from their base64 form, each given once. Raises BadKey."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(wanted) > MAX_KEYS:
        raise BadKey(f"more than {MAX_KEYS} keys")
    return tuple(Ed25519PublicKey.from_public_bytes(_decoded(text)) for text in wanted)


def is_signed(payload: bytes, signatures: Sequence[str], keys: "Sequence[Ed25519PublicKey]") -> bool:
    """Whether any of the signatures (base64) over exactly these bytes is by any of the keys."""
    from cryptography.exceptions import InvalidSignature

    for text in signatures:
        try:
            signature = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        for key in keys:
            try:
                key.verify(signature, payload)
            except InvalidSignature:
                continue
            return True
    return False


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadKey(text) from None
    if len(raw) != KEY_BYTES:
        raise BadKey(text)
    return raw

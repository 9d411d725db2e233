"""Whether an index is believed, and what it offers to this installation."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from plg.release.errors import NotTrusted, Untrusted
from plg.release.index_format import Release, ReleaseFile, ReleaseIndex, decode_envelope, decode_index
from plg.release.seen_indexes import SeenIndex
from plg.release.trusted_keys import is_signed
from plg.release.version_order import version_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CLOCK_TOLERANCE_S: Final = 86_400.0
"""Implementation. A machine whose clock is this much behind still updates; a longer lag would make every expiry meaningless."""


@dataclass(frozen=True, slots=True)
class CheckedIndex:
    """An index whose signature holds, with the digest of the signed bytes."""

    index: ReleaseIndex
    sha256: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A newer version, and the file of it that fits."""

    release: Release
    file: ReleaseFile


@dataclass(frozen=True, slots=True)
class Choice:
    """`offer` is None when nothing newer fits; `newest` is the newest version of the index that has a file for this platform and
    form, also when this installation is too old to step to it."""

    offer: Offer | None
    newest: str | None


def check_index(
    content: bytes, keys: "Sequence[Ed25519PublicKey]", *, channel: str, seen: SeenIndex | None, now_s: float
) -> CheckedIndex:
    """Signature before anything else is looked at, then channel, times and order. Raises NotTrusted."""
    try:
        envelope = decode_envelope(content)
        payload = base64.b64decode(envelope.payload, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotTrusted(Untrusted.NOT_AN_INDEX, str(error)) from error
    if not is_signed(payload, [entry.signature for entry in envelope.signatures], keys):
        raise NotTrusted(Untrusted.BAD_SIGNATURE)
    try:
        index = decode_index(payload)
        published_s, expires_s = utc_seconds(index.published_at), utc_seconds(index.expires_at)
    except ValueError as error:
        raise NotTrusted(Untrusted.NOT_AN_INDEX, str(error)) from error
    if index.channel != channel:
        raise NotTrusted(Untrusted.OTHER_CHANNEL, index.channel)
    if now_s >= expires_s:
        raise NotTrusted(Untrusted.EXPIRED, index.expires_at)
    if published_s > now_s + CLOCK_TOLERANCE_S:
        raise NotTrusted(Untrusted.FROM_THE_FUTURE, index.published_at)
    digest = hashlib.sha256(payload).hexdigest()
    if seen is not None and index.sequence < seen.sequence:
        raise NotTrusted(Untrusted.OLDER_INDEX, f"{index.sequence} after {seen.sequence}")
    if seen is not None and index.sequence == seen.sequence and digest != seen.sha256:
        raise NotTrusted(Untrusted.TWO_INDEXES, str(index.sequence))
    return CheckedIndex(index, digest)


def choose(index: ReleaseIndex, *, current: str, platform: str, form: str) -> Choice:
    """The newest version above `current` that has a file for this platform and form and may be stepped to from here."""
    own = version_key(current)
    fitting = [
        Offer(release, file)
        for release in sorted(index.releases, key=lambda release: version_key(release.version), reverse=True)
        for file in release.files
        if file.platform == platform and file.form == form
    ]
    newer = [offer for offer in fitting if version_key(offer.release.version) > own]
    reachable = [offer for offer in newer if version_key(offer.release.minimum_version) <= own]
    return Choice(reachable[0] if reachable else None, fitting[0].release.version if fitting else None)


def utc_seconds(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time that ends in Z. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()

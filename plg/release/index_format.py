"""The release index as it is published: an envelope with signatures over the exact bytes of the index inside.

    {"schema": "plg.release_envelope/1", "payload": "<base64>", "signatures": [{"key": "<base64>", "signature": "<base64>"}]}

One file holds both, so that a server can never pair one index with the signature of another. Unknown fields are ignored: an older
program reads a newer index.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from plg.contract.schema import Answer

MAX_INDEX_BYTES: Final = 512_000
"""Specification. A thousand releases with five files each are less; what is longer is cut off while it comes."""
MAX_FILE_BYTES: Final = 300_000_000
"""Specification. The largest file that an index may name: fifteen times the single file of today."""

Version = Annotated[str, Meta(pattern=r"^\d{1,6}\.\d{1,6}(\.\d{1,6})?((a|b|rc)\d{1,6})?$", max_length=40)]
Channel = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Platform = Annotated[
    str, Meta(pattern=r"^[a-z0-9]+-[a-z0-9_]+$", max_length=40, description="linux-x86_64, windows-amd64")
]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$", description="beside the index")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
UtcTime = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class ReleaseFile(Answer, frozen=True, kw_only=True):
    """One download: for which platform, in which form, and exactly which bytes."""

    platform: Platform
    form: Annotated[str, Meta(max_length=32)]
    name: FileName
    size: Annotated[int, Meta(ge=1, le=MAX_FILE_BYTES)]
    sha256: Sha256


class Release(Answer, frozen=True, kw_only=True):
    """A version. `minimum_version` is the oldest one that may step to it directly."""

    version: Version
    minimum_version: Version
    files: Annotated[list[ReleaseFile], Meta(max_length=100)]


class ReleaseIndex(Answer, frozen=True, kw_only=True):
    """What is signed. `sequence` grows with every index of a channel; after `expires_at` it is not believed any more."""

    schema: Literal["plg.release_index/1"]
    channel: Channel
    sequence: Annotated[int, Meta(ge=1, le=2**53)]
    published_at: UtcTime
    expires_at: UtcTime
    releases: Annotated[list[Release], Meta(max_length=1000)]


class Signature(Answer, frozen=True, kw_only=True):
    """`key` says which public key to try first; it proves nothing by itself."""

    key: Annotated[str, Meta(max_length=100)]
    signature: Annotated[str, Meta(max_length=200)]


class Envelope(Answer, frozen=True, kw_only=True):
    """The published file."""

    schema: Literal["plg.release_envelope/1"]
    payload: Annotated[str, Meta(max_length=MAX_INDEX_BYTES)]
    signatures: Annotated[list[Signature], Meta(min_length=1, max_length=8)]


def decode_envelope(content: bytes) -> Envelope:
    """Raises ValueError for anything that is none."""
    try:
        return msgspec.json.decode(content, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a release envelope: {error}") from error


def decode_index(content: bytes) -> ReleaseIndex:
    """Raises ValueError for anything that is none."""
    try:
        return msgspec.json.decode(content, type=ReleaseIndex)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a release index: {error}") from error

"""The two kinds of body, and the bounded scalar types they are made of.

A request is refused when it has a field we do not know: a typing error must not pass silently. An answer tolerates fields
it does not know, so that an older client can read a newer server.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

API_PREFIX = "/v1"
"""Every public route lives under it; a breaking change gets a new prefix."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body that comes to us from outside: strict in every field."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A body we send: readers ignore what they do not know."""


Slug = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$", max_length=64, description="a-z, 0-9 and inner hyphens"),
]
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}$")]
Password = Annotated[str, Meta(min_length=10, max_length=256, description="10 to 256 characters")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
HostPort = Annotated[str, Meta(min_length=3, max_length=261, description="HOST:PORT, or [IPV6]:PORT")]
Host = Annotated[str, Meta(min_length=1, max_length=255)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Cidr = Annotated[str, Meta(min_length=3, max_length=49)]
PortRange = Annotated[
    str, Meta(pattern=r"^[0-9]{1,5}(?:-[0-9]{1,5})?$", description='"27015" or "27015-27050", inclusive')
]
Identifier = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Base64 = Annotated[str, Meta(max_length=4096, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Timestamp = Annotated[str, Meta(max_length=32, description="RFC 3339, UTC, ends in Z")]
Milliseconds = Annotated[float, Meta(ge=0, le=3_600_000)]
LossPercent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0, le=2**53)]

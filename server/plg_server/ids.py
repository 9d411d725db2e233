"""Identifiers and times, in the one form that the API shows."""

import re
import secrets
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

EntityId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$", description="16 hex digits")]
"""An identifier in an address. Stricter than the contract's: what `new_id` cannot have made is not looked up."""


_MADE = re.compile(r"[0-9a-f]{16}")


def new_id() -> str:
    """A random identifier of 16 hex digits: 64 bits, so that nobody meets another one's by guessing or by chance."""
    return secrets.token_hex(8)


def as_id(text: str) -> str:
    """The text where `new_id` may have made it, else one that names nothing: a key's column takes no longer text, not even to look for it."""
    return text if _MADE.fullmatch(text) else "-"


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

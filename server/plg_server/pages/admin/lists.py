"""Lists of operators' pages: their filters as they stand in the address, and the way through their pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server.problems import ApiError

Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="a day, UTC")]
"""What a browser's field for a day gives."""


class ListPage(Protocol):
    """What each list of the admin API answers."""

    @property
    def total(self) -> int:
        """How many there are."""

    @property
    def limit(self) -> int:
        """How many this page may have."""

    @property
    def offset(self) -> int:
        """How many stand before it."""


@dataclass(frozen=True)
class Paging:
    """Which part of a list is shown: `first` to `last` of `total`, counted from 1. `before` and `after` are other pages' offsets."""

    total: int
    first: int
    last: int
    before: int | None
    after: int | None
    filters: Mapping[str, str]


def paging(query: Request, page: ListPage) -> Paging:
    """The way through this list, with its filters kept."""
    filters = {name: _text(value) for name, value in msgspec.to_builtins(query).items() if name != "offset"}
    defaults = msgspec.to_builtins(msgspec.convert({}, type(query)))
    last = min(page.offset + page.limit, page.total)
    return Paging(
        total=page.total,
        first=min(page.offset + 1, page.total),
        last=last,
        before=None if page.offset == 0 else max(0, page.offset - page.limit),
        after=None if last >= page.total else last,
        filters={name: text for name, text in filters.items() if text != _text(defaults.get(name))},
    )


def day_begins(day: str | None) -> datetime | None:
    """The first moment of a day (UTC). Raises ApiError `invalid_query` for a day that no calendar has."""
    if day is None:
        return None
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        raise ApiError(ErrorCode.INVALID_QUERY, f"{day} is no day") from None


def _text(value: object) -> str:
    if value is None:
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

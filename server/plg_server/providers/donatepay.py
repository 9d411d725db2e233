"""DonatePay: donations with a code in the comment. Its list of transactions is the only authority.

It documents no signature for its notices, so ours (HMAC-SHA256 of the body, hex, in X-DonatePay-Signature, with a secret that the
operator sets) does no more than ask for the list at once. The list may be asked once in 20 s for each key.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import aiohttp
import msgspec

from plg_server.billing_config import BillingConfig
from plg_server.providers.http_calls import exchange
from plg_server.services.ledger import codes_in
from plg_server.services.money import BadAmount, to_minor, to_text
from plg_server.services.payment_facts import (
    FactKind,
    Notice,
    Noticed,
    NoticeRefused,
    Order,
    PaymentFact,
    PollResult,
    ProviderUnavailable,
)

PAGE_SIZE = 100
"""The largest page that was seen to work."""

MOSCOW = timezone(timedelta(hours=3))
"""Times come without a zone. Should they be in UTC after all, payments count as made three hours earlier, never as late."""

SIGNATURE_HEADER = "x-donatepay-signature"

_KINDS = {"success": FactKind.PAID, "cancel": FactKind.REFUNDED}
"""Statuses that mean something; `wait` has not happened yet, and `user` was typed in by the page's owner."""


class _Vars(msgspec.Struct):
    comment: str | None = None


class _Transaction(msgspec.Struct):
    """One line of the list; numbers come as texts and as numbers."""

    id: int | str
    sum: str | float
    status: str
    type: str = "donation"
    vars: _Vars | None = None
    comment: str | None = None
    created_at: str | dict[str, str | int] | None = None
    currency: str | None = None
    test: bool | int | None = None
    is_test: bool | int | None = None


class _Answer(msgspec.Struct):
    status: str
    data: list[msgspec.Raw] = []
    message: str | None = None


class _Position(msgspec.Struct):
    """Everything up to `done` was read; `start` was there before us (-1: nothing was read yet).

    While a gap is being filled `before` is its upper edge and `newest` what lies above.
    """

    start: int = -1
    done: int = 0
    before: int = 0
    newest: int = 0


class DonatePay:
    """A PolledProvider. `http` is the caller's."""

    name = "donatepay"
    code_in_comment = True
    checkout_lifetime = timedelta(hours=24)

    def __init__(self, config: BillingConfig, http: aiohttp.ClientSession) -> None:
        self._key = config.donatepay_key or ""
        self._page = config.donatepay_page or ""
        self._secret = config.donatepay_webhook_secret
        self._url = f"{config.donatepay_api.rstrip('/')}/transactions"
        self.currencies = (config.donatepay_currency,)
        self._http = http

    async def link(self, order: Order) -> str:
        """The operator's page; what it fills in for the donor is no more than a convenience."""
        return self._page.format(code=quote(order.code), amount=quote(to_text(order.amount_minor)))

    def read_notice(self, notice: Notice, now: datetime) -> Noticed:  # noqa: ARG002 - nothing in it is believed, no time either
        """Only whether to ask the list now."""
        if self._secret is None:
            raise NoticeRefused("donatepay_webhook_secret is not set")
        right = hmac.new(self._secret.encode(), notice.body, hashlib.sha256).hexdigest()
        given = notice.headers.get(SIGNATURE_HEADER, "").strip().lower()
        if not hmac.compare_digest(right.encode(), given.encode(errors="replace")):
            raise NoticeRefused("wrong signature")
        return Noticed(poll_now=True)

    async def poll(self, position: str, now: datetime) -> PollResult:
        """One page of the list, newest first, or the next page of a gap that an absence left."""
        mark = _read_position(position)
        query = {"access_token": self._key, "limit": str(PAGE_SIZE), "order": "DESC", "type": "donation"}
        if mark.before:
            query["before"] = str(mark.before)
        rows = await self._page_of(query)
        following = _next_position(mark, rows)
        facts = [fact for row in rows if (fact := self._fact(row, now)) is not None]
        # What was given before this server sold anything is nobody's payment.
        ours = [fact for fact in facts if int(fact.external_id) > following.start or codes_in(fact.comment)]
        return PollResult(tuple(ours), msgspec.json.encode(following).decode())

    async def _page_of(self, query: dict[str, str]) -> list[_Transaction]:
        body = await exchange(self._http, "GET", self._url, query=query)
        try:
            whole = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderUnavailable("not an answer that we can read") from None
        if whole.status != "success":
            raise ProviderUnavailable("it reports an error")
        return [row for row in map(_transaction, whole.data) if row is not None]

    def _fact(self, row: _Transaction, now: datetime) -> PaymentFact | None:
        kind = _KINDS.get(row.status)
        if kind is None or row.type != "donation" or row.test or row.is_test:
            return None
        try:
            amount_minor = to_minor(str(row.sum))
        except BadAmount:
            return None
        comment = (row.vars.comment if row.vars else None) or row.comment or ""
        return PaymentFact(
            provider=self.name,
            external_id=str(row.id),
            kind=kind,
            amount_minor=amount_minor,
            currency=(row.currency or self.currencies[0]).upper(),
            at=_moment(row.created_at) or now,
            comment=comment,
        )


def _transaction(raw: msgspec.Raw) -> _Transaction | None:
    """One line; a line of a form that we do not know is left out rather than all of them."""
    try:
        row = msgspec.json.decode(raw, type=_Transaction)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return row if str(row.id).isascii() and str(row.id).isdigit() and len(str(row.id)) <= 18 else None


def _read_position(text: str) -> _Position:
    try:
        return msgspec.json.decode(text, type=_Position) if text else _Position()
    except msgspec.DecodeError:
        return _Position()


def _next_position(mark: _Position, rows: Sequence[_Transaction]) -> _Position:
    numbers = [int(row.id) for row in rows]
    newest = max([mark.newest or 0, mark.done, *numbers])
    lowest = min(numbers, default=0)
    # The first time there is nothing to catch up with; later a full page that does not reach what was read leaves a gap.
    is_gap = bool(mark.done) and len(rows) >= PAGE_SIZE and lowest > mark.done
    start = newest if mark.start < 0 else mark.start
    if is_gap:
        return _Position(start, mark.done, lowest, newest)
    return _Position(start, newest)


def _moment(value: str | dict[str, str | int] | None) -> datetime | None:
    """When it was made: a text, or PHP's way of writing a date as an object."""
    text = value.get("date") if isinstance(value, dict) else value
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=MOSCOW)

"""Cryptomus: an invoice made through its API, and signed notices afterwards (doc.cryptomus.com, "Request format" and "Webhook").

Both directions are signed with MD5 over the Base64 of the JSON followed by the key. In a notice the signature stands inside the JSON and
is taken out before; the rest is written as PHP writes it: no spaces, slashes escaped, no \\u escapes.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import msgspec

from plg_server.billing_config import BillingConfig
from plg_server.providers.http_calls import exchange
from plg_server.services.money import BadAmount, to_minor, to_text
from plg_server.services.payment_facts import (
    FactKind,
    Notice,
    Noticed,
    NoticeRefused,
    Order,
    PaymentFact,
    ProviderUnavailable,
)

INVOICE_LIFETIME_S = 43_200
"""The longest that it allows."""

_KINDS = {"paid": FactKind.PAID, "paid_over": FactKind.PAID, "wrong_amount": FactKind.PAID, "refund_paid": FactKind.REFUNDED}  # fmt: skip
"""Final states in which money moved; `wrong_amount` is a payment that was too small."""


class _Fields(msgspec.Struct):
    """What we use of a notice; it has about thirty fields."""

    uuid: str
    order_id: str
    amount: str
    currency: str
    status: str
    payment_amount_usd: str | None = None


class _Invoice(msgspec.Struct):
    url: str


class _Answer(msgspec.Struct):
    result: _Invoice
    state: int = 0


class Cryptomus:
    """A PaymentProvider. `http` is the caller's."""

    name = "cryptomus"
    currencies = ("USD", "EUR")
    code_in_comment = False
    checkout_lifetime = timedelta(days=2)
    """The invoice itself ends sooner; a chain may take its time to confirm what was sent."""

    def __init__(self, config: BillingConfig, public_url: str | None, http: aiohttp.ClientSession) -> None:
        self._merchant = config.cryptomus_merchant or ""
        self._key = (config.cryptomus_key or "").encode()
        self._url = f"{config.cryptomus_api.rstrip('/')}/v1/payment"
        self._return_url = config.billing_return_url
        self._notice_url = None if public_url is None else f"{public_url.rstrip('/')}/v1/payments/notices/{self.name}"
        self._http = http

    async def link(self, order: Order) -> str:
        """Make an invoice and give its page."""
        wish = {
            "amount": to_text(order.amount_minor),
            "currency": order.currency,
            "order_id": order.code,
            "lifetime": INVOICE_LIFETIME_S,
            **({"url_return": self._return_url} if self._return_url else {}),
            **({"url_callback": self._notice_url} if self._notice_url else {}),
        }
        body = json.dumps(wish).encode()
        headers = {"merchant": self._merchant, "sign": self._sign(body), "Content-Type": "application/json"}
        answer = await exchange(self._http, "POST", self._url, body=body, headers=headers)
        try:
            url = msgspec.json.decode(answer, type=_Answer).result.url
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderUnavailable("not an invoice") from None
        if urlsplit(url).scheme != "https":
            raise ProviderUnavailable("a link that is not https")
        return url

    def read_notice(self, notice: Notice, now: datetime) -> Noticed:
        """A final state of an invoice; the states on the way are answered and change nothing."""
        try:
            whole = json.loads(notice.body)
            given = whole.pop("sign")
            text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
            right = self._sign(text.encode())
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
            raise NoticeRefused("not a signed notice") from None
        if not hmac.compare_digest(right.encode(), str(given).encode(errors="replace")):
            raise NoticeRefused("wrong signature")
        try:
            fields = msgspec.convert(whole, _Fields)
            kind = _KINDS.get(fields.status)
            if kind is None:
                return Noticed()
            amount_minor = to_minor(fields.amount)
        except (msgspec.ValidationError, BadAmount) as error:
            raise NoticeRefused(type(error).__name__) from None
        if fields.status == "wrong_amount":
            # The invoice's amount is what was asked; what came is told in dollars, and is short in any currency.
            amount_minor = min(amount_minor - 1, _dollars(fields.payment_amount_usd))
        fact = PaymentFact(
            provider=self.name,
            external_id=fields.uuid[:128],
            kind=kind,
            amount_minor=max(0, amount_minor),
            currency=fields.currency.upper(),
            at=now,
            code=fields.order_id,
        )
        return Noticed((fact,))

    def _sign(self, body: bytes) -> str:
        # MD5 is what it asks for. Forging needs the key: there is no collision to choose when both ends are fixed.
        return hashlib.md5(base64.b64encode(body) + self._key, usedforsecurity=False).hexdigest()


def _dollars(text: str | None) -> int:
    try:
        return to_minor((text or "0").partition(".")[0])
    except BadAmount:
        return 0

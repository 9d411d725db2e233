"""Stripe Checkout: a session made through its API, and signed events afterwards (docs.stripe.com/webhooks, "Verify manually").

The payment intent names the payment: the completed session, refunds and disputes all carry it.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec

from plg_server.billing_config import BillingConfig
from plg_server.providers.http_calls import exchange
from plg_server.services.money import MAX_MINOR
from plg_server.services.payment_facts import (
    FactKind,
    Notice,
    Noticed,
    NoticeRefused,
    Order,
    PaymentFact,
    ProviderUnavailable,
)

SIGNATURE_HEADER = "stripe-signature"

TOLERANCE_S = 300
"""Stripe's own libraries take signatures of the last five minutes; a repeated notice is signed anew."""

SESSION_LIFETIME = timedelta(hours=23)
"""Stripe allows 30 minutes to 24 hours."""

MAX_SIGNATURES = 8
"""While a secret is being replaced there are two."""


class _Object(msgspec.Struct):
    """The fields of sessions, charges and disputes that we use."""

    payment_intent: str | None = None
    payment_status: str | None = None
    client_reference_id: str | None = None
    amount_total: int | None = None
    amount: int | None = None
    amount_refunded: int | None = None
    currency: str | None = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    type: str
    created: int
    data: _Data


class _Type(msgspec.Struct):
    type: str


class _Session(msgspec.Struct):
    url: str


_SESSION_EVENTS = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_KINDS = {"charge.refunded": FactKind.REFUNDED, "charge.dispute.created": FactKind.CHARGED_BACK}


class StripeCheckout:
    """A PaymentProvider. `http` is the caller's."""

    name = "stripe"
    currencies = ("USD", "EUR")
    code_in_comment = False
    checkout_lifetime = timedelta(hours=24)

    def __init__(self, config: BillingConfig, http: aiohttp.ClientSession) -> None:
        self._key = config.stripe_key or ""
        self._secret = (config.stripe_webhook_secret or "").encode()
        self._url = f"{config.stripe_api.rstrip('/')}/v1/checkout/sessions"
        self._return_url = config.billing_return_url or ""
        self._http = http

    async def link(self, order: Order) -> str:
        """Make a session and give its page."""
        form = {
            "mode": "payment",
            "client_reference_id": order.code,
            "success_url": self._return_url,
            "cancel_url": self._return_url,
            "expires_at": str(int((order.expires_at - self.checkout_lifetime + SESSION_LIFETIME).timestamp())),
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": order.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(order.amount_minor),
            "line_items[0][price_data][product_data][name]": f"PLG {order.plan_name}",
        }
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/x-www-form-urlencoded",
            # The same order asked twice makes one session.
            "Idempotency-Key": order.code,
        }
        body = await exchange(self._http, "POST", self._url, body=urlencode(form).encode(), headers=headers)
        try:
            url = msgspec.json.decode(body, type=_Session).url
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderUnavailable("not a session") from None
        if urlsplit(url).scheme != "https":
            raise ProviderUnavailable("a link that is not https")
        return url

    def read_notice(self, notice: Notice, now: datetime) -> Noticed:
        """A paid session, a refund or a dispute; every other event is answered and changes nothing."""
        self._check(notice, now)
        try:
            kind = msgspec.json.decode(notice.body, type=_Type).type
            if kind not in _SESSION_EVENTS and kind not in _KINDS:
                return Noticed()
            event = msgspec.json.decode(notice.body, type=_Event)
            at = datetime.fromtimestamp(event.created, UTC)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, OSError):
            raise NoticeRefused("not an event that we can read") from None
        thing = event.data.object
        amount = thing.amount_total if kind in _SESSION_EVENTS else thing.amount
        if kind in _SESSION_EVENTS and thing.payment_status != "paid":
            return Noticed()  # a bank transfer that is on its way: its success is an event of its own
        if (
            not thing.payment_intent
            or len(thing.payment_intent) > 128
            or amount is None
            or not 0 <= amount <= MAX_MINOR
        ):
            raise NoticeRefused("an event without a payment")
        fact = PaymentFact(
            provider=self.name,
            external_id=thing.payment_intent,
            kind=_KINDS.get(kind, FactKind.PAID),
            amount_minor=amount,
            currency=(thing.currency or "").upper(),
            at=at,
            code=thing.client_reference_id,
            refunded_minor=thing.amount_refunded if kind == "charge.refunded" else None,
        )
        return Noticed((fact,))

    def _check(self, notice: Notice, now: datetime) -> None:
        pairs = [part.strip().partition("=") for part in notice.headers.get(SIGNATURE_HEADER, "").split(",")]
        moments = [value for name, _, value in pairs if name == "t"]
        given = [value for name, _, value in pairs if name == "v1"][:MAX_SIGNATURES]
        if len(moments) != 1 or not (moments[0].isascii() and moments[0].isdigit() and len(moments[0]) <= 12):
            raise NoticeRefused("no signature")
        right = hmac.new(self._secret, f"{moments[0]}.".encode() + notice.body, hashlib.sha256).hexdigest()
        # All are compared, so that the time taken does not tell which one was right.
        if sum(hmac.compare_digest(right.encode(), one.encode(errors="replace")) for one in given) == 0:
            raise NoticeRefused("wrong signature")
        if abs(now.timestamp() - int(moments[0])) > TOLERANCE_S:
            raise NoticeRefused("an old signature: sent again by somebody, or a clock is wrong")

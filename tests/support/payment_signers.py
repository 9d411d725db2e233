"""The far ends of three payment providers: what they answer and what they send, signed as their documents say.

Written from the documents and not from our code: a fault that both share would not be seen.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

ROBOKASSA = {"robokassa_login": "plg", "robokassa_password_1": "first", "robokassa_password_2": "second"}
STRIPE = {
    "stripe_key": "sk_test_1",
    "stripe_webhook_secret": "whsec_1",
    "billing_return_url": "https://plg.example.org/paid",
}
CRYPTOMUS = {"cryptomus_merchant": "8b03432e-385b-4670-8d06-064591096795", "cryptomus_key": "cryptomus-key"}


def robokassa_notice(link: str, *, password: str = "second", amount: str | None = None, **more: str) -> bytes:
    """The form that ResultURL gets when somebody paid at this link."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    amount = amount or f"{asked['OutSum']}0000"  # it writes six digits after the point
    extra = "".join(f":{name}={more[name]}" for name in sorted(more) if name.startswith("Shp_"))
    text = f"{amount}:{asked['InvId']}:{password}{extra}"
    signature = hashlib.sha256(text.encode()).hexdigest().upper()
    return urlencode(
        {"OutSum": amount, "InvId": asked["InvId"], "SignatureValue": signature, "Fee": "0.0", **more}
    ).encode()


def stripe_event(kind: str, at: datetime, **fields: Any) -> bytes:
    """An event around one object."""
    event = {"id": "evt_1", "object": "event", "type": kind, "created": int(at.timestamp()), "data": {"object": fields}}
    return json.dumps(event, indent=2).encode()


def stripe_headers(body: bytes, at: datetime, secret: str = "whsec_1") -> dict[str, str]:
    """Stripe-Signature over the time and the body."""
    moment = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{moment}.{body.decode()}".encode(), "sha256").hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={'0' * 64},v1={signature},v0=unused"}


def cryptomus_notice(key: str = "cryptomus-key", **fields: Any) -> bytes:
    """A notice with its signature inside, written as PHP writes JSON."""
    data = {
        "type": "payment",
        "uuid": "62f88b36-a9d5-4fa6-aa26-e040c3dbf26d",
        "order_id": "PLG-0",
        "amount": "5.99000000",
        "payment_amount": "5.99",
        "payment_amount_usd": "5.99",
        "is_final": True,
        "status": "paid",
        "currency": "USD",
        "txid": None,
        "url": "https://pay.cryptomus.com/pay/1",
        "additional_data": "спасибо",
        **fields,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    sign = hashlib.md5(base64.b64encode(text.encode()) + key.encode(), usedforsecurity=False).hexdigest()
    return json.dumps({**data, "sign": sign}).encode()


class FakePaymentApis:
    """Stripe's and Cryptomus' calls that make a payment page; `made` has what was asked."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.url = "https://pay.example.org/1"

    def app(self) -> web.Application:
        """Both under one server."""
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._stripe)
        app.router.add_post("/v1/payment", self._cryptomus)
        return app

    async def _stripe(self, request: web.Request) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        if request.headers.get("Authorization") != "Bearer sk_test_1" or form.get("mode") != "payment":
            return web.json_response({"error": {"type": "invalid_request_error"}}, status=401)
        self.made.append({**form, "key": request.headers["Idempotency-Key"]})
        return web.json_response({"id": "cs_test_1", "object": "checkout.session", "url": self.url})

    async def _cryptomus(self, request: web.Request) -> web.Response:
        body = await request.read()
        sign = hashlib.md5(base64.b64encode(body) + b"cryptomus-key", usedforsecurity=False).hexdigest()
        if (request.headers.get("merchant"), request.headers.get("sign")) != (CRYPTOMUS["cryptomus_merchant"], sign):
            return web.json_response({"state": 1, "message": "Invalid sign"}, status=401)
        asked = json.loads(body)
        self.made.append(asked)
        result = {"uuid": "62f88b36-a9d5-4fa6-aa26-e040c3dbf26d", "order_id": asked["order_id"], "url": self.url}
        return web.json_response({"state": 0, "result": result})

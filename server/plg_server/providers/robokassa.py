"""Robokassa: a signed link to its page, and a signed notice (ResultURL) afterwards.

Signatures are hashes over values joined by colons with a password at the end: number 1 signs what we ask, number 2 what it tells
(docs.robokassa.ru, "Payment interface" and "ResultURL"). The hash is the one chosen in the shop's settings.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from plg_server.billing_config import BillingConfig
from plg_server.services.money import BadAmount, to_minor, to_text
from plg_server.services.payment_facts import FactKind, Notice, Noticed, NoticeRefused, Order, PaymentFact

MAX_FIELDS = 64
"""It sends about a dozen."""


class Robokassa:
    """A PaymentProvider. It has no notice of refunds: those are marked by the operator."""

    name = "robokassa"
    currencies = ("RUB",)
    code_in_comment = False
    checkout_lifetime = timedelta(days=3)
    """Its notices are repeated for a day and carry no time of their own."""

    def __init__(self, config: BillingConfig) -> None:
        self._login = config.robokassa_login or ""
        self._password_1 = config.robokassa_password_1 or ""
        self._password_2 = config.robokassa_password_2 or ""
        self._hash = config.robokassa_hash
        self._page = config.robokassa_page
        self._is_test = config.robokassa_test == "on"

    async def link(self, order: Order) -> str:
        """The page with everything in its address; nothing is asked of Robokassa before."""
        amount = to_text(order.amount_minor)
        fields = {
            "MerchantLogin": self._login,
            "OutSum": amount,
            "InvId": str(order.number),
            "Description": f"PLG {order.plan_name} {order.code}",
            "SignatureValue": self._sign(self._login, amount, str(order.number), self._password_1),
            "Encoding": "utf-8",
        }
        if self._is_test:
            fields["IsTest"] = "1"
        return f"{self._page}?{urlencode(fields)}"

    def read_notice(self, notice: Notice, now: datetime) -> Noticed:
        """A paid invoice. Asked for a test payment while tests are off, it is refused: anybody who knows a test password could."""
        fields = self._fields(notice)
        amount, number = fields.get("OutSum", ""), fields.get("InvId", "")
        extra = sorted(f"{name}={value}" for name, value in fields.items() if name.lower().startswith("shp_"))
        right = self._sign(amount, number, self._password_2, *extra)
        if not hmac.compare_digest(right.encode(), fields.get("SignatureValue", "").lower().encode()):
            raise NoticeRefused("wrong signature")
        if fields.get("IsTest") == "1" and not self._is_test:
            raise NoticeRefused("a test payment")
        try:
            amount_minor = to_minor(amount)
        except BadAmount as error:
            raise NoticeRefused(str(error)) from None
        if not (number.isascii() and number.isdigit() and 0 < int(number[:20]) < 2**63):
            raise NoticeRefused("no invoice number")
        fact = PaymentFact(
            provider=self.name,
            external_id=str(int(number)),
            kind=FactKind.PAID,
            amount_minor=amount_minor,
            currency=self.currencies[0],
            at=now,
            number=int(number),
        )
        return Noticed((fact,), answer=f"OK{number}")

    def _fields(self, notice: Notice) -> dict[str, str]:
        try:
            pairs = parse_qsl(notice.body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except ValueError:
            raise NoticeRefused("not a form") from None
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise NoticeRefused("a field stands there twice")
        return fields

    def _sign(self, *parts: str) -> str:
        return hashlib.new(self._hash, ":".join(parts).encode()).hexdigest()

"""Setting out to pay: the price is fixed, the payment gets a name, and the provider says where to go."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from plg.contract import billing as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, timestamp, utc_now
from plg_server.models.payments import Checkout, Payment
from plg_server.problems import ApiError
from plg_server.services.codes import random_text
from plg_server.services.money import less_percent, to_text
from plg_server.services.payment_facts import Order, PaymentProvider, ProviderUnavailable
from plg_server.services.plans import price_of
from plg_server.services.subscriptions import Clock, Subscriptions, best_discount

CODE_CHARS = 8
"""40 bits. It is no secret: whoever hits another one's code pays for them."""

NUMBER_LIMIT = 2**53
"""Whole numbers up to here are the same in every language that a provider may be written in."""

CHECKOUTS_A_DAY = 30
"""Of one account: more than anybody changes their mind, and too few to fill a table."""

PROVIDER_RETRY_S = 30.0

WAITING_SHOWN = 3
"""Of payments that were begun: whoever began more changed their mind."""


LONGEST_LINK_CHARS = 2048
"""As the column has it; a longer link is shown when it is made, and not again."""


@dataclass(frozen=True)
class OwnCheckout:
    """A checkout as its owner comes back to it: `link` is empty where it is not known any more, `payment_id` once it was paid."""

    checkout: contract.Checkout
    is_paid: bool
    is_over: bool
    payment_id: str | None


class Checkouts:
    """Every method needs an active database."""

    def __init__(
        self, subscriptions: Subscriptions, providers: Mapping[str, PaymentProvider], clock: Clock = utc_now
    ) -> None:
        self._subscriptions = subscriptions
        self._providers = providers
        self._clock = clock

    def offers(self) -> list[contract.ProviderOffer]:
        """The ways to pay here."""
        return [
            contract.ProviderOffer(name=one.name, currencies=list(one.currencies)) for one in self._providers.values()
        ]

    async def start(self, account_id: str, request: contract.CheckoutRequest) -> contract.Checkout:
        """A link to pay at.

        Raises ApiError `billing_off`, `provider_not_found`, `plan_not_found`, `rate_limited` or `provider_unavailable`.
        """
        self._subscriptions.refuse_when_off()
        provider = self._providers.get(request.provider)
        currency = request.currency or (provider.currencies[0] if provider else "")
        if provider is None or currency not in provider.currencies:
            offered = ", ".join(f"{one.name} ({', '.join(one.currencies)})" for one in self._providers.values())
            raise ApiError(
                ErrorCode.PROVIDER_NOT_FOUND,
                f"this server does not take payments that way; it takes: {offered or 'none'}",
                nearest=list(self._providers)[:5],
            )
        plan, amount_minor = await price_of(request.plan, currency)
        now = self._clock()
        recent = await Checkout.filter(account_id=account_id, created_at__gt=now - timedelta(days=1)).count()
        if recent >= CHECKOUTS_A_DAY:
            raise ApiError(ErrorCode.RATE_LIMITED, "too many payments begun today", retry_after_s=3600.0)
        discount = await best_discount(account_id)
        checkout = await Checkout.create(
            id=new_id(),
            account_id=account_id,
            provider=provider.name,
            code=f"PLG-{random_text(CODE_CHARS)}",
            number=secrets.randbelow(NUMBER_LIMIT - 1) + 1,
            plan_name=plan.id,
            days=plan.days,
            max_sessions=plan.max_sessions,
            currency=currency,
            amount_minor=less_percent(amount_minor, discount.percent) if discount else amount_minor,
            code_use_id=discount.id if discount else None,
            created_at=now,
            expires_at=now + provider.checkout_lifetime,
        )
        try:
            link = await provider.link(order_of(checkout))
        except ProviderUnavailable as error:
            structlog.get_logger().error("provider_unavailable", provider=provider.name, reason=str(error))
            # Nobody has the link: there is nothing that a payment could come for.
            await checkout.delete()
            raise ApiError(
                ErrorCode.PROVIDER_UNAVAILABLE,
                f"{provider.name} does not answer; nothing was paid",
                retry_after_s=PROVIDER_RETRY_S,
            ) from None
        if len(link) <= LONGEST_LINK_CHARS:
            await Checkout.filter(id=checkout.id).update(link=link)
        return self._described(checkout, link)

    async def own(self, account_id: str, checkout_id: str) -> OwnCheckout:
        """One that this account began. Raises ApiError `not_found` for everything else."""
        row = await Checkout.get_or_none(id=checkout_id, account_id=account_id)
        if row is None:
            raise ApiError(ErrorCode.NOT_FOUND, "this account began no such payment")
        paid = await Payment.filter(checkout_id=row.id, account_id=account_id).order_by("seen_at").first()
        return OwnCheckout(
            self._described(row, row.link),
            is_paid=row.state == "paid",
            is_over=row.expires_at <= self._clock(),
            payment_id=None if paid is None else paid.id,
        )

    async def waiting(self, account_id: str) -> list[contract.Checkout]:
        """The account's own that may still be paid, newest first."""
        rows = Checkout.filter(account_id=account_id, state="open", expires_at__gt=self._clock()).exclude(link="")
        return [
            self._described(row, row.link) for row in await rows.order_by("-created_at", "-id").limit(WAITING_SHOWN)
        ]

    def _described(self, row: Checkout, link: str) -> contract.Checkout:
        provider = self._providers.get(row.provider)
        return contract.Checkout(
            id=row.id,
            provider=row.provider,
            plan=row.plan_name,
            currency=row.currency,
            amount=to_text(row.amount_minor),
            link=link,
            code=row.code,
            code_in_comment=provider is not None and provider.code_in_comment,
            expires_at=timestamp(row.expires_at),
        )


def order_of(checkout: Checkout) -> Order:
    """What a provider needs to know of it."""
    return Order(
        checkout.code,
        checkout.number,
        checkout.plan_name,
        checkout.amount_minor,
        checkout.currency,
        checkout.expires_at,
    )

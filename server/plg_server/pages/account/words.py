"""Names of plans, ways to pay, states and scopes in the visitor's language. What we do not know is shown as it is called."""

from collections.abc import Mapping

from plg.contract.api_tokens import Scope
from plg_server.pages.language import N_, translated
from plg_server.services.game_catalog import GameCatalog

PLANS = {
    "free": N_("Free"),
    "trial": N_("Trial"),
    "monthly": N_("One month"),
    "quarterly": N_("Three months"),
    "yearly": N_("One year"),
}

PROVIDERS = {
    "stripe": N_("Card (Stripe)"),
    "robokassa": N_("Card or SBP (Robokassa)"),
    "cryptomus": N_("Cryptocurrency (Cryptomus)"),
    "donatepay": N_("Donation (DonatePay)"),
}

PAYMENT_STATES = {
    "credited": N_("Paid"),
    "unmatched": N_("With the operator"),
    "refunded": N_("Paid back"),
    "charged_back": N_("Charged back"),
    "dismissed": N_("Not for a plan"),
}

SUBSCRIPTION_STATES = {
    "self_hosted": N_("Everything included"),
    "none": N_("No plan"),
    "trial": N_("Trial"),
    "active": N_("Active"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Ended"),
}

SOURCES = {
    "trial": N_("Trial"),
    "payment": N_("Payment"),
    "promo": N_("Promo code"),
    "gift": N_("Gift"),
    "referral": N_("A friend"),
    "operator": N_("Operator"),
    "outcome_fair": N_("A day without a gain, given back"),
}

VERDICTS = {
    "improved": N_("Better with PLG"),
    "no_difference": N_("No difference"),
    "worse": N_("Worse with PLG"),
}

ROLES = {"exit": N_("Exit"), "transit": N_("Transit"), "standby": N_("Standby")}

MODES = {
    "off": N_("One way"),
    "redundant": N_("Copies on two ways"),
    "adaptive": N_("Copies when packets get lost"),
}

SCOPES: dict[str, str] = {
    Scope.READ: N_("Read: account, sessions, benchmarks"),
    Scope.CONNECT: N_("Connect: start and stop sessions"),
    Scope.BILLING: N_("Billing: plan, payments, codes"),
    Scope.ADMIN_READ: N_("Operating: read"),
    Scope.ADMIN_WRITE: N_("Operating: change"),
}

REMOVED = {
    "sessions": N_("sessions"),
    "sign_ins": N_("sign-ins"),
    "refresh_tokens": N_("tokens of sign-ins"),
    "browser_sessions": N_("browsers"),
    "api_tokens": N_("API tokens"),
    "benchmarks": N_("benchmarks"),
    "checkouts": N_("payments that were begun and not paid"),
    "outbox_mails": N_("e-mails"),
    "mail_codes": N_("codes of e-mails"),
    "telegram_links": N_("Telegram chats"),
    "second_factors": N_("second factors"),
    "recovery_codes": N_("recovery codes"),
    "leg_findings": N_("findings about routes"),
    "referral_codes": N_("codes for friends"),
}

TABLES: Mapping[str, Mapping[str, str]] = {
    "plan": PLANS,
    "provider": PROVIDERS,
    "payment": PAYMENT_STATES,
    "subscription": SUBSCRIPTION_STATES,
    "source": SOURCES,
    "verdict": VERDICTS,
    "role": ROLES,
    "mode": MODES,
    "scope": SCOPES,
    "removed": REMOVED,
}


class Words:
    """What templates of the cabinet call things."""

    def __init__(self, language: str, catalog: GameCatalog) -> None:
        self._language = language
        self._catalog = catalog

    def __call__(self, table: str, name: str | None) -> str:
        """A name of one of the TABLES; the name itself when it is not there."""
        return translated(self._language, TABLES[table].get(name or "", name or ""))

    def game(self, slug: str) -> str:
        """A game's name; its slug when it was taken out of the catalogue."""
        profile = self._catalog.find(slug)
        return slug if profile is None else profile.detail.name

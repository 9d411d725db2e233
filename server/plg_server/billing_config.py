"""What an operator may set about plans and money; `config` reads these keys beside its own.

A provider is offered when its keys are set. Half of them would sell what cannot be credited, so that is refused at the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from urllib.parse import urlsplit

import msgspec


class BillingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Plans and money. A key of None means that the provider is not used."""

    billing: str
    billing_return_url: str | None
    billing_outcome_fair: bool
    billing_seller: str | None
    donatepay_key: str | None
    donatepay_page: str | None
    donatepay_api: str
    donatepay_currency: str
    donatepay_webhook_secret: str | None
    robokassa_login: str | None
    robokassa_password_1: str | None
    robokassa_password_2: str | None
    robokassa_hash: str
    robokassa_page: str
    robokassa_test: str
    stripe_key: str | None
    stripe_webhook_secret: str | None
    stripe_api: str
    cryptomus_merchant: str | None
    cryptomus_key: str | None
    cryptomus_api: str

    @property
    def on(self) -> bool:
        """Whether a session needs a plan of the account's own."""
        return self.billing == "on"

    @property
    def outcome_fair(self) -> bool:
        """Whether a paid day on which nothing was gained is given back."""
        return self.on and self.billing_outcome_fair


@dataclass(frozen=True)
class BillingSetting:
    """One key: a text, unless its default is true or false."""

    default: str | bool | None
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False


def _one_of(*names: str) -> Callable[[object], bool]:
    return lambda value: value in names


def _text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 255 and value.isprintable() and value.isascii()


def _name(value: object) -> bool:
    """A name in any language."""
    return isinstance(value, str) and 1 <= len(value) <= 255 and value.isprintable()


def _web_address(value: object) -> bool:
    """An address that people or keys are sent to: plain http only on this machine (a test, or a proxy beside us)."""
    try:
        parts = urlsplit(str(value))
        _port = parts.port
    except ValueError:
        return False
    is_near = parts.hostname in ("127.0.0.1", "::1", "localhost")
    return _text(value) and (parts.scheme == "https" or (parts.scheme == "http" and is_near)) and bool(parts.hostname)


def _page(value: object) -> bool:
    """A link with places for what is known of the payment."""
    try:
        places = [(name, spec, how) for _, name, spec, how in Formatter().parse(str(value)) if name is not None]
    except ValueError:
        return False
    # Nothing but the two names: a format text can reach into what it is given.
    if any(name not in ("code", "amount") or spec or how for name, spec, how in places):
        return False
    return _web_address(str(value).format(code="PLG-0", amount="1.00"))


_ADDRESS = "https://HOST/..."
_SECRET = BillingSetting(None, "1 to 255 characters, kept secret", _text, secret=True)
_OFF_ON = ("off", "on")

BILLING_SETTINGS: dict[str, BillingSetting] = {
    "billing": BillingSetting("off", "off (everybody may play) or on (a plan is needed)", _one_of(*_OFF_ON)),
    "billing_return_url": BillingSetting(None, _ADDRESS, _web_address),
    "billing_outcome_fair": BillingSetting(False, "true (a paid day without a measured gain is given back) or false", lambda value: isinstance(value, bool)),
    "billing_seller": BillingSetting(None, "who sells, for receipts: 1 to 255 characters", _name),
    "donatepay_key": _SECRET,
    "donatepay_page": BillingSetting(None, f"{_ADDRESS}, where {{code}} and {{amount}} may stand", _page),
    "donatepay_api": BillingSetting("https://donatepay.ru/api/v1", _ADDRESS, _web_address),
    "donatepay_currency": BillingSetting("RUB", "RUB, EUR or USD", _one_of("RUB", "EUR", "USD")),
    "donatepay_webhook_secret": _SECRET,
    "robokassa_login": BillingSetting(None, "the shop's identifier", _text),
    "robokassa_password_1": _SECRET,
    "robokassa_password_2": _SECRET,
    "robokassa_hash": BillingSetting("sha256", "sha256, sha384, sha512 or md5", _one_of("sha256", "sha384", "sha512", "md5")),
    "robokassa_page": BillingSetting("https://auth.robokassa.ru/Merchant/Index.aspx", _ADDRESS, _web_address),
    "robokassa_test": BillingSetting("off", "off or on", _one_of(*_OFF_ON)),
    "stripe_key": _SECRET,
    "stripe_webhook_secret": _SECRET,
    "stripe_api": BillingSetting("https://api.stripe.com", _ADDRESS, _web_address),
    "cryptomus_merchant": BillingSetting(None, "the merchant's identifier", _text),
    "cryptomus_key": _SECRET,
    "cryptomus_api": BillingSetting("https://api.cryptomus.com", _ADDRESS, _web_address),
}  # fmt: skip

TOGETHER: dict[str, tuple[str, ...]] = {
    "donatepay": ("donatepay_key", "donatepay_page"),
    "robokassa": ("robokassa_login", "robokassa_password_1", "robokassa_password_2"),
    "stripe": ("stripe_key", "stripe_webhook_secret", "billing_return_url"),
    "cryptomus": ("cryptomus_merchant", "cryptomus_key"),
}
"""What each provider needs; the first key alone says that it is wanted."""


def missing_setting(values: Mapping[str, object]) -> str | None:
    """One line about a provider that is set up by half, or None."""
    for provider, (wanted, *others) in TOGETHER.items():
        own = [key for key in others if key.startswith(provider)]
        if values[wanted] is None and not any(values[key] is not None for key in own):
            continue
        for key in (wanted, *others):
            if values[key] is None:
                return f"{key} is missing: {provider} needs {', '.join((wanted, *others))}"
    return None

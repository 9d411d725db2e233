"""What an operator sets about money: a provider wholly or not at all, keys never shown."""

import pytest

from plg_server.billing_config import BILLING_SETTINGS, TOGETHER
from plg_server.config import ConfigError, load_config, shown_config
from support.billing_world import DONATEPAY
from support.payment_signers import CRYPTOMUS, ROBOKASSA, STRIPE

WHOLE = {"donatepay": DONATEPAY, "robokassa": ROBOKASSA, "stripe": STRIPE, "cryptomus": CRYPTOMUS}


def test_billing_is_off_until_it_is_switched_on() -> None:
    assert not load_config(None, {}).billing.on
    assert load_config(None, {"PLG_SERVER_BILLING": "on"}).billing.on
    with pytest.raises(ConfigError, match=r"billing = .* must be off"):
        load_config(None, {"PLG_SERVER_BILLING": "maybe"})


def test_days_without_a_gain_are_given_back_only_where_something_is_sold_and_it_is_switched_on() -> None:
    assert not load_config(None, {"PLG_SERVER_BILLING": "on"}).billing.outcome_fair
    assert not load_config(None, {}, {"billing_outcome_fair": True}).billing.outcome_fair
    both = {"PLG_SERVER_BILLING": "on", "PLG_SERVER_BILLING_OUTCOME_FAIR": "true"}
    assert load_config(None, both).billing.outcome_fair
    with pytest.raises(ConfigError, match=r"billing_outcome_fair = .* must be true"):
        load_config(None, {"PLG_SERVER_BILLING_OUTCOME_FAIR": "sometimes"})


@pytest.mark.parametrize(("provider", "key"), [(provider, key) for provider, keys in TOGETHER.items() for key in keys])
def test_half_a_provider_is_refused_with_what_is_missing(provider: str, key: str) -> None:
    settings = {name: value for name, value in WHOLE[provider].items() if name != key}
    with pytest.raises(ConfigError, match=f"{key} is missing: {provider} needs"):
        load_config(None, {}, settings)
    load_config(None, {}, WHOLE[provider])


def test_keys_are_shown_to_nobody() -> None:
    shown = shown_config(load_config(None, {}, {**DONATEPAY, **ROBOKASSA, **STRIPE, **CRYPTOMUS}))
    for key, setting in BILLING_SETTINGS.items():
        if setting.secret:
            assert shown[key] == "***", key
    assert shown["robokassa_login"] == "plg"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("donatepay_page", "https://x.example/{nothing}"),
        ("donatepay_page", "https://x.example/{code.__class__}"),
        ("donatepay_page", "javascript:alert(1)"),
        ("stripe_api", "http://api.stripe.com"),
        ("robokassa_hash", "crc32"),
        ("donatepay_currency", "GBP"),
        ("stripe_key", "line\nbreak"),
        ("billing_seller", "two\nlines"),
    ],
)
def test_what_cannot_be_is_refused(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} = .*is not allowed"):
        load_config(None, {}, {key: value})

"""What every payment provider has in common."""

import aiohttp
import pytest

from plg_server.billing_config import TOGETHER
from plg_server.billing_network import notified_providers, polled_providers
from plg_server.config import load_config
from plg_server.services.money import CURRENCIES
from plg_server.services.payment_facts import Notice, NoticeRefused, ProviderUnavailable
from support.billing_world import DONATEPAY, MovingClock
from support.payment_signers import CRYPTOMUS, ROBOKASSA, STRIPE


async def test_providers_are_called_as_their_settings_take_known_money_and_believe_nothing_unsigned() -> None:
    config = load_config(None, {}, {"billing": "on", **DONATEPAY, **ROBOKASSA, **STRIPE, **CRYPTOMUS})
    async with aiohttp.ClientSession() as http:
        providers = {**polled_providers(config.billing, http), **notified_providers(config, http)}
        assert set(providers) == set(TOGETHER)
        for name, provider in providers.items():
            assert provider.name == name
            assert set(provider.currencies) <= set(CURRENCIES)
            for body in (b"", b"{}", b"null", b"sign=0", b"\x00" * 100):
                with pytest.raises(NoticeRefused):
                    provider.read_notice(Notice(body, {}), MovingClock()())


def test_a_provider_that_is_away_may_say_for_how_long() -> None:
    assert (ProviderUnavailable("HTTP 500").wait_s, ProviderUnavailable("asked too often", 60).wait_s) == (0, 60)

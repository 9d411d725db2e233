"""Calls to providers: bounded, and their failures name no address."""

import pytest

from plg_server.providers.http_calls import exchange, provider_http
from plg_server.services.payment_facts import ProviderUnavailable


async def test_a_provider_that_is_not_there_is_told_without_its_address() -> None:
    async with provider_http() as http:
        with pytest.raises(ProviderUnavailable) as refused:
            await exchange(http, "GET", "http://127.0.0.1:9/secret", query={"access_token": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None

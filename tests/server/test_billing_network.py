"""What of plans and money exists in which configuration."""

from plg_server import app_keys
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, billing_world
from support.payment_signers import CRYPTOMUS, ROBOKASSA, STRIPE


async def test_providers_exist_when_they_are_set_up_and_billing_is_on(start_server: StartServer) -> None:
    keys = {**DONATEPAY, **ROBOKASSA, **STRIPE, **CRYPTOMUS}
    for settings, names in (
        ({**keys}, ["donatepay", "robokassa", "stripe", "cryptomus"]),
        ({**STRIPE}, ["stripe"]),
        ({}, []),
        ({**keys, "billing": "off"}, []),
    ):
        world = await billing_world(start_server, {}, **settings)
        providers = world.api.app[app_keys.PROVIDERS]
        assert [*providers] == names

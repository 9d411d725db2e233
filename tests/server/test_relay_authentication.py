"""The header that signs relays in."""

from plg_server.relay_authentication import KEY_LIMIT_CHARS, relay_authenticators
from plg_server.routes import Auth
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay


def test_relays_are_the_only_kind_of_caller_here() -> None:
    assert relay_authenticators().keys() == {Auth.RELAY}


async def test_a_players_token_does_not_open_what_is_for_relays_nor_the_other_way_round(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()

    assert (await api.get("/v1/relays/profiles", access)).code == "token_missing"
    assert (await api.get("/v1/me", headers=relay.headers)).code == "token_missing"
    assert len(relay.headers["X-Relay-Key"]) < KEY_LIMIT_CHARS

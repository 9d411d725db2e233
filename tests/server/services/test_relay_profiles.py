"""What relays are told: addresses never to be reached, and who has lost the right to play."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

from plg.protocol.destination import Address
from plg_server import app_keys
from plg_server.config import load_config
from plg_server.ids import utc_now
from plg_server.models.sessions import Session
from plg_server.services.relay_profiles import OwnAddresses
from plg_server.services.session_grants import SKEW
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay


class OneName:
    """A resolver that counts its questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def addresses(self, name: str) -> list[Address]:
        self.asked.append(name)
        if name == "gone.example":
            raise OSError
        return [ip_address("9.9.9.1"), ip_address("10.0.0.1")]


async def test_relays_and_the_server_itself_are_never_to_be_reached_through_a_relay(api: ApiDriver) -> None:
    resolver = OneName()
    config = load_config(None, {}, {"data_dir": "/nonexistent", "public_url": "https://plg.example"})
    own = OwnAddresses(config, resolver)
    for host in ("9.9.9.5", "10.0.0.9", "gone.example", "2620:fe::9"):
        await enrolled_relay(api, host, host=host, beat=False)

    with api.app[app_keys.DATABASE].active():
        networks = await own.networks()
        await own.networks()

    assert set(networks) == {ip_network("9.9.9.5/32"), ip_network("9.9.9.1/32"), ip_network("2620:fe::9/128")}
    assert sorted(resolver.asked) == ["gone.example", "plg.example"]


async def test_a_revocation_is_told_until_the_ticket_has_expired_everywhere(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = (await api.post("/v1/sessions", {"game": "cs2"}, access)).json
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)

    for left, told in ((timedelta(seconds=5), [grant["cid"]]), (-SKEW - timedelta(seconds=1), [])):
        with api.app[app_keys.DATABASE].active():
            await Session.all().update(expires_at=utc_now() + left)
        assert (await relay.beat())["revoked_cids"] == told


async def test_each_relay_hears_of_its_own_sessions_only(api: ApiDriver) -> None:
    one = await enrolled_relay(api, "one")
    two = await enrolled_relay(api, "two", host="9.9.9.10")
    access = await api.signed_in()
    body = {"game": "cs2", "node_id": one.identity.node_id, "standby": False}
    grant = (await api.post("/v1/sessions", body, access)).json
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)

    assert (await two.beat())["revoked_cids"] == []
    assert (await one.beat())["revoked_cids"] == [grant["cid"]]

"""/status.json over HTTP."""

import json

from support.api_driver import ApiDriver
from support.json_documents import check_document
from support.member_relay import enrolled_relay


async def test_anybody_may_read_it_from_any_origin_and_caches_may_keep_it_for_seconds(api: ApiDriver) -> None:
    relay = await enrolled_relay(api, beat=False)
    await relay.beat(sessions=25, web_ping_url="https://relay1.example:8444/ping")
    reply = await api.call("GET", "/status.json", headers={"Origin": "https://elsewhere.example"})
    assert reply.status == 200
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cache-Control"] == "public, max-age=15"
    page = check_document(reply.json)
    assert page["state"] == "up"
    (shown,) = page["relays"]
    assert (shown["name"], shown["load_percent"], shown["web_ping_url"]) == (
        "Frankfurt 1",
        25.0,
        "https://relay1.example:8444/ping",
    )
    assert (await api.get("/v1/nodes")).json["nodes"][0]["web_ping_url"] == shown["web_ping_url"]


async def test_it_tells_nothing_that_players_may_not_know(api: ApiDriver) -> None:
    await enrolled_relay(api, control_url="http://10.1.2.3:8443")
    text = json.dumps((await api.get("/status.json")).json)
    for private in ("9.9.9.9", "10.1.2.3", "control", "sessions", "region", "cost", "key"):
        assert private not in text


async def test_a_relay_cannot_send_browsers_to_an_address_of_another_form(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    for wrong in (
        "ftp://relay.example/ping",
        "https://relay.example/",
        "https://relay.example/ping?x",
        "https://user@relay.example/ping",
        "https://relay.example;script-src *//ping",
        "https://relay.example:0/ping",
        "https://[::1]/ping",
        "javascript:alert(1)",
        "https://relay.example/ping\n",
        "https://" + "a" * 300 + "/ping",
    ):
        assert (await relay.try_beat(web_ping_url=wrong)).code == "invalid_body", wrong
    assert (await relay.try_beat(web_ping_url=None)).status == 200

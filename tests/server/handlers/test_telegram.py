"""/v1/me/telegram"""

from plg_server import app_keys
from plg_server.services import telegram_links
from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_a_chat_is_linked_seen_exported_and_parted_by_its_owner_only(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False, telegram_bot_name="plg_test_bot")
    ann, bob = await signed_in_as(api), await signed_in_as(api)
    nothing = {"bot": "plg_test_bot", "linked_at": None, "language": None, "reminders": False, "blocked": False}
    assert (await api.get("/v1/me/telegram", ann.access_token)).json == nothing

    made = (await api.post("/v1/me/telegram", None, ann.access_token)).json
    assert made["link"] == f"https://t.me/plg_test_bot?start={made['code']}"
    with api.app[app_keys.DATABASE].active():
        await telegram_links.link(made["code"], 42, "ru", api.app[app_keys.CLOCK]())
    shown = (await api.get("/v1/me/telegram", ann.access_token)).json
    assert (shown["language"], shown["reminders"], shown["linked_at"] is None) == ("ru", True, False)
    export = (await api.get("/v1/me/export", ann.access_token)).json
    assert export["telegram"]["chat_id"] == 42

    assert (await api.call("DELETE", "/v1/me/telegram", bob.access_token)).status == 204
    assert (await api.get("/v1/me/telegram", ann.access_token)).json == shown
    for _ in range(2):
        assert (await api.call("DELETE", "/v1/me/telegram", ann.access_token)).status == 204
    assert (await api.get("/v1/me/telegram", ann.access_token)).json == nothing


async def test_a_server_without_a_bot_says_so(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await signed_in_as(api)
    reply = await api.post("/v1/me/telegram", None, ann.access_token)
    assert (reply.status, reply.code) == (409, "telegram_off")
    assert (await api.get("/v1/me/telegram", ann.access_token)).json["bot"] is None

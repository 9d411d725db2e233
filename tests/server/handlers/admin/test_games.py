"""/v1/admin/games: who may do what, and what is refused at the edge."""

from typing import Any

from plg.contract.admin_games import MAX_TOML_CHARS
from support.api_driver import StartServer
from support.callers import signed_in_as

FILE = {"toml": '[[game]]\nslug = "cs2"\nname = "CS"\n'}


async def test_support_reads_admins_act_and_players_see_nothing(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    calls = [
        ("GET", "", None, 200), ("GET", "/cs2", None, 200), ("GET", "/export?slug=cs2", None, 200),
        ("POST", "/validate", FILE, 200), ("POST", "/diff", FILE, 200), ("POST", "/import", FILE, 403),
        ("POST", "/import", {**FILE, "dry_run": True}, 403), ("PATCH", "/cs2", {"unset": ["notes"]}, 403),
        ("POST", "/reset", {"name": "cs2"}, 403), ("DELETE", "/cs2", None, 403),
    ]  # fmt: skip
    for role, allowed in (("support", True), ("player", False)):
        caller = await signed_in_as(api, role)
        for method, path, body, expected in calls:
            options: dict[str, Any] = {} if body is None else {"json": body}
            reply = await api.call(method, f"/v1/admin/games{path}", headers=caller.headers, **options)
            assert reply.status == (expected if allowed else 403), (role, method, path, reply.text)
    assert (await api.get("/v1/games/cs2")).json["name"] != "CS"


async def test_a_file_that_is_too_long_or_a_name_that_cannot_be_is_refused(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    boss = await signed_in_as(api, "admin")
    long = {"toml": "#" * (MAX_TOML_CHARS + 1)}
    assert (await api.post("/v1/admin/games/import", long, boss.access_token)).code == "invalid_body"
    assert (await api.post("/v1/admin/games/import", {"toml": ""}, boss.access_token)).code == "invalid_body"
    wrong = {"kind": "table", "name": "x"}
    assert (await api.post("/v1/admin/games/reset", wrong, boss.access_token)).code == "invalid_body"
    assert (await api.get("/v1/admin/games/no-such-game", boss.access_token)).code == "game_not_found"
    edit = await api.call("PATCH", "/v1/admin/games/No%20Game", json={"unset": ["notes"]}, headers=boss.headers)
    assert edit.code == "game_not_found"

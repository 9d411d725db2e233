"""`plg admin tokens`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_server import Operated, operated_server
from support.small_fleet import call, enrol


def api_token(server: Operated, who: str, name: str, *scopes: str) -> tuple[str, str]:
    """An API token of somebody: its id, and the token."""
    headers = {"Authorization": f"Bearer {server.people[who].token}"}
    made = call(server, "/v1/me/tokens", {"name": name, "scopes": [*scopes]}, headers)
    return made["api_token"]["id"], made["token"]


def test_a_token_is_found_shown_and_revoked(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss, player = server.environ(), server.people["player"]
        assert "No token fits." in plg("admin", "tokens", "list", **boss).err
        token_id, token = api_token(server, "player", "stream-pc", "read", "connect")
        api_token(server, "support", "watcher", "admin_read")
        used = plg("admin", "nodes", "create", "Oslo 1", **boss).out.strip()
        relay = enrol(server, used)
        pending = plg("admin", "nodes", "create", "Rome 1", **boss).out.strip()

        listed = plg("admin", "tokens", "list", **boss)
        for word in (token_id, "stream-pc", player.email, "read connect", "Oslo 1", "operator", "pending", "never"):
            assert word in listed.out
        for secret in (token, used, pending):
            assert secret not in listed.out
        mine = plg("admin", "tokens", "list", "--account", player.email, "--state", "active", "--json", **boss)
        assert [one["id"] for one in mine.document()["tokens"]] == [token_id]
        operators = plg("admin", "tokens", "list", "--kind", "operator", "--json", **server.environ("support"))
        assert [one["name"] for one in operators.document()["tokens"]] == ["watcher"]
        assert "1 to 1 of 4" in plg("admin", "tokens", "list", "--limit", "1", **boss).err
        (waits,) = plg("admin", "tokens", "list", "--state", "pending", "--json", **boss).document()["tokens"]
        (came,) = plg("admin", "tokens", "list", "--state", "used", "--json", **boss).document()["tokens"]
        assert (waits["name"], came["node_id"]) == ("Rome 1", relay.node_id)
        assert f"Oslo 1 ({relay.node_id})" in plg("admin", "tokens", "show", came["id"], **boss).out
        assert "read connect" in plg("admin", "tokens", "show", token_id, **boss).out
        assert plg("admin", "tokens", "show", token_id, "--json", **boss).document()["token"]["name"] == "stream-pc"

        assert "would be revoked" in plg("admin", "tokens", "revoke", token_id, "--dry-run", **boss).out
        assert plg("admin", "tokens", "revoke", token_id, **boss).code == 2
        helper = plg("admin", "tokens", "revoke", token_id, "--yes", "--json", **server.environ("support"))
        assert helper.error()["code"] == "forbidden"
        ended = plg("admin", "tokens", "revoke", token_id, "--reason", "leaked", "--yes", "--json", **boss).document()
        assert (ended["changed"], ended["token"]["state"]) == (True, "revoked")
        assert "is revoked." in plg("admin", "tokens", "revoke", waits["id"], "--yes", **boss).out
        assert "revoked" in plg("admin", "tokens", "show", waits["id"], **boss).out
        late = plg("admin", "tokens", "revoke", came["id"], "--yes", **boss)
        assert ("opens nothing already: used" in late.out, relay.node_id in late.err) == (True, True)
        again = plg("admin", "tokens", "revoke", token_id, "--yes", "--lang", "ru", **boss)
        assert "и так ничего не открывает: отозван" in again.out

        for path in ("0" * 16, "../users", "plgr_x"):
            missing = plg("admin", "tokens", "show", path, "--json", **boss)
            assert (missing.code, missing.error()["code"]) == (1, "not_found")
        for wrong in (("--kind", "api"), ("--state", "dead"), ("--limit", "500")):
            assert plg("admin", "tokens", "list", *wrong, **boss).code == 2

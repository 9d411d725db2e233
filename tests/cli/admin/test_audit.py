"""`plg admin audit`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_server import operated_server


def test_what_was_done_is_listed_with_who_did_it(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss, player = server.environ(), server.people["player"]
        nothing = plg("admin", "audit", **boss)
        assert (nothing.code, nothing.out) == (0, "")
        assert plg("admin", "users", "ban", player.email, "--reason", "cheats", "--yes", **boss).code == 0
        assert plg("server", "create-admin", player.email, **boss).code == 0
        shown = plg("admin", "audit", "--since", "1h", **boss)
        first, second = shown.out.splitlines()[1:]
        assert "operator at the machine" in first
        assert all(
            part in second for part in ("admin@example.org", "users.ban", f"account:{player.account_id}", "cheats")
        )
        assert "cheats" not in plg("admin", "audit", "--actor", "machine", **boss).out
        subject = f"account:{player.account_id}"
        page = plg("admin", "audit", "--subject", subject, "--act", "users.ban", "--json", **server.environ("support"))
        document = page.document()
        assert (document["schema"], document["total"]) == ("plg.admin_audit/1", 1)
        assert plg("admin", "audit", "--until", "2020-01-01", "--json", **boss).document()["total"] == 0
        assert "1 to 1 of 2" in plg("admin", "audit", "--limit", "1", **boss).err


def test_a_time_that_is_none_is_a_usage_error(plg: Inside) -> None:
    done = plg("admin", "audit", "--since", "yesterday", PLG_SERVER="http://127.0.0.1:9")
    assert (done.code, done.out) == (2, "")
    assert "--since takes" in done.err

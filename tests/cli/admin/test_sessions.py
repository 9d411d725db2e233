"""`plg admin sessions`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_server import operated_server
from support.small_fleet import enrol, play


def test_a_session_is_found_shown_and_ended(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss, player = server.environ(), server.people["player"]
        assert "No session fits." in plg("admin", "sessions", "list", **boss).err
        relay = enrol(server, plg("admin", "nodes", "create", "Oslo", **boss).out.strip())
        session = play(server)

        listed = plg("admin", "sessions", "list", "--active", "--relay", "oslo", "--since", "1h", **boss)
        assert session in listed.out
        assert player.email in listed.out
        found = plg(
            "admin", "sessions", "list", "--account", player.email, "--game", "cs2", "--json", **boss
        ).document()
        assert [one["session_id"] for one in found["sessions"]] == [session]
        assert plg("admin", "sessions", "list", "--ended", "--json", **boss).document()["total"] == 0
        shown = plg("admin", "sessions", "show", session, **boss)
        assert "the only relay that is free" in shown.out
        assert plg("admin", "sessions", "show", session, "--json", **boss).document()["session"]["game"] == "cs2"

        dry = plg("admin", "sessions", "kill", session, "--dry-run", **boss)
        assert "would end, at Oslo" in dry.out
        assert plg("admin", "sessions", "kill", session, **boss).code == 2
        assert plg("admin", "sessions", "kill", session, "--yes", "--json", **server.environ("support")).code == 1
        done = plg("admin", "sessions", "kill", session, "--reason", "abuse", "--yes", "--json", **boss).document()
        assert (done["changed"], done["session"]["state"]) == (True, "ended")
        assert relay.beat()["revoked_cids"]
        again = plg("admin", "sessions", "kill", session, "--yes", "--lang", "ru", **boss)
        assert "уже завершён" in again.out
        for path in ("0" * 16, "../users"):
            missing = plg("admin", "sessions", "show", path, "--json", **boss)
            assert (missing.code, missing.error()["code"]) in ((8, "session_not_found"), (1, "session_not_found"))
        assert plg("admin", "sessions", "list", "--since", "yesterday", **boss).code == 2

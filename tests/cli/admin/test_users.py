"""`plg admin users`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_server import operated_server


def test_from_finding_somebody_over_a_ban_to_another_role(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss, player = server.environ(), server.people["player"]
        listed = plg("admin", "users", "list", **boss)
        assert listed.code == 0, listed.err
        assert [line.split()[0] for line in listed.out.splitlines()[1:]] == [
            "player@example.org", "support@example.org", "admin@example.org"
        ]  # fmt: skip
        paged = plg("admin", "users", "list", "--sort", "email", "--limit", "1", "--offset", "1", **boss)
        assert "player@example.org" in paged.out
        assert "More: --offset 2" in paged.err
        found = plg("admin", "users", "list", "--search", player.account_id, "--json", **boss).document()
        assert (found["total"], found["users"][0]["email"]) == (1, player.email)

        dry = plg("admin", "users", "ban", player.email, "--reason", "cheats", "--dry-run", **boss)
        assert "banned (cheats); 1 sign-in ends" in dry.out
        assert "dry run" in dry.err
        asked = plg("admin", "users", "ban", player.email, "--reason", "cheats", **boss)
        assert (asked.code, asked.out) == (2, "")
        assert "--yes" in asked.err
        assert plg("whoami", **server.environ("player")).code == 0
        done = plg("admin", "users", "ban", player.email, "--reason", "cheats", "--yes", "--json", **boss).document()
        assert (done["change"]["changed"], done["change"]["sign_ins_ended"]) == (True, 1)
        assert plg("whoami", **server.environ("player")).code == 4
        shown = plg("admin", "users", "show", player.account_id, **boss)
        assert "Banned since" in shown.out
        assert "cheats" in shown.out
        assert plg("admin", "users", "list", "--banned", "--json", **boss).document()["total"] == 1
        assert plg("admin", "users", "list", "--not-banned", "--json", **boss).document()["total"] == 2

        assert "not banned" in plg("admin", "users", "unban", player.email, **boss).out
        assert "support" in plg("admin", "users", "role", player.email, "support", "--yes", **boss).out
        again = plg("admin", "users", "role", player.email, "support", "--yes", **boss)
        assert "nothing to change" in again.err
        out = plg("admin", "users", "sign-out", "support@example.org", "--yes", "--lang", "ru", **boss)
        assert (out.code, "support@example.org" in out.out) == (0, True)
        detail = plg("admin", "users", "show", player.email, "--json", **boss).document()["detail"]
        assert (detail["user"]["role"], detail["sign_ins"][0]["ended_because"]) == ("support", "banned")

        acts = plg("admin", "audit", "--act", "users.", "--json", **boss).document()["entries"]
        assert [entry["act"] for entry in acts] == ["users.sign_out", "users.role", "users.unban", "users.ban"]


def test_what_cannot_be_is_refused_with_a_line_and_the_right_code(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss = server.environ()
        last = plg("admin", "users", "role", "admin@example.org", "player", "--yes", **boss)
        assert (last.code, "last admin" in last.err) == (1, True)
        nobody = plg("admin", "users", "show", "nobody@example.org", "--json", **boss)
        assert (nobody.code, nobody.error()["code"]) == (8, "user_not_found")
        unknown = plg("admin", "users", "show", "0" * 16, "--json", **boss)
        assert (unknown.code, unknown.error()["code"]) == (8, "user_not_found")
        odd = plg("admin", "users", "show", "../audit?x", **boss)
        assert odd.code == 8
        for wrong in (
            ["list", "--role", "god"],
            ["list", "--sort", "password"],
            ["role", "a@b.c", "god"],
            ["ban", "x"],
        ):
            assert plg("admin", "users", *wrong, **boss).code == 2, wrong
        helper = plg(
            "admin", "users", "ban", "player@example.org", "--reason", "x", "--yes", **server.environ("support")
        )
        assert (helper.code, "admin" in helper.err) == (1, True)
        player = plg("admin", "users", "list", "--json", **server.environ("player"))
        assert (player.code, player.error()["code"]) == (1, "forbidden")

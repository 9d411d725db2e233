"""`plg account tokens`, and commands that use one."""

import io
import sys
from pathlib import Path

import pytest

from support.inside import Inside
from support.selling_server import selling_server


def test_a_token_is_made_used_by_commands_stored_and_revoked(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with selling_server(tmp_path / "server") as seller:
        assert plg("account", "tokens", "list", **seller.environ).out == "No API tokens.\n"
        made = plg("account", "tokens", "create", "stream-pc", "--scope", "read", "--days", "30", **seller.environ)
        token = made.out.strip()
        assert (made.code, token[:4]) == (0, "plg_")
        assert "not shown again" in made.err
        with_token = {"PLG_SERVER": seller.url, "PLG_TOKEN": token}
        assert "ann@example.org" in plg("whoami", **with_token).out
        refused = plg("plan", "trial", "--json", **with_token)
        assert (refused.code, refused.error()["code"]) == (1, "scope_missing")
        assert "billing" in refused.error()["message"]

        listed = plg("account", "tokens", "list", "--json", **seller.environ).document()["tokens"]
        assert [(one["name"], one["scopes"], one["prefix"]) for one in listed] == [("stream-pc", ["read"], token[:10])]
        assert "stream-pc" in plg("account", "tokens", "list", "--lang", "ru", **seller.environ).out

        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
        assert plg("login", "--token-stdin", PLG_SERVER=seller.url).code == 0
        assert "ann@example.org" in plg("whoami", PLG_SERVER=seller.url).out
        revoked = plg("account", "tokens", "revoke", listed[0]["id"], "--json", **seller.environ).document()
        assert revoked["id"] == listed[0]["id"]
        over = plg("whoami", "--json", PLG_SERVER=seller.url)
        assert (over.code, over.error()["code"]) == (4, "not_logged_in")
        assert plg("logout", PLG_SERVER=seller.url).err == ""  # there is no sign-in to end at the server
        assert plg("account", "tokens", "revoke", "none", **seller.environ).code == 1


def test_what_is_no_scope_and_no_token_is_refused_before_the_server_is_asked(
    plg: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = plg("account", "tokens", "create", "x", "--scope", "conect", "--json", PLG_SERVER="http://127.0.0.1:1")
    assert (done.code, done.error()["nearest"]) == (2, ["connect"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("a JWT\n"))
    stored = plg("login", "--token-stdin", "--json", PLG_SERVER="http://127.0.0.1:1")
    assert (stored.code, "no API token" in stored.error()["message"]) == (2, True)

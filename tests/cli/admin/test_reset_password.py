"""`plg admin reset-password`: on the server's machine, beside the running server."""

import io
import sys
from pathlib import Path

import pytest

from support.inside import Inside
from support.operated_server import operated_server

PASSWORD = "another horse battery"


def test_the_account_has_the_new_password_is_signed_out_and_it_is_recorded(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with operated_server(tmp_path / "server") as server:
        player = server.environ("player")
        assert plg("whoami", **player).code == 0
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        done = plg("admin", "reset-password", "Player@Example.org", "--password-stdin", "--json", **player)
        assert done.document()["sign_ins_ended"] == 1
        assert plg("whoami", **player).code == 4
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        url = {"PLG_SERVER": server.url, "PLG_KEYRING": "off"}
        logged_in = plg("login", "--email", "player@example.org", "--password-stdin", **url)
        assert logged_in.code == 0, logged_in.err
        (entry,) = plg("admin", "audit", "--actor", "machine", "--json", **server.environ()).document()["entries"]
        assert (entry["act"], entry["details"]["sign_ins"]) == ("users.reset_password", 1)
        assert PASSWORD not in str(entry)


def test_an_unknown_account_or_a_bad_password_is_refused_before_anything_changes(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"PLG_SERVER_DATA_DIR": str(tmp_path / "server")}
    unknown = plg("admin", "reset-password", "nobody@example.org", "--password-stdin", "--json", **environ)
    assert (unknown.code, unknown.error()["code"]) == (8, "user_not_found")
    assert plg("admin", "reset-password", "nobody", **environ).code == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\nshort\n"))
    assert plg("server", "create-admin", "boss@example.org", "--password-stdin", **environ).code == 0
    short = plg("admin", "reset-password", "boss@example.org", "--password-stdin", **environ)
    assert (short.code, "10 to 256" in short.err) == (2, True)

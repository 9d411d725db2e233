"""`plg account delete`, against a real server."""

import io
import sys
from pathlib import Path

import pytest

from support.inside import Inside
from support.selling_server import PASSWORD, selling_server


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))


def test_trying_out_being_sure_and_going(plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with selling_server(tmp_path / "server", billing="off") as seller:
        server = {"PLG_SERVER": seller.url}
        typed(PASSWORD, monkeypatch)
        assert plg("login", "--email", "ann@example.org", "--password-stdin", **server).code == 0
        typed(PASSWORD, monkeypatch)
        tried = plg("account", "delete", "--dry-run", "--password-stdin", **server)
        assert (tried.code, tried.out.splitlines()) == (
            0,
            ["The account would be deleted. It would lose:", "  sign_ins: 2"],
        )
        typed(PASSWORD, monkeypatch)
        unsure = plg("account", "delete", "--password-stdin", "--json", **server)
        assert (unsure.code, unsure.error()["next_step"]) == (2, "give --yes")
        typed("wrong password", monkeypatch)
        wrong = plg("account", "delete", "--yes", "--password-stdin", **server)
        assert ("the password is wrong" in wrong.err, plg("whoami", **server).code) == (True, 0)

        typed(PASSWORD, monkeypatch)
        done = plg("account", "delete", "--yes", "--password-stdin", "--json", **server).document()
        assert (done["deletion"]["dry_run"], done["deletion"]["removed"]) == (False, {"sign_ins": 2})
        assert "not logged in" in plg("whoami", **server).err  # the tokens on this machine went too
        typed(PASSWORD, monkeypatch)
        assert plg("login", "--email", "ann@example.org", "--password-stdin", **server).code == 4


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_who_says_no_keeps_the_account(plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{PASSWORD}\nno\n"))
    done = plg("account", "delete", "--password-stdin", PLG_SERVER="http://127.0.0.1:1", PLG_TOKEN="x")
    assert (done.code, "nothing was changed" in done.err) == (1, True)

"""`plg login`, against the real server."""

import io
import sys
from pathlib import Path

import pytest

from support.inside import Inside
from support.local_server import real_server, serving

PASSWORD = "correct horse battery"
LINE = ("login", "--email", "ann@example.org", "--password-stdin")


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))


def test_logging_in_again_after_logging_out(plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        typed(PASSWORD, monkeypatch)
        plg("register", *LINE[1:], PLG_SERVER=url)
        plg("logout", PLG_SERVER=url)
        assert plg("whoami", PLG_SERVER=url).code == 4

        typed("wrong password", monkeypatch)
        refused = plg(*LINE, "--json", PLG_SERVER=url)
        assert (refused.code, refused.error()["code"]) == (4, "bad_credentials")

        typed(PASSWORD, monkeypatch)
        done = plg(*LINE, PLG_SERVER=url)
        assert (done.code, done.err) == (0, f"Logged in at {url} as ann@example.org.\n")
        assert plg("whoami", PLG_SERVER=url).code == 0


def test_a_damaged_token_file_is_mended_by_logging_in(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = plg.home / "credentials" / "tokens.json"
    with serving(real_server(tmp_path / "server")) as url:
        typed(PASSWORD, monkeypatch)
        plg("register", *LINE[1:], PLG_SERVER=url)
        tokens.write_text("{ damaged")
        broken = plg("whoami", "--json", PLG_SERVER=url)
        assert (broken.code, broken.error()["code"], broken.error()["next_step"]) == (
            10,
            "token_file_corrupt",
            "run: plg login",
        )
        assert str(tokens) in broken.error()["message"]
        tokens.write_text("{ damaged again")
        typed(PASSWORD, monkeypatch)
        done = plg(*LINE, PLG_SERVER=url)
        assert done.code == 0
        assert "was damaged" in done.err
        assert plg("whoami", PLG_SERVER=url).code == 0
    assert {path.read_text() for path in tokens.parent.glob("*.corrupt*")} == {"{ damaged", "{ damaged again"}


def test_a_server_out_of_reach_has_its_number_and_stores_nothing(plg: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(PASSWORD, monkeypatch)
    done = plg(*LINE, "--server", "http://127.0.0.1:1")
    assert (done.code, "nothing listens there" in done.err) == (7, True)
    assert not (plg.home / "credentials" / "tokens.json").exists()


def test_a_token_in_the_environment_is_pointed_out(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        typed(PASSWORD, monkeypatch)
        plg("register", *LINE[1:], PLG_SERVER=url)
        typed(PASSWORD, monkeypatch)
        assert "PLG_TOKEN is set" in plg(*LINE, PLG_SERVER=url, PLG_TOKEN="abc").err

"""`plg register`, against the real server."""

import io
import sys
from pathlib import Path

import pytest

from support.inside import Inside
from support.local_server import real_server, serving

PASSWORD = "correct horse battery"


@pytest.fixture
def piped_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


def test_a_new_account_is_logged_in(plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))
        line = ("register", "--email", "ann@example.org", "--name", "Ann", "--password-stdin", "--json")
        document = plg(*line, PLG_SERVER=url).document()
        assert document["schema"] == "plg.account/1"
        assert (document["account"]["email"], document["account"]["display_name"]) == ("ann@example.org", "Ann")
        assert (document["token_store"], document["server"]) == ("file", url)
        assert plg("whoami", PLG_SERVER=url).code == 0
        again = plg(*line, PLG_SERVER=url)
        assert (again.code, again.error()["code"], again.error()["next_step"]) == (1, "email_taken", "run: plg login")
    assert (plg.home / "credentials" / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_short_password_is_refused_before_the_server_is_asked(plg: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    done = plg("register", "--email", "ann@example.org", "--password-stdin", PLG_SERVER="http://127.0.0.1:1")
    assert (done.code, "at least 10 characters" in done.err) == (2, True)


@pytest.mark.usefixtures("piped_password")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--password-stdin"], "give --email"),
        (["--email", "ann", "--password-stdin"], "'ann' is no e-mail address"),
        (["--email", "ann@example.org"], "give --password-stdin"),
    ],
)
def test_what_is_missing_is_named_where_nobody_can_be_asked(plg: Inside, line: list[str], said: str) -> None:
    done = plg("register", *line, PLG_SERVER="http://127.0.0.1:1")
    assert (done.code, said in done.err) == (2, True)

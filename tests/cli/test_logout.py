"""`plg logout`: the tokens go, whatever the server says."""

from pathlib import Path

from aiohttp import web

from plg.api.token_store import Keeping, SignIn, TokenStore, token_directory
from support.contract_bodies import token_pair
from support.inside import Inside
from support.local_server import Script, problem_answer, serving


def sign_in_at(plg: Inside, server: str) -> TokenStore:
    store = TokenStore(token_directory(plg.home), keeping=Keeping.FILE, notify=lambda notice: None)
    with store.lock():
        store.save(server, SignIn(email="ann@example.org", tokens=token_pair()))
    return store


def test_it_ends_the_login_here_and_there_and_twice_is_no_error(plg: Inside) -> None:
    script = Script({"POST /v1/auth/logout": [web.Response(status=204)]})
    with serving(script.app()) as url:
        store = sign_in_at(plg, url)
        first, second = plg("logout", PLG_SERVER=url), plg("logout", PLG_SERVER=url, PLG_TOKEN="abc")
    assert (first.code, first.out) == (0, f"Logged out of {url}.\n")
    assert (second.code, second.out) == (0, f"Was not logged in at {url}.\n")
    assert "PLG_TOKEN is set" in second.err
    assert [seen.body for seen in script.seen] == [b'{"refresh_token":"refresh-token-number-0001"}']
    assert store.load(url) is None


def test_the_tokens_go_when_the_server_is_out_of_reach(plg: Inside) -> None:
    store = sign_in_at(plg, "http://127.0.0.1:1")
    done = plg("logout", "--json", PLG_SERVER="http://127.0.0.1:1")
    assert done.code == 0
    assert done.document() == {"schema": "plg.signed_out/1", "signed_out": True, "server": "http://127.0.0.1:1"}
    assert '"event":"server_not_told"' in done.err
    assert store.load("http://127.0.0.1:1") is None


def test_a_login_that_the_server_has_forgotten_is_no_error(plg: Inside) -> None:
    script = Script({"POST /v1/auth/logout": [problem_answer(401, "token_invalid")]})
    with serving(script.app()) as url:
        sign_in_at(plg, url)
        done = plg("logout", PLG_SERVER=url)
    assert (done.code, done.err) == (0, "")


def test_a_damaged_file_is_kept_aside(plg: Inside, tmp_path: Path) -> None:
    store = sign_in_at(plg, "http://127.0.0.1:1")
    store.path.write_text("{")
    done = plg("logout", PLG_SERVER="http://127.0.0.1:1")
    assert done.code == 0
    assert "was damaged" in done.err
    assert store.path.with_name("tokens.json.corrupt").read_text() == "{"

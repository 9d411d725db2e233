"""`plg whoami`."""

import msgspec

from plg.api.token_store import Keeping, SignIn, TokenStore, token_directory
from support.contract_bodies import account, token_pair
from support.inside import Inside
from support.local_server import Script, json_answer, problem_answer, serving


def test_the_account_of_a_token_in_the_environment(plg: Inside) -> None:
    script = Script({"GET /v1/me": [json_answer(msgspec.json.encode(account()))]})
    with serving(script.app()) as url:
        document = plg("whoami", "--json", PLG_SERVER=url, PLG_TOKEN="abc").document()
    assert (document["account"]["email"], document["token_store"]) == ("ann@example.org", "environment")
    assert script.seen[0].token == "abc"


def test_a_refused_token_of_the_environment_is_named(plg: Inside) -> None:
    with serving(Script({"GET /v1/me": [problem_answer(401, "token_expired")]}).app()) as url:
        done = plg("whoami", PLG_SERVER=url, PLG_TOKEN="abc")
    assert (done.code, "does not accept PLG_TOKEN" in done.err) == (4, True)


def test_without_a_login_the_next_step_is_to_log_in(plg: Inside) -> None:
    done = plg("whoami", PLG_SERVER="http://127.0.0.1:1")
    assert (done.code, done.out) == (4, "")
    assert "plg login" in done.err


def test_a_login_that_is_over_is_said_to_be(plg: Inside) -> None:
    script = Script(
        {
            "GET /v1/me": [problem_answer(401, "token_expired")],
            "POST /v1/auth/refresh": [problem_answer(401, "token_reused")],
        }
    )
    with serving(script.app()) as url:
        store = TokenStore(token_directory(plg.home), keeping=Keeping.FILE, notify=lambda notice: None)
        with store.lock():
            store.save(url, SignIn(email="ann@example.org", tokens=token_pair()))
        done = plg("whoami", PLG_SERVER=url)
    assert (done.code, "is over" in done.err) == (4, True)
    assert store.load(url) is None

"""What registering and logging in have in common."""

from pathlib import Path

import pytest

from plg.api.server_client import open_server
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.cli.cli_error import CliError
from plg.cli.signing_in import checked_email, device_name, end_quietly, show_signed_in, sign_in
from plg.contract.accounts import RegisterRequest
from support.contract_bodies import account, token_pair
from support.inside import invocation_at
from support.local_server import Script, problem_answer, real_server, serving

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("text", ["", "ann", "@example.org", "ann@", "a@b@c", "an n@example.org", "ann@exa\x1bmple.org", "a" * 250 + "@example.org"])  # fmt: skip
def test_what_is_no_address_is_refused_before_a_password_is_asked_for(text: str) -> None:
    with pytest.raises(CliError):
        checked_email(text)


def test_an_address_is_taken_as_it_is() -> None:
    assert checked_email("Ann+plg@example.org") == "Ann+plg@example.org"


def test_a_machine_has_a_name_that_fits() -> None:
    assert 0 < len(device_name()) <= 100


async def test_a_second_login_ends_the_first_at_the_server_too(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "c", keeping=Keeping.FILE, notify=lambda notice: None)
    with serving(real_server(tmp_path / "server")) as url:
        async with open_server(url) as client:
            await client.register(RegisterRequest(email="ann@example.org", password=PASSWORD))
            await sign_in(client, store, "ann@example.org", PASSWORD)
            first = store.load(url)
            await sign_in(client, store, "ann@example.org", PASSWORD)
            assert first is not None
            with pytest.raises(Exception, match="token_invalid"):
                await client.account_of(first.tokens.access_token)
            second = store.load(url)
            assert second is not None
            assert (await client.account_of(second.tokens.access_token)).email == "ann@example.org"


async def test_ending_a_sign_in_never_fails(tmp_path: Path) -> None:
    unknown = Script({"POST /v1/auth/logout": [problem_answer(401, "token_invalid")]})
    with serving(unknown.app()) as url:
        async with open_server(url) as client:
            assert await end_quietly(client, "x" * 30)
    broken = Script({"POST /v1/auth/logout": [problem_answer(503, "database_unavailable")]})
    with serving(broken.app()) as url:
        async with open_server(url) as client:
            assert not await end_quietly(client, "x" * 30)
    async with open_server(url) as client:
        assert not await end_quietly(client, "x" * 30)


def test_the_result_names_the_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SignIn(email="a", tokens=token_pair()).email == "a"
    show_signed_in(invocation_at(tmp_path), "http://x", account(), Keeping.KEYRING)
    captured = capsys.readouterr()
    assert captured.err == "Logged in at http://x as ann@example.org.\n"
    assert "in the system's keyring" in captured.out

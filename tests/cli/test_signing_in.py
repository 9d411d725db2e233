"""What registering and logging in have in common."""

import json
import socket
from pathlib import Path

import msgspec
import pytest

from plg.api.errors import ServerRefused
from plg.api.server_client import open_server
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.cli.cli_error import CliError
from plg.cli.signing_in import checked_email, device_name, end_quietly, keep_api_token, show_signed_in, sign_in
from plg.contract.accounts import RegisterRequest
from support.contract_bodies import account, token_pair
from support.inside import invocation_at
from support.local_server import Script, json_answer, problem_answer, real_server, serving

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("text", ["", "ann", "@example.org", "ann@", "a@b@c", "an n@example.org", "ann@exa\x1bmple.org", "a" * 250 + "@example.org"])  # fmt: skip
def test_what_is_no_address_is_refused_before_a_password_is_asked_for(text: str) -> None:
    with pytest.raises(CliError):
        checked_email(text)


def test_an_address_is_taken_as_it_is() -> None:
    assert checked_email("Ann+plg@example.org") == "Ann+plg@example.org"


def test_a_device_is_named_by_its_system_and_not_by_its_owner() -> None:
    assert device_name().startswith("plg on ")
    assert socket.gethostname() not in device_name()


def login_refusals(*codes: str) -> Script:
    """A server that refuses logging in so often, then takes it."""
    refused = [problem_answer(401, code) for code in codes]
    pair = json_answer(msgspec.json.encode(token_pair()))
    return Script(
        {
            "POST /v1/auth/login": [*refused, pair],
            "GET /v1/me": [json_answer(msgspec.json.encode(account()))],
        }
    )


async def signed_in(
    script: Script, tmp_path: Path, *typed: str, totp: str | None = None, ask: bool = True
) -> list[str]:
    """Log in with what a person types when asked; what the person was told each time."""
    store = TokenStore(tmp_path / "c", keeping=Keeping.FILE, notify=lambda notice: None)
    waiting, told = iter(typed), []

    def asked(wrong: str) -> str:
        told.append(wrong)
        return next(waiting)

    with serving(script.app()) as url:
        async with open_server(url) as client:
            await sign_in(client, store, "ann@example.org", PASSWORD, totp=totp, ask_code=asked if ask else None)
    return told


async def test_a_code_is_asked_for_and_again_when_it_was_wrong(tmp_path: Path) -> None:
    script = login_refusals("totp_needed", "totp_wrong")
    told = await signed_in(script, tmp_path, "111111", "222222")
    assert told == ["", "The code is wrong, or was used already."]
    sent = [json.loads(seen.body)["totp"] for seen in script.seen if seen.path.endswith("login")]
    assert sent == [None, "111111", "222222"]


@pytest.mark.parametrize(
    ("codes", "totp", "ask"),
    [
        (["totp_needed"], None, False),
        (["totp_wrong"], "111111", True),  # it came with the command: whoever wrote that must hear of it
        (["totp_needed", "totp_wrong", "totp_wrong", "totp_wrong"], None, True),
        (["bad_credentials"], None, True),
    ],
)
async def test_what_no_code_mends_is_told(codes: list[str], totp: str | None, ask: bool, tmp_path: Path) -> None:
    with pytest.raises(ServerRefused, match=codes[-1]):
        await signed_in(login_refusals(*codes), tmp_path, "1" * 6, "2" * 6, "3" * 6, totp=totp, ask=ask)


async def test_an_api_token_is_kept_and_never_sent_to_be_ended(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "c", keeping=Keeping.FILE, notify=lambda notice: None)
    script = login_refusals()
    with serving(script.app()) as url:
        async with open_server(url) as client:
            with pytest.raises(CliError, match="no API token"):
                await keep_api_token(client, store, "abc")
            await keep_api_token(client, store, "plg_abc")
            kept = store.load(url)
            assert kept is not None
            assert (kept.email, kept.tokens.access_token) == ("ann@example.org", "plg_abc")
            assert await end_quietly(client, kept.tokens.refresh_token)
    assert [(seen.path, seen.token) for seen in script.seen] == [("/v1/me", "plg_abc")]


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

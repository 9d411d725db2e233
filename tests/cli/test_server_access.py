"""The right sign-in for each server, and what the token store did in words."""

from pathlib import Path

import pytest

from plg.api.credentials import FixedToken, StoredSignIn
from plg.api.errors import NotSignedIn
from plg.api.token_store import CorruptFileSetAside, KeptInFileInstead, KeyringEntryLeft, RightsRepaired, StoreNotice
from plg.cli.server_access import anonymous_client, credentials, run_async, signed_client, tell_notice, token_store
from plg.cli.settings import server_address
from support.inside import invocation_at

SERVER = server_address("http://127.0.0.1:1", "")
FILE = Path("tokens.json")


def test_the_token_of_the_environment_goes_before_a_stored_login(tmp_path: Path) -> None:
    assert isinstance(credentials(invocation_at(tmp_path), SERVER), StoredSignIn)
    assert isinstance(credentials(invocation_at(tmp_path, PLG_TOKEN="abc"), SERVER), FixedToken)


def test_tokens_lie_in_a_directory_of_their_own(tmp_path: Path) -> None:
    assert token_store(invocation_at(tmp_path)).path == tmp_path / "credentials" / "tokens.json"


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        (RightsRepaired(FILE), "tokens.json was open to others"),
        (KeptInFileInstead(FILE, "locked"), "keyring did not take the login (locked)"),
        (CorruptFileSetAside(FILE, Path("kept")), "kept as kept"),
        (KeyringEntryLeft("http://x", "locked"), "entry for http://x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_notice_is_said_in_words(
    notice: StoreNotice, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_notice(invocation_at(tmp_path), notice)
    assert said in capsys.readouterr().err


def test_clients_know_their_server_and_sign_only_when_they_can(tmp_path: Path) -> None:
    async def work() -> tuple[str, str]:
        async with anonymous_client(SERVER) as nobody, signed_client(invocation_at(tmp_path), SERVER) as somebody:
            with pytest.raises(NotSignedIn):
                await somebody.account()
            return nobody.server, somebody.server

    assert run_async(work()) == (SERVER.url, SERVER.url)

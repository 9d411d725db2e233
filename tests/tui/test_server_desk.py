"""What the dashboard asks of a real server."""

from pathlib import Path

import pytest

from plg.api.account_mail_client import open_account_mail
from plg.cli.cli_error import CliError
from plg.cli.language import Language
from support.dashboard_pilot import dashboard_at
from support.server_process import ServerProcess


async def test_the_search_is_the_server_s(tmp_path: Path, server: ServerProcess) -> None:
    desk = dashboard_at(tmp_path, server=server.url).desk
    everything = await desk.games("  ", None)
    assert everything.total > 20
    assert (await desk.games("openarena", None)).games[0].slug == "openarena"
    assert {game.category for game in (await desk.games("", "fps")).games} == {"fps"}


async def test_a_login_is_kept_as_the_commands_keep_it(tmp_path: Path, server: ServerProcess) -> None:
    desk = dashboard_at(tmp_path, server=server.url).desk
    account = await desk.register("desk@example.org", "correct horse of the desk")
    assert account.email == "desk@example.org"
    again = dashboard_at(tmp_path, server=server.url).desk
    assert (await again.account()).email == "desk@example.org"


@pytest.mark.parametrize("language", list(Language))
async def test_a_new_account_gets_its_e_mails_in_the_language_of_the_screen(
    tmp_path: Path, server: ServerProcess, language: Language
) -> None:
    desk = dashboard_at(tmp_path, language=language, server=server.url).desk
    await desk.register(f"speaks-{language}@example.org", "correct horse of the desk")
    async with open_account_mail(server.url, desk._credentials()) as client:
        assert (await client.settings()).language == language.value


async def test_what_is_no_address_never_reaches_the_server(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="no e-mail address"):
        await dashboard_at(tmp_path).desk.register("nobody", "correct horse of the desk")

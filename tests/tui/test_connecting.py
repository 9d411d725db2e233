"""Starting a tunnel from the dashboard."""

import os
from pathlib import Path

from plg.cli.language import Language
from plg_tui.connecting import ConnectWish, connect_detached
from support.dashboard_pilot import dashboard_at
from support.server_process import ServerProcess
from support.talking_tunnel import talking_tunnel


def test_a_wish_is_a_command_line() -> None:
    assert ConnectWish("cs2").words() == ["--", "cs2"]
    wish = ConnectWish("-x", target="h:1", capture="proxy", force=True, mode="adaptive")
    assert wish.words() == ["--capture=proxy", "--mode=adaptive", "--target=h:1", "--force", "--", "-x"]


async def test_without_a_login_it_says_so_by_its_number(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, language=Language.RU, server=server.url)
    failed = await connect_detached(
        app.invocation, app.address, ConnectWish("openarena", target="127.0.0.5:9", capture="proxy")
    )
    assert failed is not None
    assert failed.needs_sign_in
    assert "plg login" in failed.text
    assert not failed.text.startswith("plg: ")


async def test_a_tunnel_that_runs_already_is_the_reason(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    with talking_tunnel(tmp_path / "run"):
        failed = await connect_detached(app.invocation, app.address, ConnectWish("openarena"))
    assert failed is not None
    assert (failed.exit_code, failed.needs_sign_in) == (9, False)
    assert os.linesep.join(failed.text.splitlines()[:1])

"""How the commands of `plg admin` reach the server: with PLG_TOKEN, or not at all."""

from pathlib import Path

import pytest

from plg.api.errors import NotSignedIn
from plg.cli.admin.access import admin_client
from plg.cli.server_access import run_async
from plg.contract.admin_stats import Stats
from support.inside import invocation_at


def test_without_a_sign_in_nothing_is_sent(tmp_path: Path) -> None:
    run = invocation_at(tmp_path, PLG_KEYRING="off")

    async def work() -> None:
        async with admin_client(run, run.server("http://127.0.0.1:9")) as client:
            await client.get("/stats", Stats)

    with pytest.raises(NotSignedIn):
        run_async(work())

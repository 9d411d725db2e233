"""The client of `plg account`."""

from pathlib import Path

from plg.cli.account.access import account_client
from support.inside import invocation_at
from support.local_server import Script, json_answer, serving


async def test_calls_carry_the_token_of_the_environment(tmp_path: Path) -> None:
    script = Script({"GET /v1/me/totp": [json_answer(b'{"on":false,"since":null,"recovery_codes_left":0}')]})
    with serving(script.app()) as url:
        run = invocation_at(tmp_path, PLG_SERVER=url, PLG_TOKEN="plg_token")
        address = run.server(None)
        async with account_client(run, address) as client:
            assert not (await client.totp_status()).on
    assert [(seen.path, seen.token) for seen in script.seen] == [("/v1/me/totp", "plg_token")]

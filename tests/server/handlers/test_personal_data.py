"""/v1/me/export and /v1/me/delete"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from plg.contract.account_safety import AccountExport
from plg_server.handlers import personal_data
from support.api_driver import PASSWORD, StartServer
from support.guarded_account import guarded_account


async def test_an_account_takes_its_data_along_and_goes(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    codes = await ann.turn_on()
    reply = await api.get("/v1/me/export", ann.token)
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    export = msgspec.json.decode(reply.text, type=AccountExport)
    assert (export.account.email, export.format, len(export.devices)) == (ann.email, "plg.account-export/1", 1)

    async def ask(**body: Any) -> Any:
        return await api.post("/v1/me/delete", {"password": PASSWORD, **body}, ann.token)

    assert (await ask(password="wrong", totp=codes[0])).code == "wrong_password"
    assert (await ask()).code == "totp_needed"
    assert (await ask(totp="000000", dry_run=True)).code == "totp_wrong"
    tried = (await ask(totp=codes[0], dry_run=True)).json
    assert (tried["dry_run"], tried["removed"]["sign_ins"]) == (True, 1)
    done = await ask(totp=codes[0])  # trying did not use it up
    assert (done.status, done.json["removed"]) == (200, tried["removed"])
    assert (await ann.sign_in(totp=codes[1])).code == "bad_credentials"
    assert (await ask(totp=codes[1])).code == "token_invalid"


async def test_an_export_that_fails_half_way_is_broken_off_and_cannot_pass_for_a_whole_one(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    async def half(*_arguments: object) -> AsyncIterator[bytes]:
        yield b"{"
        raise RuntimeError("the database went away")

    monkeypatch.setattr(personal_data, "export_parts", half)
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    with pytest.raises(aiohttp.ClientError):
        await api.get("/v1/me/export", ann.token)
    assert [entry["event"] for entry in logs if entry.get("log_level") == "error"] == ["export_broken_off"]

"""The export: whole, in order, in pieces, and without a secret."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from plg.contract.account_safety import AccountExport
from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.benchmarks import Benchmark
from plg_server.services import data_export
from plg_server.services.account_deletion import referring_tables
from plg_server.services.data_export import EXPORTED, LEFT_OUT, export_parts
from support.api_driver import StartServer
from support.callers import signed_in_as
from support.guarded_account import guarded_account


async def whole(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


async def test_long_lists_come_page_by_page_and_another_account_s_rows_never(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_export, "PAGE_ROWS", 2)
    api = await start_server(rate_limits_on=False)
    ann, bob = await signed_in_as(api), await signed_in_as(api)
    now = api.app[app_keys.CLOCK]()
    with api.app[app_keys.DATABASE].active():
        for number in range(5):
            await Benchmark.create(
                id=f"b{number}", account_id=ann.account_id, game=f"game-{number}", day="2026-11-22", mode="off",
                created_at=now - timedelta(days=number), method="end_to_end", blocks=1, seconds=1, verdict="improved",
                difference_ms=-3.5, ci_low_ms=-4, ci_high_ms=-3, confidence=0.95, direct_ms=9, boosted_ms=5.5,
                direct_loss_percent=0, boosted_loss_percent=0, arms="[]",
            )  # fmt: skip
        shown = [
            msgspec.json.decode(
                await whole(
                    export_parts(
                        account := await Account.get(id=one.account_id),
                        api.app[app_keys.ACCOUNTS].describe(account),
                        await api.app[app_keys.SECOND_FACTORS].status(one.account_id),
                        "",
                        now,
                    )
                ),
                type=AccountExport,
            )
            for one in (ann, bob)
        ]
    assert [one.game for one in shown[0].benchmarks] == [f"game-{number}" for number in (4, 3, 2, 1, 0)]
    assert (shown[1].benchmarks, shown[1].sessions, len(shown[1].devices)) == ([], [], 1)


async def test_no_secret_is_in_it(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    codes = await ann.turn_on()
    made = (await api.post("/v1/me/tokens", {"name": "ci", "scopes": ["read"]}, ann.token)).json
    reply = await api.get("/v1/me/export", ann.token)
    assert (reply.json["totp"]["on"], reply.json["api_tokens"][0]["id"]) == (True, made["api_token"]["id"])
    for secret in (*codes, made["token"], ann.token, "password", "hash", "sealed"):
        assert secret not in reply.text


async def test_no_table_that_knows_an_account_was_forgotten(start_server: StartServer) -> None:
    await start_server()  # tables know each other once a database is open
    referring = {model for model, _column in referring_tables()}
    assert set(EXPORTED) | set(LEFT_OUT) == referring
    assert not set(EXPORTED) & set(LEFT_OUT)

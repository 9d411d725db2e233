"""A new password: what the parts do; the way over HTTP and e-mail stands with the handlers."""

from pathlib import Path

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account, SignIn
from plg_server.models.mail import MailCode
from plg_server.problems import ApiError
from plg_server.services.password_reset import end_sign_ins, hashed
from plg_server.services.passwords import Passwords, PasswordsBusy
from support.mail_world import mail_world


async def test_sign_ins_end_once_and_one_may_be_spared(tmp_path: Path) -> None:
    async with mail_world(tmp_path) as world:
        for _ in range(3):
            await world.api.login() if world.sink.received else await world.player("player@example.org")
        with world.api.app[app_keys.DATABASE].active():
            account = await Account.get()
            spared = await SignIn.all().first()
            assert spared is not None
            assert await end_sign_ins(account.id, "test", utc_now(), but=spared.id) == 2
            assert await end_sign_ins(account.id, "test", utc_now()) == 1
            assert {row.ended_because for row in await SignIn.all()} == {"test"}


async def test_a_wrong_code_costs_no_password_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_world(tmp_path) as world:
        hashes: list[str] = []

        async def counted(_self: Passwords, password: str) -> str:
            hashes.append(password)
            return "x"

        monkeypatch.setattr(Passwords, "hash", counted)
        assert (await world.reset("AAAA-AAAA-AAAA-AAAA")).code == "code_refused"
        with world.api.app[app_keys.DATABASE].active():
            assert await MailCode.all().count() == 0
    assert hashes == []


async def test_too_many_at_once_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(_self: Passwords, _password: str) -> str:
        raise PasswordsBusy

    monkeypatch.setattr(Passwords, "hash", busy)
    passwords = Passwords(1)
    passwords.close()
    with pytest.raises(ApiError) as refusal:
        await hashed(passwords, "a good password")
    assert refusal.value.retry_after_s == 2.0

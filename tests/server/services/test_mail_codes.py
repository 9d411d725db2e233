"""One-time codes that go by e-mail, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from plg_server.config import load_config
from plg_server.database import open_database
from plg_server.models.accounts import Account
from plg_server.models.mail import MailCode
from plg_server.problems import ApiError
from plg_server.schema_migration import migrate
from plg_server.services.mail_codes import KEEP_ENDED, WRONG_TRIES, MailCodes, Purpose, plain, remove_ended

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
ANN = "a" * 16


@pytest.fixture
async def codes(tmp_path: Path, backend: dict[str, Any]) -> AsyncIterator[MailCodes]:
    """With one account in an active database."""
    config = load_config(None, {}, {"data_dir": str(tmp_path), **backend})
    await migrate(config)
    database = await open_database(config)
    with database.active():
        await Account.create(id=ANN, email="ann@example.org", display_name="A", password_hash="x", created_at=NOW)
        yield MailCodes(b"the server's key")
    await database.close()


async def test_of_many_that_use_a_code_at_once_one_succeeds(codes: MailCodes) -> None:
    fresh = await codes.make(ANN, Purpose.RESET, "ann@example.org", NOW)

    async def use(text: str) -> bool:
        try:
            async with in_transaction():
                await codes.use(Purpose.RESET, text, NOW)
        except ApiError:
            return False
        return True

    used = await asyncio.gather(*(use(text) for text in [fresh.text, fresh.link_token] * 5))
    assert used.count(True) == 1


async def test_many_guesses_at_once_have_no_more_tries_than_one_after_another(codes: MailCodes) -> None:
    fresh = await codes.make(ANN, Purpose.VERIFY, "ann@example.org", NOW)
    guesses = [codes.use_short(ANN, (Purpose.VERIFY,), f"AAAA-{n:04}", NOW) for n in range(WRONG_TRIES * 3)]
    assert await asyncio.gather(*guesses) == [None] * (WRONG_TRIES * 3)
    assert (await MailCode.get()).wrong_tries == WRONG_TRIES
    assert await codes.use_short(ANN, (Purpose.VERIFY,), fresh.text, NOW) is None


@pytest.mark.parametrize("backend", [{}], ids=["sqlite"])
class TestWithoutEngineMatters:
    async def test_a_short_code_is_of_its_account_and_purpose_only(self, codes: MailCodes) -> None:
        fresh = await codes.make(ANN, Purpose.VERIFY, "ann@example.org", NOW)
        assert await codes.use_short("b" * 16, (Purpose.VERIFY,), fresh.text, NOW) is None
        assert await codes.use_short(ANN, (Purpose.CHANGE_EMAIL,), fresh.text, NOW) is None
        with pytest.raises(ApiError):
            await codes.use(Purpose.VERIFY, fresh.text, NOW)  # without its account it cannot be looked up
        used = await codes.use_short(ANN, (Purpose.VERIFY, Purpose.CHANGE_EMAIL), fresh.text, NOW)
        assert used is not None
        assert used.address == "ann@example.org"

    async def test_a_new_short_code_ends_the_one_before_and_long_ones_stand_side_by_side(
        self, codes: MailCodes
    ) -> None:
        first, second = [await codes.make(ANN, Purpose.VERIFY, "ann@example.org", NOW) for _ in range(2)]
        assert await codes.use_short(ANN, (Purpose.VERIFY,), first.text, NOW) is None
        assert await codes.use_short(ANN, (Purpose.VERIFY,), second.text, NOW) is not None
        resets = [await codes.make(ANN, Purpose.RESET, "ann@example.org", NOW) for _ in range(2)]
        assert [(await codes.find(Purpose.RESET, one.text, NOW)).account_id for one in resets] == [ANN, ANN]
        await codes.end_all(ANN, NOW)
        with pytest.raises(ApiError):
            await codes.find(Purpose.RESET, resets[1].text, NOW)

    async def test_no_text_of_a_code_is_kept_and_another_key_knows_none(self, codes: MailCodes) -> None:
        fresh = await codes.make(ANN, Purpose.RESET, "ann@example.org", NOW)
        kept = " ".join(str(value) for row in await MailCode.all().values() for value in row.values())
        assert [text for text in (fresh.text, plain(fresh.text), fresh.link_token) if text in kept] == []
        with pytest.raises(ApiError):
            await MailCodes(b"another key").find(Purpose.RESET, fresh.text, NOW)

    async def test_ended_codes_are_deleted_after_a_day(self, codes: MailCodes) -> None:
        fresh = await codes.make(ANN, Purpose.UNDO_EMAIL, "ann@example.org", NOW)
        assert fresh.expires_at - NOW == timedelta(days=7)
        assert await codes.made_since(ANN, Purpose.UNDO_EMAIL, NOW - timedelta(hours=1)) == [NOW]
        assert await remove_ended(fresh.expires_at) == 0
        assert await remove_ended(fresh.expires_at + KEEP_ENDED + timedelta(seconds=1)) == 1


def test_letters_that_look_like_digits_are_read_as_those() -> None:
    assert plain("oO-iI lL z9") == "001111Z9"

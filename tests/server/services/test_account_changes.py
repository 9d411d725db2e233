"""What somebody changes about their account, where it depends on the engine; the rest stands with the handlers."""

import asyncio
from pathlib import Path
from typing import Any

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.mail import MailCode
from support.mail_world import mail_world

ANN, NEW, BOB = "ann@example.org", "new@example.org", "bob@example.org"


async def test_two_accounts_that_want_one_address_at_the_same_moment_one_gets_it(
    tmp_path: Path, backend: dict[str, Any]
) -> None:
    async with mail_world(tmp_path, **backend) as world:
        tokens = [await world.player(ANN), await world.player(BOB)]
        for token in tokens:
            assert (await world.change_email(token, NEW)).status == 202
        await world.mail(NEW, 2)
        mails = world.sink.to(NEW)
        # Which of the two e-mails is whose is not said in it: each account tries both.
        tries = [(token, mail.code) for token in tokens for mail in mails]
        replies = await asyncio.gather(*(world.verify(token, code) for token, code in tries))
        assert sorted({reply.status for reply in replies}) == [200, 404, 409]
        assert [reply.status for reply in replies].count(200) == 1
        with world.api.app[app_keys.DATABASE].active():
            assert await Account.filter(email=NEW).count() == 1
            # The other one's code was not used up by the refusal, and nothing else changed.
            assert await Account.filter(email__in=(ANN, BOB)).count() == 1
            assert await MailCode.filter(purpose="change_email", used_at=None).count() == 1

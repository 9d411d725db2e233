"""What the bot needs no more goes; what still keeps something from being said twice stays."""

from datetime import timedelta

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.telegram import RelayAlert, TelegramLinkCode, TelegramMessage
from plg_server.services.telegram_cleaning import forget_telegram
from support.operator_rows import account_row, node_row

DAY = timedelta(days=1)


async def test_ended_codes_old_messages_and_alerts_that_are_over_go(database: Database) -> None:
    now = utc_now()
    with database.active():
        account, node = await account_row("player@example.org", now), await node_row("Frankfurt 1", 1, now)
        for number, age in enumerate((2 * DAY, timedelta())):
            await TelegramLinkCode.create(
                id=str(number), account=account, code_hash=str(number), created_at=now - age, expires_at=now - age
            )
        for key, state, age in (("old", "sent", 91 * DAY), ("new", "sent", DAY), ("waits", "waiting", 91 * DAY)):
            await TelegramMessage.create(
                id=new_id(), account=account, key=key, kind="reminder", facts="{}", state=state,
                created_at=now - age, due_at=now, useless_at=now,
            )  # fmt: skip
        for ended in (now - 91 * DAY, None):
            await RelayAlert.create(id=new_id(), node=node, since=now, told_at=now, ended_at=ended)

        assert await forget_telegram(now) == 3
        assert [code.id for code in await TelegramLinkCode.all()] == ["1"]
        assert {row.key for row in await TelegramMessage.all()} == {"new", "waits"}
        assert [row.ended_at for row in await RelayAlert.all()] == [None]

"""An e-mail to the operator who asks for one."""

from pathlib import Path

import pytest

from plg_server.config import load_config
from plg_server.database import Database
from plg_server.ids import utc_now
from plg_server.models.audit import AuditEntry
from plg_server.models.mail import OutboxMail
from plg_server.problems import ApiError
from plg_server.services.audit import Actor
from plg_server.services.trial_mail import send_trial_mail
from support.operator_rows import account_row


async def test_it_waits_for_the_actors_own_address_and_is_in_the_audit_log(database: Database, tmp_path: Path) -> None:
    on = load_config(None, {}, {"data_dir": str(tmp_path), "mail_url": "smtp://127.0.0.1:9", "mail_from": "a@b.org"})
    off = load_config(None, {}, {"data_dir": str(tmp_path)})
    with database.active():
        account = await account_row("admin@example.org", utc_now(), role="admin")
        actor = Actor(account_id=account.id, role="admin", via="sign_in", request_id="r", address="127.0.0.1")
        with pytest.raises(ApiError, match="no e-mail"):
            await send_trial_mail(off, actor, utc_now())
        await send_trial_mail(on, actor, utc_now())
        assert [(mail.kind, mail.address) for mail in await OutboxMail.all()] == [("test", "admin@example.org")]
        assert [entry.act for entry in await AuditEntry.all()] == ["mail.test"]

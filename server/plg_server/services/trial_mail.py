"""An e-mail to the operator who asks for one: whether the mail server takes what this server sends."""

from datetime import datetime

from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import timestamp
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.audit import Actor, record
from plg_server.services.mail_kinds import MailKind


async def send_trial_mail(config: ServerConfig, actor: Actor, now: datetime) -> None:
    """Leave it in the outbox, for the actor's own address. Raises ApiError `mail_off`."""
    if not config.mail.on:
        raise ApiError(ErrorCode.MAIL_OFF, "this server sends no e-mail: set mail_url")
    async with in_transaction():
        account = await Account.get(id=actor.account_id)
        await outbox.put(MailKind.TEST, account, "", {"at": timestamp(now)}, now)
        await record(actor, "mail.test", f"account:{account.id}", {})

"""Sending what waits in the outbox, one after another, over one connection for each round."""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

import msgspec
import structlog

from plg_server.ids import utc_now
from plg_server.mail_config import MailConfig
from plg_server.metrics import Metrics
from plg_server.models.mail import OutboxMail
from plg_server.providers.smtp import SendFailed
from plg_server.services import outbox
from plg_server.services.mail_codes import remove_ended
from plg_server.services.mail_kinds import MailKind, mail_language
from plg_server.services.mail_texts import Undeliverable, compose, service_name, write
from plg_server.services.password_reset import PasswordReset

TICK_S = 3.0
"""How long a code waits at most before it sets out."""

ROUND_LIMIT = 200
"""E-mails of one round; then others of the same replica have their turn, and the figures are counted."""

FAILURES_IN_A_ROW = 3
"""After so many the mail server is away: the rest waits for the next round."""


class Sender(Protocol):
    """What hands e-mails to a mail server (`providers.smtp.SmtpSender`)."""

    async def send(self, message: EmailMessage) -> None:
        """Raises SendFailed."""

    async def close(self) -> None:
        """After a round."""


class OutboxSending:
    """`tick` is the work of one round; it needs an active database. `sender` None: no e-mail is sent, what waits is dropped."""

    def __init__(
        self,
        config: MailConfig,
        public_url: str | None,
        sender: Sender | None,
        reset: PasswordReset,
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._from = config.mail_from or ""
        self._service = service_name(self._from, public_url)
        self._sender = sender
        self._reset = reset
        self._metrics = metrics
        self._clock = clock

    async def tick(self) -> int:
        """Send what is due; gives how many e-mails were taken by the mail server."""
        sent = failures = 0
        try:
            for _ in range(ROUND_LIMIT):
                mail = await outbox.take(self._clock())
                if mail is None:
                    break
                outcome = await self._send(mail)
                self._metrics.mails.labels(str(mail.kind), outcome).inc()
                sent += outcome == "sent"
                failures = failures + 1 if outcome == "retry" else 0
                if failures >= FAILURES_IN_A_ROW:
                    break
        finally:
            if self._sender is not None:
                await self._sender.close()
        self._metrics.mails_waiting.set(await outbox.count("waiting"))
        self._metrics.mails_given_up.set(await outbox.count("given_up"))
        return sent

    async def clean(self) -> int:
        """Delete what ended long ago; gives how many rows went."""
        return await outbox.clean(self._clock()) + await remove_ended(self._clock())

    async def _send(self, mail: OutboxMail) -> str:
        """The outcome as the metrics call it: sent, stale, retry or given_up."""
        now = self._clock()
        if self._sender is None or mail.useless_at <= now:
            await outbox.mark_stale(mail, now)
            return "stale"
        facts = msgspec.json.decode(mail.facts, type=dict[str, str])
        if mail.kind == MailKind.RESET:
            found = await self._reset.facts_for(mail)
            if found is None:
                await outbox.mark_stale(mail, now)
                return "stale"
            facts = found
        try:
            await self._sender.send(self._message(mail, facts, now))
        except Undeliverable as fault:
            return await self._failed(mail, f"no e-mail can go to this address: {fault}", for_good=True)
        except SendFailed as failure:
            return await self._failed(mail, str(failure), for_good=failure.for_good)
        await outbox.mark_sent(mail, self._clock())
        return "sent"

    async def _failed(self, mail: OutboxMail, reason: str, *, for_good: bool) -> str:
        gave_up = await outbox.mark_failed(mail, reason, self._clock(), for_good=for_good)
        # No reason in the log: mail servers repeat the address in it. It stands in the row.
        structlog.get_logger().warning(
            "mail_given_up" if gave_up else "mail_not_sent", mail=mail.id, kind=str(mail.kind), tries=mail.tries
        )
        return "given_up" if gave_up else "retry"

    def _message(self, mail: OutboxMail, facts: dict[str, str], now: datetime) -> EmailMessage:
        language = mail_language(mail.language)
        letter = write(MailKind(mail.kind), language, facts, self._service)
        return compose(letter, language, facts, to=mail.address, sender=self._from, mail_id=mail.id, now=now)

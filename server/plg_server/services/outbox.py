"""E-mails that wait: put in with the change that they tell of, taken out one by one by whichever replica comes first.

A row is taken by one conditional UPDATE that moves `due_at` on by a lease, longer than any try may last: no two replicas try it at
the same moment, and one that crashed gives it back by itself. SMTP knows no undo: a replica that dies between the mail server's yes
and `mark_sent` leaves a row that is tried again, and that copy is the only one too many. Both carry the same Message-ID.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from tortoise.expressions import F

from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.mail import OutboxMail
from plg_server.services.mail_kinds import RULES, MailKind, mail_language

LEASE = timedelta(minutes=5)
"""How long a taken e-mail belongs to its replica. A try is broken off after a minute (`providers.smtp.SEND_LIMIT_S`)."""

RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""Pauses after failed tries; the last one again and again. Greylisting (RFC 6647) lets a second try through after minutes."""

MAX_TRIES = 12
"""Half a day of trying: who is away longer reads of it in the list of those given up."""

CLOCK_FAULT = timedelta(hours=2)
"""An e-mail that is due later than any pause of ours allows was put there by a clock that has been set back since."""

MAX_FACT_CHARS = 500
"""No fact of ours is longer than a link."""

KEEP_SENT = timedelta(days=30)
KEEP_GIVEN_UP = timedelta(days=90)
"""An operator has a season to look why."""

NO_FACTS = "{}"


async def put(
    kind: MailKind, to: Account | str, language: str, facts: Mapping[str, str], now: datetime | None = None
) -> str:
    """Leave an e-mail to be sent; gives its id. Call it inside the transaction of what it tells of.

    `to` is an account (its address as it is now, and with the account the e-mail goes) or an address of nobody's. `language` "" is
    the account's. `facts` are exactly those that `mail_kinds.RULES` names. Raises ValueError for facts that cannot be.
    An address that cannot be is found out when it is sent to: what puts the e-mail in must not fail for it.
    """
    rules = RULES[kind]
    if facts.keys() != rules.facts:
        raise ValueError(f"an e-mail of the kind {kind} needs {sorted(rules.facts)}, not {sorted(facts)}")
    if any(len(fact) > MAX_FACT_CHARS for fact in facts.values()):
        raise ValueError(f"a fact of an e-mail has at most {MAX_FACT_CHARS} characters")
    if isinstance(to, Account):
        return await put_for(kind, to.id, to.email, language or to.language, facts, now)
    return await put_for(kind, None, to, language, facts, now)


async def put_for(
    kind: MailKind,
    account_id: str | None,
    address: str,
    language: str,
    facts: Mapping[str, str],
    now: datetime | None = None,
) -> str:
    """As `put`, to another address than the account's own (the old or the new one of a change)."""
    moment = now or utc_now()
    row = await OutboxMail.create(
        id=new_id(),
        kind=kind,
        account_id=account_id,
        address=address,
        language=mail_language(language),
        facts=msgspec.json.encode(dict(facts)).decode(),
        created_at=moment,
        due_at=moment,
        useless_at=moment + RULES[kind].useful_for,
    )
    return row.id


async def take(now: datetime) -> OutboxMail | None:
    """The e-mail that has waited longest, taken for `LEASE`; None when none is due."""
    while True:
        row = await OutboxMail.filter(state="waiting", due_at__lte=now).order_by("due_at", "id").first()
        if row is None:
            return None
        # `tries` changes with each taking, so of several replicas that read the row one changes it.
        won = await OutboxMail.filter(id=row.id, state="waiting", tries=row.tries).update(
            due_at=now + LEASE, tries=F("tries") + 1
        )
        if won:
            row.tries += 1
            return row


async def mark_sent(mail: OutboxMail, now: datetime) -> None:
    """The mail server took it."""
    await _end(mail, "sent", "", now)


async def mark_failed(mail: OutboxMail, reason: str, now: datetime, *, for_good: bool) -> bool:
    """A try failed; `for_good` when no other can succeed. True when it was given up with that."""
    if for_good or mail.tries >= MAX_TRIES:
        await _end(mail, "given_up", reason, now)
        return True
    pause = RETRY_AFTER[min(mail.tries, len(RETRY_AFTER)) - 1]
    await OutboxMail.filter(id=mail.id, state="waiting").update(due_at=now + pause, last_error=reason[:200])
    return False


async def mark_stale(mail: OutboxMail, now: datetime) -> None:
    """It is of no use any more."""
    await _end(mail, "stale", mail.last_error, now)


async def clean(now: datetime) -> int:
    """Delete what ended long ago, and wake what a wrong clock put off; gives how many rows went."""
    await OutboxMail.filter(state="waiting", due_at__gt=now + CLOCK_FAULT).update(due_at=now)
    sent = await OutboxMail.filter(state__in=("sent", "stale"), created_at__lt=now - KEEP_SENT).delete()
    return sent + await OutboxMail.filter(state="given_up", created_at__lt=now - KEEP_GIVEN_UP).delete()


async def given_up(limit: int, offset: int = 0) -> list[OutboxMail]:
    """E-mails that could not be sent, newest first, for an operator; their facts are gone."""
    return await OutboxMail.filter(state="given_up").order_by("-created_at", "id").limit(limit).offset(offset)


async def count(state: str) -> int:
    """How many e-mails are "waiting", "sent", "given_up" or "stale"."""
    return await OutboxMail.filter(state=state).count()


async def _end(mail: OutboxMail, state: str, reason: str, now: datetime) -> None:
    # The facts go: codes stand in them, and nobody needs them any more.
    await OutboxMail.filter(id=mail.id, state="waiting").update(
        state=state, facts=NO_FACTS, last_error=reason[:200], sent_at=now if state == "sent" else None
    )

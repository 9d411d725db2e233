"""One-time codes that go by e-mail: made, kept as hashes, used once.

A short code is typed by somebody who is signed in and has ten tries; a long one names the account by itself and cannot be met by
guessing. Short ones are kept as an HMAC with the server's key, since a copied database could try all of them; links hold 256 bits.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.expressions import F

from plg.contract.problem import ErrorCode
from plg_server.ids import new_id
from plg_server.models.mail import MailCode
from plg_server.problems import ApiError
from plg_server.services.codes import random_text
from plg_server.services.mail_kinds import CODE_USEFUL_FOR, UNDO_USEFUL_FOR
from plg_server.services.tokens import token_hash

SHORT_CHARS = 8
"""40 bits, and ten tries."""

LONG_CHARS = 16
"""80 bits: nobody meets one by guessing."""

WRONG_TRIES = 10
"""Tries for a short code: a person mistypes a few."""

LINK_BYTES = 32

LONGEST_CODE_CHARS = 2 * LONG_CHARS
"""A code with its hyphens and some spaces; a link's token is longer."""

KEEP_ENDED = timedelta(days=1)
"""How long an ended code still counts for the limits on asking."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
"""Crockford's base 32 reads them so."""


class Purpose(StrEnum):
    """What a code is for."""

    VERIFY = "verify"
    RESET = "reset"
    CHANGE_EMAIL = "change_email"
    UNDO_EMAIL = "undo_email"


SHORT = frozenset({Purpose.VERIFY, Purpose.CHANGE_EMAIL})
"""Purposes whose code is typed by somebody who is signed in."""


@dataclass(frozen=True)
class FreshCode:
    """The only time that its texts are seen: they go into the e-mail."""

    text: str
    link_token: str
    expires_at: datetime


class MailCodes:
    """Every method needs an active database; `make` and the uses belong into the transaction of what they change."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"plg mail codes " + key).digest()

    async def make(self, account_id: str, purpose: Purpose, address: str, now: datetime) -> FreshCode:
        """A new code. Earlier ones of a short purpose end: the newest e-mail is the one that counts."""
        if purpose in SHORT:
            await self.end_all(account_id, now, (purpose,))
        plain = random_text(SHORT_CHARS if purpose in SHORT else LONG_CHARS)
        link_token = secrets.token_urlsafe(LINK_BYTES)
        lifetime = UNDO_USEFUL_FOR if purpose is Purpose.UNDO_EMAIL else CODE_USEFUL_FOR
        await MailCode.create(
            id=new_id(),
            account_id=account_id,
            purpose=purpose,
            address=address,
            code_hash=self._hash(purpose, account_id, plain),
            link_hash=token_hash(link_token),
            created_at=now,
            expires_at=now + lifetime,
        )
        text = "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))
        return FreshCode(text, link_token, now + lifetime)

    async def find(self, purpose: Purpose, text: str, now: datetime) -> MailCode:
        """A live long code, or the live code of a link, without using it. Raises ApiError `code_refused`."""
        live = MailCode.filter(purpose=purpose, used_at=None, expires_at__gt=now)
        if len(text) > LONGEST_CODE_CHARS:
            code = await live.get_or_none(link_hash=token_hash(text))
        elif purpose in SHORT:
            code = None  # a short code without its account cannot be looked up, and must not be
        else:
            code = await live.get_or_none(code_hash=self._hash(purpose, "", plain(text)))
        if code is None:
            raise refused()
        return code

    async def use(self, purpose: Purpose, text: str, now: datetime) -> MailCode:
        """Use a long code or a link, once. Raises ApiError `code_refused`: unknown, ended and used sound the same."""
        code = await self.find(purpose, text, now)
        if not await MailCode.filter(id=code.id, used_at=None, expires_at__gt=now).update(used_at=now):
            raise refused()
        return code

    async def use_short(
        self, account_id: str, purposes: tuple[Purpose, ...], text: str, now: datetime
    ) -> MailCode | None:
        """Use the account's short code, once. None when it is wrong; commit then, for the try has been counted."""
        live = MailCode.filter(account_id=account_id, purpose__in=purposes, used_at=None, expires_at__gt=now)
        # Counted before it is looked at: many guesses at the same moment have no more tries than one after another.
        if not await live.filter(wrong_tries__lt=WRONG_TRIES).update(wrong_tries=F("wrong_tries") + 1):
            return None
        hashes = [self._hash(purpose, account_id, plain(text)) for purpose in purposes]
        code = await MailCode.get_or_none(
            code_hash__in=hashes, account_id=account_id, used_at=None, expires_at__gt=now, wrong_tries__lte=WRONG_TRIES
        )
        if code is None or not await MailCode.filter(id=code.id, used_at=None).update(used_at=now):
            return None
        return code

    async def end_all(self, account_id: str, now: datetime, purposes: tuple[Purpose, ...] = tuple(Purpose)) -> None:
        """End the account's codes of these purposes."""
        await MailCode.filter(account_id=account_id, purpose__in=purposes, used_at=None).update(used_at=now)

    async def made_since(self, account_id: str, purpose: Purpose, since: datetime) -> list[datetime]:
        """When codes of this purpose were made, newest first."""
        rows = await MailCode.filter(account_id=account_id, purpose=purpose, created_at__gt=since).order_by(
            "-created_at"
        )
        return [row.created_at for row in rows]

    def _hash(self, purpose: Purpose, account_id: str, plain_text: str) -> str:
        whose = account_id if purpose in SHORT else ""
        return hmac.new(self._key, f"{purpose} {whose} {plain_text}".encode(), hashlib.sha256).hexdigest()


def plain(text: str) -> str:
    """A code as it is compared: capitals without hyphens and spaces, letters that look like digits read as those."""
    return text.upper().translate(_LOOKALIKES)


async def remove_ended(now: datetime) -> int:
    """Delete codes that ended long ago; gives how many rows went."""
    return await MailCode.filter(expires_at__lt=now - KEEP_ENDED).delete()


def refused() -> ApiError:
    """One text for all."""
    return ApiError(ErrorCode.CODE_REFUSED, "there is no such code, or it has ended or was used up")

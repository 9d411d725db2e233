"""The second factor: one-time codes by time (TOTP), from setting it up to switching it off.

A code is 20 secret bytes and the half minute of now through HMAC-SHA-1 (RFC 6238 over RFC 4226): the one form that every
authenticator reads. The secret must be read again to check a code, so it is not hashed but sealed with a key that is not in the database.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from plg.contract import account_safety as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, timestamp, utc_now
from plg_server.models.account_safety import SecondFactor
from plg_server.problems import ApiError
from plg_server.services.recovery_codes import codes_left, end_codes, new_codes, use_code

ISSUER = "PLG"
"""What an authenticator shows above the account."""

SECRET_BYTES = 20
"""RFC 4226, section 4 (R6): 160 bits."""

STEP_S = 30
"""RFC 6238, section 5.2."""

DIGITS = 6

STEPS_BESIDE = 1
"""Codes of the half minutes before and after count too (RFC 6238, section 5.2): clocks differ, and people type slowly."""

WRONG_TRIES = 10
"""Wrong codes of one account in WRONG_WINDOW. Three codes of a million are right at a time: somebody who has the password
already and tries on for a month gets in with a chance of one in fifty; whoever owns the account sees the wait long before."""

WRONG_WINDOW = timedelta(hours=1)

NONCE_BYTES = 12
"""NIST SP 800-38D, section 8.2: AES-GCM's own length."""


def totp_code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a half minute, counted from 1970 (RFC 6238, section 4; RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(moment: datetime) -> int:
    """The half minute that this moment lies in."""
    return int(moment.timestamp()) // STEP_S


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The newest half minute near now whose code this is. Takes the same time whether and where it matches."""
    found = None
    middle = step_of(now)
    for step in range(middle - STEPS_BESIDE, middle + STEPS_BESIDE + 1):
        if hmac.compare_digest(totp_code(secret, step).encode(), code.encode("utf-8", "surrogatepass")):
            found = step
    return found


def otpauth_uri(secret: bytes, email: str) -> str:
    """What authenticators read from a QR code (Google Authenticator's key URI format, which all others took over)."""
    label = quote(f"{ISSUER}:{email}", safe="@:")
    return f"otpauth://totp/{label}?{urlencode({'secret': base32(secret), 'issuer': ISSUER})}"


def base32(secret: bytes) -> str:
    """RFC 4648, section 6, without padding: 20 bytes have none."""
    return base64.b32encode(secret).decode()


class Seal:
    """Keeps secrets unreadable in the database. Bound to the account: one row's text is worth nothing in another's."""

    def __init__(self, server_secret: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"plg totp secret v1").derive(server_secret)
        self._cipher = AESGCM(key)

    def close(self, secret: bytes, account_id: str) -> str:
        """The text to keep."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret, account_id.encode())).decode()

    def open(self, sealed: str, account_id: str) -> bytes | None:
        """The secret; None when it was sealed with another server's secret, or for another account."""
        try:
            data = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], account_id.encode())
        except (InvalidTag, ValueError):
            return None


class SecondFactors:
    """Every method needs an active database. Passwords are checked before, by whoever calls."""

    def __init__(self, server_secret: bytes, clock: Callable[[], datetime] = utc_now) -> None:
        self._seal = Seal(server_secret)
        self._clock = clock

    async def status(self, account_id: str) -> contract.TotpStatus:
        """Whether a code is asked for at sign-in."""
        row = await _confirmed(account_id)
        since = None if row is None or row.confirmed_at is None else timestamp(row.confirmed_at)
        return contract.TotpStatus(on=row is not None, since=since, recovery_codes_left=await codes_left(account_id))

    async def begin(self, account_id: str, email: str) -> contract.TotpSetup:
        """A new secret that does not count yet; an earlier one that was not confirmed is gone. Raises ApiError `totp_on`."""
        secret = secrets.token_bytes(SECRET_BYTES)
        sealed = self._seal.close(secret, account_id)
        now = self._clock()
        waiting = SecondFactor.filter(account_id=account_id, confirmed_at=None)
        if not await waiting.update(sealed_secret=sealed, created_at=now, last_step=0):
            try:
                await SecondFactor.create(id=new_id(), account_id=account_id, sealed_secret=sealed, created_at=now)
            except IntegrityError:
                raise ApiError(
                    ErrorCode.TOTP_ON, "the second factor is on already; switch it off first, to set up another"
                ) from None
        return contract.TotpSetup(secret=base32(secret), uri=otpauth_uri(secret, email))

    async def confirm(self, account_id: str, code: str) -> contract.RecoveryCodes:
        """The first code: from now on one is asked for. Raises ApiError `totp_off`, `totp_on`, `totp_wrong`, `rate_limited`."""
        row = await SecondFactor.get_or_none(account_id=account_id)
        if row is None:
            raise ApiError(ErrorCode.TOTP_OFF, "there is no second factor to confirm; set one up first")
        if row.confirmed_at is not None:
            raise _on()
        now = self._clock()
        await self._take_try(row, now)
        secret = self._seal.open(row.sealed_secret, account_id)
        step = None if secret is None else matching_step(secret, code.strip(), now)
        if step is None:
            raise _wrong()
        async with in_transaction():
            # First the write: of several callers one changes the row, and only while the secret is still the one that was checked.
            won = await SecondFactor.filter(
                id=row.id, confirmed_at=None, sealed_secret=row.sealed_secret, last_step__lt=step
            ).update(confirmed_at=now, last_step=step, wrong_tries=0, tries_since=None)
            if not won:
                raise _on()
            return contract.RecoveryCodes(codes=await new_codes(account_id, now))

    async def check(self, account_id: str, code: str | None) -> None:
        """What sign-in asks beside the password. Nothing where the second factor is off; a right code is used up.

        Raises ApiError `totp_needed`, `totp_wrong`, `rate_limited`.
        """
        row = await _confirmed(account_id)
        if row is None:
            return
        if code is None:
            raise ApiError(ErrorCode.TOTP_NEEDED, "a code of your authenticator is needed, or a recovery code")
        await self._use(row, code)

    async def look_at(self, account_id: str, code: str | None) -> None:
        """As `check`, without using the code up: for acts that are only tried out. A wrong one counts as a try."""
        row = await _confirmed(account_id)
        if row is None:
            return
        if code is None:
            raise ApiError(ErrorCode.TOTP_NEEDED, "a code of your authenticator is needed, or a recovery code")
        now = self._clock()
        await self._take_try(row, now)
        if not await self._is_right(row, code, now):
            raise _wrong()
        await self._forgive(row)

    async def turn_off(self, account_id: str, code: str) -> None:
        """Ask for no code any more. Raises ApiError `totp_off`, `totp_wrong`, `rate_limited`."""
        row = await self._on(account_id)
        await self._use(row, code)
        async with in_transaction():
            await SecondFactor.filter(id=row.id).delete()
            await end_codes(account_id)

    async def renew_codes(self, account_id: str, code: str) -> contract.RecoveryCodes:
        """Ten new recovery codes in place of what is left. Raises ApiError `totp_off`, `totp_wrong`, `rate_limited`."""
        row = await self._on(account_id)
        await self._use(row, code)
        async with in_transaction():
            return contract.RecoveryCodes(codes=await new_codes(account_id, self._clock()))

    async def _on(self, account_id: str) -> SecondFactor:
        row = await _confirmed(account_id)
        if row is None:
            raise ApiError(ErrorCode.TOTP_OFF, "the second factor is off")
        return row

    async def _use(self, row: SecondFactor, code: str) -> None:
        now = self._clock()
        await self._take_try(row, now)
        if not await self._use_up(row, code, now):
            raise _wrong()
        await self._forgive(row)

    async def _use_up(self, row: SecondFactor, code: str, now: datetime) -> bool:
        plain = code.strip()
        if not _looks_like_a_code(plain):
            return await use_code(row.account_id, plain, now)
        step = self._step(row, plain, now)
        if step is None:
            return False
        # A code works once (RFC 6238, section 5.2): of several callers with the same one a single one moves the step on.
        return bool(await SecondFactor.filter(id=row.id, last_step__lt=step).update(last_step=step))

    async def _is_right(self, row: SecondFactor, code: str, now: datetime) -> bool:
        plain = code.strip()
        if not _looks_like_a_code(plain):
            return await use_code(row.account_id, plain, now, really=False)
        step = self._step(row, plain, now)
        return step is not None and step > row.last_step

    def _step(self, row: SecondFactor, code: str, now: datetime) -> int | None:
        secret = self._seal.open(row.sealed_secret, row.account_id)
        return None if secret is None else matching_step(secret, code, now)

    async def _take_try(self, row: SecondFactor, now: datetime) -> None:
        """Count a try before it is looked at, so that many at once are no more than the limit. Raises ApiError `rate_limited`."""
        over = now - WRONG_WINDOW
        # A start that lies ahead is of a clock that was set back since.
        afresh = Q(tries_since=None) | Q(tries_since__lte=over) | Q(tries_since__gt=now)
        if await SecondFactor.filter(afresh, id=row.id).update(wrong_tries=1, tries_since=now):
            return
        if await SecondFactor.filter(id=row.id, wrong_tries__lt=WRONG_TRIES).update(wrong_tries=F("wrong_tries") + 1):
            return
        fresh = await SecondFactor.get_or_none(id=row.id)
        since = now if fresh is None or fresh.tries_since is None else fresh.tries_since
        wait_s = max(1.0, (since + WRONG_WINDOW - now).total_seconds())
        raise ApiError(ErrorCode.RATE_LIMITED, "too many wrong codes; wait, then try again", retry_after_s=wait_s)

    async def _forgive(self, row: SecondFactor) -> None:
        await SecondFactor.filter(id=row.id).update(wrong_tries=0, tries_since=None)


async def withdraw_since(account_id: str, since: datetime) -> bool:
    """Inside a transaction: a second factor that was switched on since then goes. For when somebody else had the account, who would
    keep its owner out with it. True when there was one."""
    withdrawn = await SecondFactor.filter(account_id=account_id, confirmed_at__gte=since).delete()
    if withdrawn:
        await end_codes(account_id)
    return bool(withdrawn)


async def _confirmed(account_id: str) -> SecondFactor | None:
    return await SecondFactor.get_or_none(account_id=account_id, confirmed_at__not_isnull=True)


def _looks_like_a_code(text: str) -> bool:
    return len(text) == DIGITS and text.isascii() and text.isdigit()


def _on() -> ApiError:
    return ApiError(ErrorCode.TOTP_ON, "the second factor is on already")


def _wrong() -> ApiError:
    return ApiError(ErrorCode.TOTP_WRONG, "the code is wrong, or was used already; wait for the next one")

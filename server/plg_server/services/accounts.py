"""Accounts: register, sign in, refresh with rotation and reuse detection, sign out, and what the account may do."""

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from plg.contract import accounts as contract
from plg.contract.api_tokens import TOKEN_PREFIX
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import new_id, timestamp, utc_now
from plg_server.models.accounts import Account, RefreshToken, SignIn
from plg_server.models.browser_sessions import BrowserSession
from plg_server.models.mail import MailCode
from plg_server.problems import ApiError
from plg_server.services import api_tokens
from plg_server.services.devices import mail_new_device, note_use
from plg_server.services.passwords import Passwords, PasswordsBusy
from plg_server.services.tokens import AccessClaims, AccessTokens, new_refresh_token, token_hash
from plg_server.services.totp import SecondFactors

LONGEST_KEPT = 320
"""What the column takes, also to look for."""

LONGEST_EMAIL = 254
LONGEST_LOCAL_PART = 64
"""As the contract's `Email` has them (RFC 5321, 4.5.3.1)."""

BUSY_RETRY_S = 2.0


@dataclass(frozen=True)
class Identity:
    """Who is calling: the account of a good access token, read from the database in this request."""

    account: Account
    # Empty for an API token.
    sign_in_id: str
    # Empty for a sign-in.
    api_token_id: str = ""
    # What an API token may do; None for a sign-in, which may do all that its account may.
    scopes: frozenset[str] | None = None

    @property
    def account_id(self) -> str:
        """The account's identifier."""
        return self.account.id


class AccountService:
    """All rules about accounts. Every method needs an active database."""

    def __init__(
        self,
        config: ServerConfig,
        passwords: Passwords,
        tokens: AccessTokens,
        second_factors: SecondFactors,
        clock: Callable[[], datetime] = utc_now,
        on_register: Callable[[Account], Awaitable[None]] | None = None,
    ) -> None:
        """`on_register` is called with each new account inside its transaction."""
        self._on_register = on_register
        self._config = config
        self._clock = clock
        self._passwords = passwords
        self._tokens = tokens
        self._second_factors = second_factors

    async def register(
        self, request: contract.RegisterRequest, language: str = "en", *, is_invited: bool = False
    ) -> contract.Account:
        """Make an account; `language` is for a request that names none. Who `is_invited` may come in while registration is closed.

        Raises ApiError `email_taken`, `invalid_body`, or `forbidden` when registration is closed.
        """
        if not self._config.registration_open and not is_invited:
            raise ApiError(ErrorCode.FORBIDDEN, "registration is closed on this server; ask its operator")
        email = normal_email(request.email)
        refuse_overlong(email)
        refuse_invisible(email + (request.display_name or ""))
        if await Account.exists(email=email) or await is_held(email, self._clock()):
            raise email_taken()
        account = Account(
            id=new_id(),
            email=email,
            display_name=request.display_name or email.partition("@")[0],
            password_hash=await self._hash(request.password),
            created_at=utc_now(),
            language=request.language or language,
        )
        try:
            async with in_transaction():
                await account.save(force_create=True)
                if self._on_register is not None:
                    await self._on_register(account)
        except IntegrityError:
            # Somebody registered the same address while we hashed.
            raise email_taken() from None
        return self.describe(account)

    async def login(self, request: contract.LoginRequest, address: str = "") -> contract.TokenPair:
        """Sign in from this address. Raises as `authenticate` does."""
        account = await self.authenticate(request)
        now = utc_now()
        async with in_transaction():
            sign_in = await self.begin_sign_in(account, request.device, address, now)
            return await self._issue(account.id, sign_in.id, now)

    async def authenticate(self, request: contract.LoginRequest) -> Account:
        """Whose e-mail address, password and code these are. Raises ApiError `bad_credentials` (one text and the same work for
        every reason), `account_banned`, and once the password is right `totp_needed`, `totp_wrong` or `rate_limited`."""
        account = await Account.get_or_none(email=normal_email(request.email))
        right = await self._verify(None if account is None else account.password_hash, request.password)
        if account is None or not right:
            raise ApiError(ErrorCode.BAD_CREDENTIALS, "the e-mail address or the password is wrong")
        refuse_banned(account)
        await self._second_factors.check(account.id, request.totp)
        if self._passwords.is_outdated(account.password_hash):
            await Account.filter(id=account.id).update(password_hash=await self._hash(request.password))
        return account

    async def begin_sign_in(self, account: Account, device: str, address: str, now: datetime) -> SignIn:
        """Inside a transaction: a new sign-in of an account that was authenticated, told of when it is a new device."""
        sign_in = await SignIn.create(id=new_id(), account=account, device=_printable(device), created_at=now)
        await note_use(sign_in.id, address, now)
        if self._config.mail.on:
            await mail_new_device(account, sign_in, address, now)
        return sign_in

    async def refresh(self, refresh_token: str, address: str = "") -> contract.TokenPair:
        """Trade a refresh token for a new pair. Exactly one caller gets it, whatever happens at the same moment.

        A token that comes back after it was used has been copied: its whole sign-in ends (RFC 9700, 4.14.2). A call that
        was under way while the token was used is a race of one client with itself: refused, but nothing ends.
        Raises ApiError `token_invalid`, `token_expired`, `token_reused` or `account_banned`.
        """
        arrived_at = utc_now()
        hashed = token_hash(refresh_token)
        async with in_transaction():
            # First statement is the write: of several callers one sees a row changed, the others wait for it and see none.
            won = await RefreshToken.filter(token_hash=hashed, used_at=None).update(used_at=utc_now())
            token = await RefreshToken.get_or_none(token_hash=hashed).select_related("sign_in__account")
            if token is None or token.sign_in.ended_at is not None:
                raise ApiError(ErrorCode.TOKEN_INVALID, "the refresh token is not valid; sign in again")
            if won:
                if token.expires_at <= arrived_at:
                    raise ApiError(ErrorCode.TOKEN_EXPIRED, "the refresh token has expired; sign in again")
                refuse_banned(token.sign_in.account)
                pair = await self._issue(token.sign_in.account_id, token.sign_in_id, utc_now())
                await note_use(token.sign_in_id, address, utc_now())
                # The moment of use is when the answer is ready: whoever came before it could not have seen that answer.
                await RefreshToken.filter(token_hash=hashed).update(used_at=utc_now())
                return pair
            used_at = token.used_at
            if used_at is not None and arrived_at > used_at:
                await self._end(token.sign_in_id, "token_reused", arrived_at)
        raise ApiError(ErrorCode.TOKEN_REUSED, "the refresh token was used before; sign in again")

    async def logout(self, refresh_token: str) -> None:
        """End the sign-in of this refresh token. An unknown token is no error: there is nothing left to end."""
        token = await RefreshToken.get_or_none(token_hash=token_hash(refresh_token))
        if token is not None:
            await self._end(token.sign_in_id, "logout", utc_now())

    async def identify(self, access_token: str) -> Identity:
        """Who holds this access token, or API token. Raises ApiError `token_invalid`, `token_expired` or `account_banned`."""
        if access_token.startswith(TOKEN_PREFIX):
            row = await api_tokens.find(access_token, self._clock())
            refuse_banned(row.account)
            return Identity(row.account, "", row.id, frozenset(row.scopes.split()))
        claims = self._tokens.read(access_token)
        sign_in = await SignIn.get_or_none(id=claims.sign_in_id).select_related("account")
        if sign_in is None or sign_in.account_id != claims.account_id or sign_in.ended_at is not None:
            raise ApiError(ErrorCode.TOKEN_INVALID, "this sign-in has ended; sign in again")
        refuse_banned(sign_in.account)
        return Identity(sign_in.account, sign_in.id)

    def plan_of(self, account: Account) -> contract.Plan:
        """The plan that applies now: the account's own while it lasts, else the server's default, or with billing none."""
        ended = account.plan_expires_at is not None and account.plan_expires_at <= self._clock()
        if self._config.billing.on and (ended or account.plan_name is None):
            return contract.Plan(name="none", expires_at=None, max_sessions=0)
        if account.plan_name is None or ended:
            return contract.Plan(
                name=self._config.plan_name, expires_at=None, max_sessions=self._config.plan_max_sessions
            )
        return contract.Plan(
            name=account.plan_name,
            expires_at=None if account.plan_expires_at is None else timestamp(account.plan_expires_at),
            max_sessions=account.plan_max_sessions or self._config.plan_max_sessions,
        )

    def describe(self, account: Account) -> contract.Account:
        """The account as its owner sees it."""
        return contract.Account(
            id=account.id,
            email=account.email,
            display_name=account.display_name,
            role=account.role,
            created_at=timestamp(account.created_at),
            plan=self.plan_of(account),
            totals=contract.Totals(
                sessions=account.total_sessions,
                seconds=account.total_seconds,
                packets=account.total_packets,
                bytes=account.total_bytes,
            ),
        )

    async def _issue(self, account_id: str, sign_in_id: str, now: datetime) -> contract.TokenPair:
        access_token, access_expires_at = self._tokens.issue(AccessClaims(account_id, sign_in_id), now)
        refresh_token = new_refresh_token()
        refresh_expires_at = now + timedelta(days=self._config.refresh_token_days)
        await RefreshToken.create(
            token_hash=token_hash(refresh_token), sign_in_id=sign_in_id, issued_at=now, expires_at=refresh_expires_at
        )
        return contract.TokenPair(
            access_token=access_token,
            access_expires_at=timestamp(access_expires_at),
            refresh_token=refresh_token,
            refresh_expires_at=timestamp(refresh_expires_at),
        )

    async def _end(self, sign_in_id: str, reason: str, now: datetime) -> None:
        await SignIn.filter(id=sign_in_id, ended_at=None).update(ended_at=now, ended_because=reason)

    async def check_password(self, account: Account, password: str) -> None:
        """For acts that ask for the password again. Raises ApiError `wrong_password` or `rate_limited`."""
        if not await self._verify(account.password_hash, password):
            raise ApiError(ErrorCode.WRONG_PASSWORD, "the password is wrong")

    async def _hash(self, password: str) -> str:
        try:
            return await self._passwords.hash(password)
        except PasswordsBusy:
            raise _busy() from None

    async def _verify(self, encoded: str | None, password: str) -> bool:
        try:
            return await self._passwords.verify(encoded, password)
        except PasswordsBusy:
            raise _busy() from None


async def add_to_totals(account_id: str, *, seconds: int, packets: int, bytes_: int) -> None:
    """Count one ended session into the account's sums."""
    await Account.filter(id=account_id).update(
        total_sessions=F("total_sessions") + 1,
        total_seconds=F("total_seconds") + seconds,
        total_packets=F("total_packets") + packets,
        total_bytes=F("total_bytes") + bytes_,
    )


async def remove_expired(now: datetime) -> int:
    """Delete refresh tokens and browsers' sessions past their end, and sign-ins that have none left; returns how many rows went."""
    tokens = await RefreshToken.filter(expires_at__lt=now).delete()
    tokens += await BrowserSession.filter(expires_at__lt=now).delete()
    # A day of grace: a sign-in exists for a moment before its first token does.
    sign_ins = await SignIn.filter(
        refresh_tokens__token_hash__isnull=True,
        browser_sessions__token_hash__isnull=True,
        created_at__lt=now - timedelta(days=1),
    ).delete()
    return tokens + sign_ins


def normal_email(email: str) -> str:
    """One spelling for one mailbox as people see it: NFC, lower case. (Case is significant in the local part only on paper:
    RFC 5321, 2.4.) At most LONGEST_KEPT characters, though either step may make three of one."""
    return unicodedata.normalize("NFC", email).lower()[:LONGEST_KEPT]


def refuse_overlong(email: str) -> None:
    """Raises ApiError `invalid_body` for an address that has grown too long in its one spelling: nobody has such a one."""
    local, _, _domain = email.rpartition("@")
    if len(email) > LONGEST_EMAIL or len(local) > LONGEST_LOCAL_PART:
        raise ApiError(
            ErrorCode.INVALID_BODY, f"email is longer than {LONGEST_EMAIL} characters when it is written out"
        )


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def refuse_banned(account: Account) -> None:
    """Raises ApiError `account_banned`."""
    if account.banned_at is not None:
        raise ApiError(ErrorCode.ACCOUNT_BANNED, "this account is banned; write to the operator of the server")


def refuse_invisible(text: str) -> None:
    """Raises ApiError `invalid_body`: invisible and right-to-left marks make one name look like another's."""
    if not text.isprintable():
        raise ApiError(ErrorCode.INVALID_BODY, "email and display_name must not hold invisible characters")


async def is_held(address: str, now: datetime, by: str | None = None) -> bool:
    """Whether an account (other than `by`) may still go back to this address, which it had: nobody else gets it meanwhile."""
    held = MailCode.filter(purpose="undo_email", address=address, used_at=None, expires_at__gt=now)
    return await (held if by is None else held.exclude(account_id=by)).exists()


def email_taken() -> ApiError:
    """Somebody has this address."""
    return ApiError(ErrorCode.EMAIL_TAKEN, "an account with this e-mail address exists; log in, or use another address")


def _busy() -> ApiError:
    return ApiError(ErrorCode.RATE_LIMITED, "too many sign-ins at this moment", retry_after_s=BUSY_RETRY_S)

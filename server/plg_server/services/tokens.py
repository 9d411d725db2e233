"""Access tokens (signed, short-lived, read without the database) and refresh tokens (random, only their hash is kept)."""

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import jwt

from plg.contract.problem import ErrorCode
from plg_server.config import ConfigError
from plg_server.problems import ApiError

ALGORITHM = "HS256"
ISSUER = "plg-server"
SECRET_BYTES = 32
"""RFC 7518, 3.2: an HS256 key has at least 256 bits."""

REFRESH_TOKEN_BYTES = 32


@dataclass(frozen=True)
class AccessClaims:
    """What a good access token says: whose it is and by which sign-in."""

    account_id: str
    sign_in_id: str


class AccessTokens:
    """Signs and reads access tokens (JWT, RFC 7519)."""

    def __init__(self, secret: bytes, lifetime_s: int) -> None:
        self._secret = secret
        self._lifetime_s = lifetime_s

    def issue(self, claims: AccessClaims, now: datetime) -> tuple[str, datetime]:
        """A token and its end."""
        expires_at = now + timedelta(seconds=self._lifetime_s)
        payload = {"iss": ISSUER, "sub": claims.account_id, "sid": claims.sign_in_id, "iat": now, "exp": expires_at}
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM), expires_at

    def read(self, token: str) -> AccessClaims:
        """Check signature, issuer and end. Raises ApiError `token_expired` or `token_invalid`."""
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # When it was issued is not held against it: replicas' clocks differ by seconds, and a clock may be set back.
                options={"require": ["exp", "iat", "sub", "sid", "iss"], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError:
            raise ApiError(ErrorCode.TOKEN_EXPIRED, "the access token has expired; refresh it") from None
        except jwt.InvalidTokenError:
            raise _invalid() from None
        account_id, sign_in_id = payload["sub"], payload["sid"]
        if not isinstance(account_id, str) or not isinstance(sign_in_id, str):
            raise _invalid()
        return AccessClaims(account_id, sign_in_id)


def _invalid() -> ApiError:
    return ApiError(ErrorCode.TOKEN_INVALID, "the access token is not valid; sign in again")


def new_refresh_token() -> str:
    """A random opaque token (256 bits)."""
    return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """SHA-256 in hex. Enough for a random token of 256 bits: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def load_token_secret(configured: str | None, data_dir: Path) -> bytes:
    """The signing key: the configured one, else the file `token.key` in the data directory, made (0600) at first start.

    Raises ConfigError when the file cannot be read or written, is too short, or may be read by others.
    """
    if configured is not None:
        return configured.encode()
    path = token_key_file(data_dir)
    try:
        _make_if_missing(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    return read_token_key(path)


def token_key_file(data_dir: Path) -> Path:
    """Where the signing key is kept when none is configured."""
    return data_dir / "token.key"


def read_token_key(path: Path) -> bytes:
    """The signing key in `path`. Raises ConfigError when it cannot be read, is too short, or may be read by others."""
    try:
        secret = path.read_bytes()
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: other users may read it; run: chmod 600 {path}")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(secret) < SECRET_BYTES:
        raise ConfigError(f"{path}: damaged: {len(secret)} bytes instead of {SECRET_BYTES}; restore it or remove it")
    return secret


def _make_if_missing(path: Path) -> None:
    if path.exists():
        return
    # Written beside and linked into place: a second server that starts at the same moment reads a whole key or makes none.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()

"""Access tokens, refresh tokens, and the key that signs them."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from plg.contract.problem import ErrorCode
from plg_server.config import ConfigError
from plg_server.ids import utc_now
from plg_server.problems import ApiError
from plg_server.services.tokens import (
    AccessClaims,
    AccessTokens,
    load_token_secret,
    new_refresh_token,
    read_token_key,
    token_hash,
    token_key_file,
)

SECRET = b"s" * 32
CLAIMS = AccessClaims("account1", "signin1")
GOOD = {"iss": "plg-server", "sub": "a", "sid": "b", "iat": 1_600_000_000, "exp": 4_000_000_000}


def code_of(token: str) -> ErrorCode:
    """Why this token is refused."""
    with pytest.raises(ApiError) as caught:
        AccessTokens(SECRET, 60).read(token)
    return caught.value.code


def test_what_was_issued_is_read() -> None:
    token, expires_at = AccessTokens(SECRET, 900).issue(CLAIMS, utc_now())
    assert AccessTokens(SECRET, 60).read(token) == CLAIMS
    assert timedelta(minutes=14) < expires_at - utc_now() <= timedelta(minutes=15)


def test_a_token_from_a_replica_whose_clock_is_ahead_is_good() -> None:
    token, _ = AccessTokens(SECRET, 900).issue(CLAIMS, utc_now() + timedelta(seconds=30))
    assert AccessTokens(SECRET, 900).read(token) == CLAIMS


def test_a_token_past_its_end_has_expired() -> None:
    token, _ = AccessTokens(SECRET, 60).issue(CLAIMS, utc_now() - timedelta(minutes=2))
    assert code_of(token) is ErrorCode.TOKEN_EXPIRED


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_token_without_a_claim_is_invalid(missing: str) -> None:
    payload = {name: value for name, value in GOOD.items() if name != missing}
    assert code_of(jwt.encode(payload, SECRET, algorithm="HS256")) is ErrorCode.TOKEN_INVALID


def test_tokens_of_other_keys_algorithms_and_issuers_are_invalid() -> None:
    assert AccessTokens(SECRET, 60).read(jwt.encode(GOOD, SECRET, algorithm="HS256")).account_id == "a"
    for token in (
        jwt.encode(GOOD, b"t" * 32, algorithm="HS256"),
        jwt.encode(GOOD, SECRET * 2, algorithm="HS512"),
        jwt.encode(GOOD, "", algorithm="none"),
        jwt.encode({**GOOD, "iss": "other"}, SECRET, algorithm="HS256"),
        jwt.encode({**GOOD, "sid": 5}, SECRET, algorithm="HS256"),
        jwt.encode(GOOD, SECRET, algorithm="HS256")[:-2],
        "",
        "é.é.é",
    ):
        assert code_of(token) is ErrorCode.TOKEN_INVALID


def test_refresh_tokens_are_random_and_only_their_hash_is_kept() -> None:
    tokens = {new_refresh_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)
    assert token_hash("a") == token_hash("a") != token_hash("b")
    assert len(token_hash("\ud800 any text")) == 64


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: load_token_secret(None, tmp_path), range(8)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["token.key"]
    assert stat.S_IMODE((tmp_path / "token.key").stat().st_mode) == 0o600


def test_a_configured_key_needs_no_file(tmp_path: Path) -> None:
    assert load_token_secret("x" * 32, tmp_path) == b"x" * 32
    assert not list(tmp_path.iterdir())


def test_a_damaged_readable_or_impossible_key_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "token.key"
    file.write_bytes(b"short")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="damaged: 5 bytes"):
        load_token_secret(None, tmp_path)
    file.write_bytes(b"x" * 32)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_token_secret(None, tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        load_token_secret(None, tmp_path / "missing")
    with pytest.raises(ConfigError, match="No such file"):
        read_token_key(token_key_file(tmp_path / "missing"))

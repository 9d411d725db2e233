"""TOTP: the RFC's own vectors, the seal, and what an account's second factor does under many hands."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.account_safety import RecoveryCode, SecondFactor
from plg_server.problems import ApiError
from plg_server.services.totp import (
    STEP_S,
    WRONG_TRIES,
    Seal,
    SecondFactors,
    matching_step,
    otpauth_uri,
    step_of,
    totp_code,
    withdraw_since,
)
from support.api_driver import ApiDriver, StartServer
from support.callers import signed_in_as

RFC_SECRET = b"12345678901234567890"
SERVER_SECRET = b"a server secret of 32 characters"


@pytest.mark.parametrize(
    ("second", "code"),
    # RFC 6238, appendix B, the rows for SHA1.
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(second: int, code: str) -> None:
    step = step_of(datetime.fromtimestamp(second, UTC))
    assert totp_code(RFC_SECRET, step, digits=8) == code
    assert totp_code(RFC_SECRET, step) == code[2:]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(["755224", "287082", "359152", "969429"])))
def test_codes_are_those_of_the_rfc_for_counters(counter: int, code: str) -> None:
    # RFC 4226, appendix D.
    assert totp_code(RFC_SECRET, counter) == code


def test_a_code_is_good_for_half_a_minute_before_and_after_and_no_longer() -> None:
    now = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
    code = totp_code(RFC_SECRET, step_of(now))
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = matching_step(RFC_SECRET, code, now + timedelta(seconds=steps * STEP_S))
        assert found == (step_of(now) if good else None)
    assert matching_step(RFC_SECRET, "½½½", now) is None


def test_an_authenticator_finds_secret_and_names_in_the_uri() -> None:
    uri = urlsplit(otpauth_uri(RFC_SECRET, "ann+plg@example.org"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/PLG:ann%2Bplg@example.org")
    asked = parse_qs(uri.query)
    assert asked["issuer"] == ["PLG"]
    assert base64.b32decode(asked["secret"][0]) == RFC_SECRET


def test_a_sealed_secret_opens_with_this_server_s_secret_and_for_its_account_only() -> None:
    seal = Seal(SERVER_SECRET)
    text = seal.close(RFC_SECRET, "a1")
    assert seal.open(text, "a1") == RFC_SECRET
    assert seal.open(text, "a2") is None
    assert Seal(b"another secret of 32 characters!").open(text, "a1") is None
    assert seal.open("no base64!", "a1") is None
    assert len(text) <= 255
    assert seal.close(RFC_SECRET, "a1") != text


class World:
    """The service on an account of its own, with a clock that stands until it is moved."""

    def __init__(self, api: ApiDriver, account_id: str) -> None:
        self.now = utc_now()
        self.api = api
        self.account_id = account_id
        self.factors = SecondFactors(SERVER_SECRET, lambda: self.now)
        self.secret = b""

    async def turn_on(self) -> list[str]:
        setup = await self.factors.begin(self.account_id, "ann@example.org")
        self.secret = base64.b32decode(setup.secret)
        codes = (await self.factors.confirm(self.account_id, self.code())).codes
        self.now += timedelta(seconds=STEP_S)
        return codes

    def code(self, steps: int = 0) -> str:
        return totp_code(self.secret, step_of(self.now) + steps)

    async def refusal(self, code: str | None) -> str:
        """The problem's code, or nothing when it was right."""
        try:
            await self.factors.check(self.account_id, code)
        except ApiError as refused:
            return refused.code.value
        return ""


@pytest.fixture
async def world(start_server: StartServer) -> World:
    """For what no engine decides."""
    api = await start_server(rate_limits_on=False)
    return World(api, (await signed_in_as(api)).account_id)


async def test_of_many_who_come_at_once_with_one_code_one_gets_in_and_wrong_ones_are_limited(api: ApiDriver) -> None:
    world = World(api, (await signed_in_as(api)).account_id)
    with api.app[app_keys.DATABASE].active():
        codes = await world.turn_on()
        code = world.code()
        told = await asyncio.gather(*(world.refusal(code) for _ in range(5)))
        assert sorted(told) == ["", *["totp_wrong"] * 4]
        assert await world.refusal(world.code(-1)) == "totp_wrong"  # older than the one that was used
        assert await world.refusal(world.code(1)) == ""

        told = await asyncio.gather(*(world.refusal(codes[3].lower()) for _ in range(5)))
        assert sorted(told) == ["", *["totp_wrong"] * 4]
        assert (await world.factors.status(world.account_id)).recovery_codes_left == len(set(codes)) - 1 == 9

        world.now += timedelta(hours=2)
        told = await asyncio.gather(*(world.refusal("000000") for _ in range(WRONG_TRIES + 5)))
        assert sorted(told) == ["rate_limited"] * 5 + ["totp_wrong"] * WRONG_TRIES
        assert (
            await world.refusal(world.code()) == "rate_limited"
        )  # a right one neither: it would tell that it is right
        assert await world.refusal(codes[0]) == "rate_limited"
        world.now += timedelta(hours=1)
        assert await world.refusal(world.code()) == ""
        assert (await SecondFactor.get(account_id=world.account_id)).wrong_tries == 0


async def test_a_clock_that_was_set_back_locks_nobody_out_for_good(world: World) -> None:
    with world.api.app[app_keys.DATABASE].active():
        await world.turn_on()
        for _ in range(WRONG_TRIES):
            await world.refusal("000000")
        world.now -= timedelta(days=3)
        # Codes of that time are older than the last one used; a wrong one is told apart from being locked out.
        assert await world.refusal("000000") == "totp_wrong"


async def test_nothing_is_asked_before_a_first_code_was_confirmed(world: World) -> None:
    with world.api.app[app_keys.DATABASE].active():
        assert await world.refusal(None) == ""
        await world.factors.begin(world.account_id, "ann@example.org")
        assert await world.refusal(None) == ""
        assert not (await world.factors.status(world.account_id)).on
        with pytest.raises(ApiError, match="wrong"):
            await world.factors.confirm(world.account_id, "000000")
        assert await RecoveryCode.filter(account_id=world.account_id).count() == 0
        await world.turn_on()
        assert await world.refusal(None) == "totp_needed"
        with pytest.raises(ApiError, match="on already"):
            await world.factors.begin(world.account_id, "ann@example.org")
        with pytest.raises(ApiError, match="on already"):
            await world.factors.confirm(world.account_id, world.code())


async def test_switching_off_needs_a_code_and_leaves_nothing(world: World) -> None:
    with world.api.app[app_keys.DATABASE].active():
        await world.turn_on()
        with pytest.raises(ApiError, match="wrong"):
            await world.factors.turn_off(world.account_id, "000000")
        await world.factors.turn_off(world.account_id, world.code())
        assert not await SecondFactor.exists(account_id=world.account_id)
        assert not await RecoveryCode.exists(account_id=world.account_id)
        with pytest.raises(ApiError, match="is off"):
            await world.factors.turn_off(world.account_id, world.code(1))


async def test_what_was_switched_on_while_somebody_else_had_the_account_goes_and_what_was_on_before_stays(
    world: World,
) -> None:
    with world.api.app[app_keys.DATABASE].active():
        await world.turn_on()
        assert not await withdraw_since(world.account_id, world.now + timedelta(seconds=1))
        assert await world.refusal(None) == "totp_needed"
        assert await withdraw_since(world.account_id, world.now - timedelta(hours=1))
        assert await world.refusal(None) == ""
        assert not await RecoveryCode.exists(account_id=world.account_id)


async def test_new_recovery_codes_end_the_old_ones(world: World) -> None:
    with world.api.app[app_keys.DATABASE].active():
        old = await world.turn_on()
        new = (await world.factors.renew_codes(world.account_id, world.code())).codes
        assert await world.refusal(old[0]) == "totp_wrong"
        assert await world.refusal(new[0]) == ""


async def test_a_code_that_is_only_looked_at_still_works(world: World) -> None:
    with world.api.app[app_keys.DATABASE].active():
        codes = await world.turn_on()
        await world.factors.look_at(world.account_id, world.code())
        await world.factors.look_at(world.account_id, codes[0])
        with pytest.raises(ApiError, match="wrong"):
            await world.factors.look_at(world.account_id, "000000")
        with pytest.raises(ApiError, match="needed"):
            await world.factors.look_at(world.account_id, None)
        assert await world.refusal(world.code()) == ""
        assert await world.refusal(codes[0]) == ""

"""Password hashes."""

import asyncio
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from plg_server.services import passwords as module
from plg_server.services.passwords import Passwords, PasswordsBusy


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """With two threads."""
    made = Passwords(2)
    yield made
    made.close()


async def test_only_the_right_password_is_right(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse")
    assert await passwords.verify(encoded, "correct horse")
    assert not await passwords.verify(encoded, "Correct horse")
    assert await passwords.hash("correct horse") != encoded


async def test_nobodys_password_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "the password of nobody")


async def test_a_damaged_hash_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.verify("$argon2id$damaged", "x")
    assert not await passwords.verify("", "the password of nobody x")


async def test_the_costs_are_those_that_owasp_names_and_older_ones_are_noticed(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse")
    costs = extract_parameters(encoded)
    assert (costs.type.name, costs.memory_cost, costs.time_cost, costs.parallelism) == ("ID", 19456, 2, 1)
    assert not passwords.is_outdated(encoded)
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


async def test_the_loop_goes_on_while_hashes_are_made(passwords: Passwords) -> None:
    hashing = asyncio.gather(*(passwords.hash("correct horse") for _ in range(6)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    await hashing
    assert turns > 5


async def test_beyond_the_queue_a_caller_is_turned_away_and_later_served(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_LIMIT", 3)
    results = await asyncio.gather(*(passwords.verify(None, "x") for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [bool, bool, bool, PasswordsBusy, PasswordsBusy]
    assert not await passwords.verify(None, "x")

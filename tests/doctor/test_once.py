"""One measurement for several checks."""

import asyncio

import pytest

from plg.doctor.once import Once


async def test_it_is_made_once_for_all_who_ask_at_the_same_time() -> None:
    made = []

    async def make() -> int:
        await asyncio.sleep(0.01)
        made.append(1)
        return len(made)

    once = Once(make)
    assert set(await asyncio.gather(once.get(), once.get(), once.get())) == {1}


async def test_a_failure_is_told_to_everybody_and_not_tried_again() -> None:
    tries = []

    async def make() -> int:
        tries.append(1)
        raise OSError("no way")

    once = Once(make)
    for _ in range(2):
        with pytest.raises(OSError, match="no way"):
            await once.get()
    assert len(tries) == 1


async def test_when_the_first_one_runs_out_of_time_the_next_one_measures() -> None:
    slow = iter([5.0, 0.0])

    async def make() -> str:
        await asyncio.sleep(next(slow))
        return "measured"

    once = Once(make)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await once.get()
    assert await once.get() == "measured"

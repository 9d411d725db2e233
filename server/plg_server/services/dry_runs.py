"""Trying an act without doing it: everything is done inside a transaction, which is then left without a trace."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tortoise.transactions import in_transaction

T = TypeVar("T")


class _TakenBack(Exception):
    """The way out of the transaction of a dry run; nobody outside sees it."""


async def do_or_try(work: Callable[[], Awaitable[T]], *, dry_run: bool) -> T:
    """Do `work` in one transaction; with `dry_run` take everything back afterwards and give the same outcome.

    So a dry run makes exactly the checks of the real one. Whatever `work` raises is raised and leaves nothing either.
    """
    outcome: list[T] = []

    async def whole() -> None:
        outcome.append(await work())
        if dry_run:
            raise _TakenBack

    with contextlib.suppress(_TakenBack):
        async with in_transaction():
            await whole()
    return outcome[0]

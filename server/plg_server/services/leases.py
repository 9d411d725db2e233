"""Whose turn it is: periodic work that one replica does at a time, decided by one conditional UPDATE of a row in `leases`.

Three ways, from the lightest:

- `turn`: the round is mine or not. Nothing is given back; a round whose replica died is made up for by the next one.
- `begin`: as `turn`, and while I work nobody else begins. A round whose replica died is begun again by another one.
- `hold`: nobody else while I hold it, whenever that is.

A holder that was stopped for longer than it may hold (a machine that slept) does not know that another one took its place. Work
that is not harmless when done twice calls `Held.renew` inside the transaction that writes: the row stays locked until the commit,
and `LeaseLost` undoes everything else.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from plg_server.ids import utc_now
from plg_server.models.leases import Lease

CLOCK_FAULT = timedelta(minutes=10)
"""A moment further ahead than we ever set one was set by a clock that has been set back since: it does not count. So much room
is left for replicas whose clocks differ."""

RETRY_AFTER = timedelta(minutes=1)
"""A round that failed is tried again after this, or after its usual pause when that is shorter."""

OUTCOME_CHARS = 512


class LeaseLost(Exception):
    """Another replica holds it now: what was begun under it must not be finished."""


@dataclass(frozen=True, slots=True)
class LastRound:
    """What is known of a piece of work, whichever replica did it. `seconds` and `outcome` are of the last round that succeeded."""

    rounds: int
    due_at: datetime
    succeeded_at: datetime | None
    seconds: float
    outcome: Mapping[str, int]


class Held:
    """A lease that this replica has. `fence` grows by one with every holder: what carries a smaller one is old."""

    def __init__(self, name: str, fence: int, for_: timedelta, clock: Callable[[], datetime]) -> None:
        self.name = name
        self.fence = fence
        self.for_ = for_
        self._clock = clock

    async def renew(self) -> None:
        """Hold it for as long again from now. Raises LeaseLost when another one has it."""
        mine = Lease.filter(id=self.name, fence=self.fence, held_until__isnull=False)
        if not await mine.update(held_until=self._clock() + self.for_):
            raise LeaseLost(self.name)

    async def finish(self, seconds: float, outcome: Mapping[str, int]) -> None:
        """The round succeeded. A lease that was lost meanwhile is left to its new holder."""
        text = msgspec.json.encode(dict(outcome)).decode()
        await Lease.filter(id=self.name, fence=self.fence).update(
            held_until=None,
            succeeded_at=self._clock(),
            seconds=seconds,
            outcome=text if len(text) <= OUTCOME_CHARS else "",
        )

    async def give_back(self, again_after: timedelta | None = None) -> None:
        """Hold it no longer. `again_after`: its next round is due so soon, because this one did not succeed."""
        mine = Lease.filter(id=self.name, fence=self.fence)
        if again_after is None:
            await mine.update(held_until=None)
        else:
            await mine.update(held_until=None, due_at=self._clock() + again_after)


class Leases:
    """Every method needs an active database."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    async def turn(self, name: str, every: timedelta) -> bool:
        """Whether this replica has this round: True for exactly one caller in each `every`. The first call is a round."""
        now = self._clock()
        return await self._take(
            name, now, _is_due(now, every), due_at=now + every, began_at=now, rounds=F("rounds") + 1
        )

    async def begin(self, name: str, every: timedelta, for_: timedelta) -> Held | None:
        """As `turn`, held for `for_` from now (`Held.renew`). None when it is not due or another replica is at it.

        End it by `Held.finish` or `Held.give_back`; when neither came in time the round counts as not done.
        """
        now = self._clock()
        unfinished = Q(held_until__isnull=False)
        allowed = (_is_due(now, every) | unfinished) & _is_free(now, for_)
        if await Lease.filter(id=name).exclude(allowed).exists():
            return None  # the usual answer, and it costs no transaction
        async with in_transaction():
            taken = await self._take(
                name,
                now,
                allowed,
                due_at=now + every,
                began_at=now,
                held_until=now + for_,
                rounds=F("rounds") + 1,
                fence=F("fence") + 1,
            )
            return await self._held(name, for_) if taken else None

    @contextlib.asynccontextmanager
    async def hold(self, name: str, for_: timedelta) -> AsyncIterator[Held | None]:
        """Hold it for `for_` from now, renewable, and give it back at the end. None when another one holds it."""
        now = self._clock()
        held = None
        async with in_transaction():
            if await self._take(
                name, now, _is_free(now, for_), began_at=now, held_until=now + for_, fence=F("fence") + 1
            ):  # fmt: skip
                held = await self._held(name, for_)
        try:
            yield held
        finally:
            if held is not None:
                await held.give_back()

    async def last(self, name: str) -> LastRound | None:
        """What is known of it, or None when nobody ever did it."""
        row = await Lease.get_or_none(id=name)
        if row is None:
            return None
        outcome = msgspec.json.decode(row.outcome, type=dict[str, int]) if row.outcome else {}
        return LastRound(row.rounds, row.due_at, row.succeeded_at, row.seconds, outcome)

    async def _take(self, name: str, now: datetime, allowed: Q, **changes: object) -> bool:
        if await Lease.filter(allowed, id=name).update(**changes):
            return True
        if await Lease.exists(id=name):
            return False
        # Several replicas may come here at once: one inserts, and one (that or another) has the round.
        await Lease.bulk_create([Lease(id=name, due_at=now)], ignore_conflicts=True)
        return bool(await Lease.filter(allowed, id=name).update(**changes))

    async def _held(self, name: str, for_: timedelta) -> Held:
        # In the transaction that took it: the row is ours until the commit, so this is our number.
        row = await Lease.get(id=name)
        return Held(name, row.fence, for_, self._clock)


async def forget_leases(before: datetime) -> int:
    """Delete the rows of work that nobody has done since; returns how many. What is done again makes its row anew."""
    return await Lease.filter(due_at__lt=before, held_until=None).delete()


def _is_due(now: datetime, every: timedelta) -> Q:
    return Q(due_at__lte=now) | Q(due_at__gt=now + every + CLOCK_FAULT)


def _is_free(now: datetime, for_: timedelta) -> Q:
    return Q(held_until__isnull=True) | Q(held_until__lte=now) | Q(held_until__gt=now + for_ + CLOCK_FAULT)

"""Reading the lists of polled providers: one replica at a time, never more often than the provider allows.

A turn is taken by one conditional UPDATE that moves `not_before` on, so it holds across replicas, restarts and crashes
without anybody having to give it back.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from plg_server.ids import utc_now
from plg_server.models.payments import Payment, ProviderPoll
from plg_server.services.ledger import settle
from plg_server.services.payment_facts import FactKind, PaymentFact, PolledProvider, ProviderUnavailable
from plg_server.services.subscriptions import Clock

TICK_S = 5.0
"""How often a replica looks whether it is somebody's turn."""

LEAST_BETWEEN = timedelta(seconds=25)
"""DonatePay allows one call in 20 s; five more for clocks of replicas that differ."""

POLL_EVERY = timedelta(seconds=30)
"""How long a payer waits for their days at most, when no notice came."""

CLOCK_FAULT = timedelta(minutes=10)
"""A turn that lies further ahead than any wait of ours was set by a clock that has been set back since."""


class ProviderPolling:
    """`tick` is the work of one round; it needs an active database."""

    def __init__(self, providers: Mapping[str, PolledProvider], clock: Clock = utc_now) -> None:
        self._providers = providers
        self._clock = clock

    async def tick(self) -> int:
        """Poll every provider whose turn it is, and give how many payments that changed something came of it."""
        changed = 0
        for provider in self._providers.values():
            if await self._take_turn(provider.name):
                changed += await self._poll(provider)
        return changed

    async def _take_turn(self, name: str) -> bool:
        now = self._clock()
        await ProviderPoll.get_or_create(id=name, defaults={"not_before": now, "due_at": now})
        await ProviderPoll.filter(id=name, not_before__gt=now + CLOCK_FAULT).update(not_before=now, due_at=now)
        taken = await ProviderPoll.filter(id=name, not_before__lte=now, due_at__lte=now).update(
            not_before=now + LEAST_BETWEEN, due_at=now + POLL_EVERY
        )
        return bool(taken)

    async def _poll(self, provider: PolledProvider) -> int:
        row = await ProviderPoll.get(id=provider.name)
        try:
            result = await provider.poll(row.position, self._clock())
        except ProviderUnavailable as error:
            structlog.get_logger().warning("provider_unavailable", provider=provider.name, reason=str(error))
            if error.wait_s:
                until = self._clock() + timedelta(seconds=error.wait_s)
                await ProviderPoll.filter(id=provider.name).update(not_before=until, due_at=until)
            return 0
        fresh = await _not_in_ledger(provider.name, result.facts)
        for fact in reversed(fresh):  # the list is newest first, and who paid first should be credited first
            await settle(fact, self._clock())
        # Only now: a crash on the way reads the same page again, and the ledger knows what it has.
        await ProviderPoll.filter(id=provider.name).update(position=result.position)
        return len(fresh)


async def ask_for_poll(name: str, clock: Clock) -> None:
    """A notice came: the next allowed turn is due at once. Asking often changes nothing more."""
    await ProviderPoll.filter(id=name).update(due_at=clock())


async def _not_in_ledger(name: str, facts: Sequence[PaymentFact]) -> list[PaymentFact]:
    """Those that could change something: most of a page was settled long ago."""
    rows = await Payment.filter(provider=name, external_id__in=[fact.external_id for fact in facts])
    known = {row.external_id: row.state for row in rows}
    undone = ("refunded", "charged_back")
    return [
        fact
        for fact in facts
        if fact.external_id not in known or (fact.kind is not FactKind.PAID and known[fact.external_id] not in undone)
    ]

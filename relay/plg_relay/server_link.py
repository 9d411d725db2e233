"""The relay's side of its talk with the server: enrolment, heartbeats, profiles.

Nothing here is on the way of a packet: with the server away for hours, sessions and valid tickets work as before.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from plg.contract.relay_control import (
    HEARTBEAT_INTERVAL_S,
    RELAY_AUTH_HEADER,
    EnrolAnswer,
    EnrolRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    PeerRelay,
    ProbeTarget,
    ProfileSet,
)
from plg.contract.schema import API_PREFIX
from plg_relay.errors import FailureKind, RelayError
from plg_relay.identity import RelayIdentity
from plg_relay.policy import after_heartbeat, with_profiles
from plg_relay.profile_cache import PolicyStore
from plg_relay.server_exchange import exchange

REQUEST_TIMEOUT_S = 8.0
MAX_BACKOFF_S = 30.0
"""A server that comes back sees every relay within this; it must not be met by all of them in one second (jitter)."""

MAX_PROFILES_BYTES = 64 * 1024 * 1024

log = logging.getLogger(__name__)


async def enrol(server: str, request: EnrolRequest) -> EnrolAnswer:
    """Spend the one-time token. Raises RelayError: unreachable, refused (with the server's own words), or a bad answer."""
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        url = server.rstrip("/") + API_PREFIX + "/relays/enrol"
        answer = await exchange(http, "POST", url, EnrolAnswer, body=msgspec.json.encode(request))
    if answer is None:
        raise RelayError(FailureKind.REFUSED, f"{url} answered nothing")
    return answer


class ServerLink:
    """Beats every HEARTBEAT_INTERVAL_S and puts what the server answers into `store`.

    `status` makes the body of the next heartbeat; `on_probe_targets` hears which hosts the server wants measured, `on_peers`
    which other relays there are.
    """

    def __init__(
        self,
        identity: RelayIdentity,
        store: PolicyStore,
        status: Callable[[], Awaitable[HeartbeatRequest]],
        on_probe_targets: Callable[[list[ProbeTarget]], None],
        *,
        on_peers: Callable[[list[PeerRelay]], None],
        interval_s: float = HEARTBEAT_INTERVAL_S,
    ) -> None:
        self._identity = identity
        self._store = store
        self._status = status
        self._on_probe_targets = on_probe_targets
        self._on_peers = on_peers
        self._interval_s = interval_s
        self._base = identity.server.rstrip("/") + API_PREFIX
        self._http: aiohttp.ClientSession | None = None
        self._wake = asyncio.Event()
        self.failures_in_row = 0

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
            headers={RELAY_AUTH_HEADER: f"{self._identity.node_id}.{self._identity.relay_key}"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    def beat_now(self) -> None:
        """Something the server should know at once (a drain): do not wait for the next beat."""
        self._wake.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            # Cleared before the beat: who asks for one while it is under way gets another.
            self._wake.clear()
            try:
                await self.beat()
            except RelayError as error:
                self.failures_in_row += 1
                # One line when it starts and one each few minutes: the server may be away for hours.
                if self.failures_in_row == 1 or self.failures_in_row % 20 == 0:
                    log.warning("heartbeat failed (%d in a row): %s", self.failures_in_row, error)
                pause_s = min(self._interval_s * 2 ** min(self.failures_in_row - 1, 10), MAX_BACKOFF_S)
                pause_s *= random.uniform(0.7, 1.0)  # noqa: S311  spreads load, protects nothing
            else:
                if self.failures_in_row:
                    log.info("the server answers again after %d failed heartbeats", self.failures_in_row)
                self.failures_in_row = 0
                pause_s = self._interval_s
            # Not wait_for: in Python 3.11 it may swallow a cancellation that comes together with the wake-up.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def beat(self) -> None:
        """One heartbeat, and the profiles when they changed. Raises RelayError."""
        if self._http is None:
            raise RuntimeError("ServerLink is used as `async with`")
        body = msgspec.json.encode(await self._status())
        sent_ms = time.time() * 1000
        url = self._base + "/relays/heartbeat"
        answer = await exchange(self._http, "POST", url, HeartbeatAnswer, body=body)
        if answer is None:
            raise RelayError(FailureKind.REFUSED, f"{url} answered nothing")
        offset_ms = round(answer.server_time_ms - (sent_ms + time.time() * 1000) / 2)
        await self._store.replace(after_heartbeat(self._store.policy, answer, offset_ms))
        self._on_probe_targets(answer.probe_targets)
        self._on_peers(answer.peers)
        if answer.profiles_etag != self._store.policy.profiles_etag:
            await self._fetch_profiles()

    async def _fetch_profiles(self) -> None:
        if self._http is None:
            raise RuntimeError("ServerLink is used as `async with`")
        headers = {"If-None-Match": f'"{self._store.policy.profiles_etag}"'}
        url = self._base + "/relays/profiles"
        profiles = await exchange(self._http, "GET", url, ProfileSet, headers=headers, max_bytes=MAX_PROFILES_BYTES)
        if profiles is not None:
            await self._store.replace(with_profiles(self._store.policy, profiles))
            log.info("%d game profiles in force (%s)", len(profiles.profiles), profiles.etag)
